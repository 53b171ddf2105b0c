//! Reading a large file, many small ones, and a folder.

#![expect(clippy::unwrap_used, reason = "a failure ends the measurement")]

use std::cell::{Cell, OnceCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::fs as files;
use anyrt_core::runtime::Runtime;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, Setup, SmolOne, TokioCurrent, TokioTwo};

/// The length of the large file, in MiB.
const LARGE: usize = 1024;

const SMALL_FILES: usize = 20_000;
const SMALL: usize = 2000;
const IN_A_FOLDER: usize = 200;

const ENTRIES: usize = 20_000;

pub(super) fn add(cases: &mut Vec<Case>) {
    let fixture = Rc::new(Fixture::default());
    add_tokio::<TokioCurrent>(cases, &fixture);
    add_tokio::<TokioTwo>(cases, &fixture);
    add_large::<SmolOne>(cases, &fixture, "async-fs", smol_large);
    add_small::<SmolOne>(cases, &fixture, "async-fs", 1.0, smol_small);
    add_entries::<SmolOne>(cases, &fixture, "async-fs", 0.75, smol_entries);
    add_entries::<SmolOne>(cases, &fixture, "std::fs", 1.25, std_entries);
}

fn add_tokio<L: Setup>(cases: &mut Vec<Case>, fixture: &Rc<Fixture>) {
    add_large::<L>(cases, fixture, "tokio::fs", tokio_large);
    add_small::<L>(cases, fixture, "tokio::fs", 0.8, tokio_small);
    add_entries::<L>(cases, fixture, "tokio::fs", 0.75, tokio_entries);
    add_entries::<L>(cases, fixture, "std::fs", 1.25, std_entries);
}

/// An operation on a path, with an amount. Returns the amount that was found.
type Work = fn(Arc<Path>, usize) -> Pin<Box<dyn Future<Output = usize> + Send>>;

fn measured<L: Setup>(
    side: Side,
    work: impl Future<Output = Duration> + Send + 'static,
) -> Duration {
    match side {
        Side::Ours => setup::ours::<L, _>(work),
        Side::Theirs => setup::native::<L, _, _>(|_| work),
    }
}

// ---- a large file, in order ----

fn add_large<L: Setup>(
    cases: &mut Vec<Case>,
    fixture: &Rc<Fixture>,
    theirs: &'static str,
    work: Work,
) {
    for kibibytes in [64, 1024] {
        let fixture = fixture.clone();
        cases.push(Case::new(
            format!("files, 1 GiB in order, {kibibytes} KiB per read"),
            L::NAME,
            theirs,
            LARGE,
            Floor::Ratio(0.9),
            move |side, count| {
                let path = fixture.large(count);
                let work = match side {
                    Side::Ours => our_large::<L::Runtime>,
                    Side::Theirs => work,
                };
                measured::<L>(side, async move {
                    let start = Start::now();
                    let read = work(path, kibibytes << 10).await;
                    assert!(read >= count << 20);
                    start.elapsed() * u32::try_from(count).unwrap()
                        / u32::try_from(read >> 20).unwrap()
                })
            },
        ));
    }
}

fn our_large<R: Runtime>(
    path: Arc<Path>,
    piece: usize,
) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let mut file = files::File::<R>::open(path).await.unwrap();
        let (mut buffer, mut read) = (vec![0; piece], 0);
        loop {
            match file.read(&mut buffer).await.unwrap() {
                0 => return read,
                count => read += count,
            }
        }
    })
}

fn tokio_large(path: Arc<Path>, piece: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    use tokio::io::AsyncReadExt;
    Box::pin(async move {
        let mut file = tokio::fs::File::open(path).await.unwrap();
        let (mut buffer, mut read) = (vec![0; piece], 0);
        loop {
            match file.read(&mut buffer).await.unwrap() {
                0 => return read,
                count => read += count,
            }
        }
    })
}

fn smol_large(path: Arc<Path>, piece: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    use futures_util::AsyncReadExt;
    Box::pin(async move {
        let mut file = smol::fs::File::open(path).await.unwrap();
        let (mut buffer, mut read) = (vec![0; piece], 0);
        loop {
            match file.read(&mut buffer).await.unwrap() {
                0 => return read,
                count => read += count,
            }
        }
    })
}

// ---- small files, each read as a whole ----

