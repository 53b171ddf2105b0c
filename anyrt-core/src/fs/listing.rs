//! Streams of the entries of folders. One call finds as many entries as possible within a short time.
//!
//! The next call begins when these entries are available, and runs while they are used. The paths of entries
//! are created where they are used, because allocators are slow with memory that another thread has
//! allocated.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::future::poll_fn;
use std::path::{self, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use futures_core::Stream;

use super::call::Limiter;
use super::path::With;
use super::{Path, PathError};
use crate::disk::{FileType, Listing};
use crate::engine::{FallibleOperation, poll_state};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::thread::{OwnedCall, run_owed};

/// The duration of a call: longer than the way to a worker thread and back, and short enough for the first
/// entries of a slow disk, and for a cancelled caller (rule [F2](crate::rules#f2)).
const CALL_LENGTH: Duration = Duration::from_millis(1);

/// The number of steps between checks of the clock, and the maximum number of checks in one call, because the
/// clock may be paused, and a filter may keep no entry.
const STEPS: usize = 8;
const LOOKS: usize = 512;

/// The number of entries of a folder that one step finds.
const TOGETHER: usize = 64;

/// The number of items that are returned for one operation of the task's budget (rule [C11](crate::rules#c11)):
/// an item takes far less time than an operation, and yielding costs as much as a hundred of them.
const HANDED_OUT: usize = 64;

/// The average length of a name for which space is reserved.
const NAME: usize = 16;

/// A source of items, used on a worker thread.
pub(super) trait Source: Send + 'static {
    type Item: Send + 'static;

    /// Performs a step, which may find nothing. Returns `None` at the end.
    fn step(&mut self) -> Option<Option<Self::Item>>;
}

/// A source and the items that it has found. It owns the running call.
pub(super) struct Batches<R: Runtime, S: Source> {
    /// Before the first call.
    source: Option<S>,
    running: Option<OwnedCall<Batch<S>>>,
    found: VecDeque<S::Item>,
    limiter: Limiter,
    runtime: std::marker::PhantomData<fn() -> R>,
}

/// The source, unless it is at its end, and the items found.
type Batch<S> = (Option<S>, VecDeque<<S as Source>::Item>);

impl<R: Runtime, S: Source> Batches<R, S> {
    pub(super) fn new(source: S, limiter: Limiter) -> Batches<R, S> {
        Batches {
            source: Some(source),
            running: None,
            found: VecDeque::new(),
            limiter,
            runtime: std::marker::PhantomData,
        }
    }

    /// Returns the source, before the first poll.
    pub(super) fn source(&mut self) -> Option<&mut S> {
        self.source.as_mut()
    }

    /// Returns the number of items that were found and not returned.
    pub(super) fn left(&self) -> usize {
        self.found.len()
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        loop {
            if let Some(item) = self.found.pop_front() {
                return Poll::Ready(Some(item));
            }
            let source = if let Some(running) = &mut self.running {
                let (source, found) = ready!(running.poll(cx));
                self.running = None;
                self.found = found;
                source
            } else {
                self.source.take()
            };
            match source {
                // The next call finds more while these are used.
                Some(source) => self.begin(source),
                None if self.found.is_empty() => return Poll::Ready(None),
                None => {}
            }
        }
    }

    fn begin(&mut self, mut source: S) {
        let call = move || {
            let (begun, mut found) = (R::now(), VecDeque::new());
            for _ in 0..LOOKS {
                for _ in 0..STEPS {
                    match source.step() {
                        Some(item) => found.extend(item),
                        None => return (None, found),
                    }
                }
                if R::now() >= begun + CALL_LENGTH {
                    break;
                }
            }
            (Some(source), found)
        };
        let limiter = self.limiter.as_ref();
        self.running = Some(OwnedCall::start::<R, _>(limiter, false, call));
    }
}

/// Waits for the next item of a listing. `left` returns the number of items that are already there.
pub(super) async fn next<T, S>(stream: &mut S, left: fn(&S) -> usize) -> Option<io::Result<T>>
where
    S: Stream<Item = io::Result<T>> + Unpin,
{
    let mut operation = FallibleOperation::new();
    let poll = |cx: &mut Context<'_>| {
        operation.poll(cx, |cx| {
            let polled = Pin::new(&mut *stream).poll_next(cx);
            polled.map(Option::transpose)
        })
    };
    let item = poll_fn(poll).await.transpose();
    if left(stream) % HANDED_OUT != 0 {
        poll_state::give_budget_back();
    }
    item
}

impl<R: Runtime, S: Source> Drop for Batches<R, S> {
    fn drop(&mut self) {
        // Closing a folder may block.
        if let Some(source) = self.source.take() {
            run_owed::<R>(self.limiter.as_ref(), move || drop(source));
        }
    }
}

/// An entry of a folder.
pub struct DirEntry<R: Runtime> {
    path: Path<R>,
    kind: FileType,
    depth: usize,
}

impl<R: Runtime> DirEntry<R> {
    pub(super) fn new(path: Path<R>, kind: FileType, depth: usize) -> DirEntry<R> {
        DirEntry { path, kind, depth }
    }