fn add_small<L: Setup>(
    cases: &mut Vec<Case>,
    fixture: &Rc<Fixture>,
    theirs: &'static str,
    floor: f64,
    work: Work,
) {
    for (name, at_once) in [
        ("files, 20,000 small ones, one by one", 1),
        ("files, 20,000 small ones, 16 at once", 16),
    ] {
        let fixture = fixture.clone();
        cases.push(Case::new(
            name,
            L::NAME,
            theirs,
            SMALL_FILES,
            Floor::Ratio(floor),
            move |side, count| {
                let paths = fixture.small(count);
                let work = match side {
                    Side::Ours => our_small::<L::Runtime>,
                    Side::Theirs => work,
                };
                measured::<L>(side, async move {
                    let start = Start::now();
                    let mut running = FuturesUnordered::new();
                    for path in paths {
                        if running.len() == at_once {
                            assert_eq!(running.next().await, Some(SMALL));
                        }
                        running.push(work(path, 0));
                    }
                    while let Some(length) = running.next().await {
                        assert_eq!(length, SMALL);
                    }
                    start.elapsed()
                })
            },
        ));
    }
}

fn our_small<R: Runtime>(path: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async { files::read::<R>(path).await.unwrap().len() })
}

fn tokio_small(path: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async { tokio::fs::read(path).await.unwrap().len() })
}

fn smol_small(path: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async { smol::fs::read(path).await.unwrap().len() })
}

// ---- a folder, with the kinds of its entries ----

fn add_entries<L: Setup>(
    cases: &mut Vec<Case>,
    fixture: &Rc<Fixture>,
    theirs: &'static str,
    floor: f64,
    work: Work,
) {
    let fixture = fixture.clone();
    cases.push(Case::new(
        "files, 20,000 entries with kinds",
        L::NAME,
        theirs,
        ENTRIES,
        Floor::Ratio(floor),
        move |side, count| {
            let folder = fixture.entries(count);
            let work = match side {
                Side::Ours => our_entries::<L::Runtime>,
                Side::Theirs => work,
            };
            measured::<L>(side, async move {
                let start = Start::now();
                assert_eq!(work(folder, 0).await, count);
                start.elapsed()
            })
        },
    ));
}

fn our_entries<R: Runtime>(
    folder: Arc<Path>,
    _: usize,
) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let (mut entries, mut found) = (files::read_dir::<R>(folder).await.unwrap(), 0);
        while let Some(entry) = entries.next().await {
            found += usize::from(entry.unwrap().file_type().is_file());
        }
        found
    })
}

fn tokio_entries(folder: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let (mut entries, mut found) = (tokio::fs::read_dir(folder).await.unwrap(), 0);
        while let Some(entry) = entries.next_entry().await.unwrap() {
            found += usize::from(entry.file_type().await.unwrap().is_file());
        }
        found
    })
}

fn smol_entries(folder: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let (mut entries, mut found) = (smol::fs::read_dir(folder).await.unwrap(), 0);
        while let Some(entry) = entries.next().await {
            found += usize::from(entry.unwrap().file_type().await.unwrap().is_file());
        }
        found
    })
}

/// Counts the entries with the standard library, on the thread that runs the task.
fn std_entries(folder: Arc<Path>, _: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        let mut found = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            found +=
                usize::from(!path.as_os_str().is_empty() && entry.file_type().unwrap().is_file());
        }
        found
    })
}

// ---- files that are read ----

/// Files that are created on demand, and removed at the end.
#[derive(Default)]
struct Fixture {
    folder: OnceCell<PathBuf>,
    large: Cell<usize>,
    small: Cell<usize>,
}

impl Fixture {
    fn folder(&self) -> &Path {
        self.folder.get_or_init(|| {
            let folder = std::env::temp_dir().join(format!("anyrt-bench-{}", process::id()));
            fs::create_dir(&folder).expect("a folder can be created");
            folder
        })
    }

    /// Returns a file of at least `mebibytes` MiB.
    fn large(&self, mebibytes: usize) -> Arc<Path> {
        let path = self.folder().join("large");
        if self.large.get() < mebibytes {
            let bytes: Vec<u8> = (0..=250).cycle().take(mebibytes << 20).collect();
            fs::write(&path, bytes).expect("a large file can be written");
            self.large.set(mebibytes);
        }
        path.into()
    }

    fn small(&self, count: usize) -> Vec<Arc<Path>> {
        let folder = |number: usize| self.folder().join((number / IN_A_FOLDER).to_string());
        for number in self.small.get()..count {
            if number % IN_A_FOLDER == 0 {
                fs::create_dir(folder(number)).expect("a folder can be created");
            }
            let path = folder(number).join(number.to_string());
            fs::write(path, [b'x'; SMALL]).expect("a small file can be written");
            self.small.set(number + 1);
        }
        let path = |number: usize| folder(number).join(number.to_string()).into();
        (0..count).map(path).collect()
    }

    /// Returns a folder with `count` files.
    fn entries(&self, count: usize) -> Arc<Path> {
        let folder = self.folder().join(format!("entries-{count}"));
        if fs::create_dir(&folder).is_ok() {
            for number in 0..count {
                fs::write(folder.join(number.to_string()), "").expect("a file can be created");
            }
        }
        folder.into()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.get() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}