    /// Returns the path: that of the folder as it was passed, joined with the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::read_dir;
    ///
    /// # anyrt::run(async {
    /// let mut entries = read_dir("src").await?;
    /// let entry = entries.next().await.unwrap()?;
    /// assert!(entry.path().starts_with("src"));
    /// assert!(entry.path().exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn path(&self) -> &Path<R> {
        &self.path
    }

    /// Returns the path.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{Path, read_dir};
    ///
    /// # anyrt::run(async {
    /// let mut entries = read_dir("src").await?;
    /// let mut paths: Vec<Path> = Vec::new();
    /// while let Some(entry) = entries.next().await {
    ///     paths.push(entry?.into_path());
    /// }
    /// assert!(paths.contains(&Path::new("src/lib.rs")));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_path(self) -> Path<R> {
        self.path
    }

    /// Returns the name in its folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::read_dir;
    ///
    /// # anyrt::run(async {
    /// let mut entries = read_dir("src").await?;
    /// let entry = entries.next().await.unwrap()?;
    /// assert_eq!(Some(entry.file_name()), entry.path().file_name());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn file_name(&self) -> &OsStr {
        let name = self.path.file_name();
        name.unwrap_or_else(|| self.path.as_os_str())
    }

    /// Returns whether it is a file, a folder, a symbolic link or another kind. Links are not followed,
    /// unless the walk follows them.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::read_dir;
    ///
    /// # anyrt::run(async {
    /// let mut entries = read_dir("src").await?;
    /// while let Some(entry) = entries.next().await {
    ///     let entry = entry?;
    ///     assert!(entry.file_type().is_dir() || entry.file_type().is_file());
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn file_type(&self) -> FileType {
        self.kind
    }

    /// Returns the depth below the folder where a walk began: 0 for that folder itself, 1 for its entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::walk;
    ///
    /// # anyrt::run(async {
    /// let mut entries = walk("src");
    /// assert_eq!(entries.next().await.unwrap()?.depth(), 0);
    /// assert_eq!(entries.next().await.unwrap()?.depth(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn depth(&self) -> usize {
        self.depth
    }
}

impl<R: Runtime> Clone for DirEntry<R> {
    fn clone(&self) -> Self {
        DirEntry {
            path: self.path.clone(),
            kind: self.kind,
            depth: self.depth,
        }
    }
}

impl<R: Runtime> fmt::Debug for DirEntry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirEntry")
            .field("path", &self.path)
            .field("file_type", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The entries of a folder, in the order of the system.
///
/// It is a [`Stream`]. An entry that cannot be read is an error item, and the stream continues. If it is
/// dropped, the folder is closed on a worker thread.
///
/// # Cancel safety
///
/// The stream is cancel safe: entries that were found are kept.
pub struct ReadDir<R: Runtime> {
    batches: Batches<R, Entries>,
    found: VecDeque<io::Result<DirEntry<R>>>,
    folder: Arc<path::Path>,
    with: With<R>,
}

/// The entries of an open folder.
struct Entries {
    folder: Arc<path::Path>,
    entries: Listing,
}

/// The entries that one step found. Their paths are created where they are used, since memory that one thread
/// allocates and another releases is slow for both.
struct Found {
    /// The names, encoded as if each were an entry of the one before.
    names: PathBuf,
    /// The errors, which have no names.
    kinds: Vec<io::Result<FileType>>,
}

impl<R: Runtime> ReadDir<R> {
    pub(super) fn new(folder: PathBuf, entries: Listing, with: With<R>) -> ReadDir<R> {
        let folder: Arc<path::Path> = folder.into();
        let source = Entries {
            folder: folder.clone(),
            entries,
        };
        ReadDir {
            batches: Batches::new(source, with.limiter()),
            found: VecDeque::new(),
            folder,
            with,
        }
    }

    /// Returns the next entry; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing that was found is lost.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::read_dir;
    ///
    /// # anyrt::run(async {
    /// let mut entries = read_dir("src").await?;
    /// let mut names = Vec::new();
    /// while let Some(entry) = entries.next().await {
    ///     names.push(entry?.file_name().to_owned());
    /// }
    /// assert!(names.iter().any(|name| name == "lib.rs"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Option<io::Result<DirEntry<R>>> {
        next(self, |this| this.found.len()).await
    }
}

impl Source for Entries {
    type Item = Found;

    fn step(&mut self) -> Option<Option<Found>> {
        let mut found = Found {
            names: PathBuf::with_capacity(TOGETHER * NAME),
            kinds: Vec::with_capacity(TOGETHER),
        };
        for entry in self.entries.by_ref().take(TOGETHER) {
            let found_kind = entry.and_then(|(name, kind)| {
                let path = || self.folder.join(&name);
                let kind = kind.map_err(|error| PathError::wrap("look at", &path(), error))?;
                found.names.push(name);
                Ok(kind)
            });
            let kind = found_kind.map_err(|error| PathError::wrap("list", &self.folder, error));
            found.kinds.push(kind);
        }
        (!found.kinds.is_empty()).then_some(Some(found))
    }
}

impl<R: Runtime> Stream for ReadDir<R> {
    type Item = io::Result<DirEntry<R>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(entry) = this.found.pop_front() {
                return Poll::Ready(Some(entry));
            }
            let Some(Found { names, kinds }) = ready!(this.batches.poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let mut names = names.components();
            this.found.extend(kinds.into_iter().map(|kind| {
                let (kind, name) = (kind?, names.next());
                let path = this.folder.join(name.expect("a name for each kind"));
                Ok(DirEntry::new(this.with.path(path), kind, 1))
            }));
        }
    }
}

impl<R: Runtime> fmt::Debug for ReadDir<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}
