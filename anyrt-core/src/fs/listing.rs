//! Streams of the entries of folders: as many in one call as are found within a moment.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::FileType;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, fs, io};

use futures_core::Stream;

use super::call::Limiter;
use super::path::With;
use super::{Path, PathError};
use crate::engine::FallibleOperation;
use crate::runtime::Runtime;
use crate::thread::{OwnedCall, run_owed};

/// A call goes on for so long: longer than it takes to reach a worker thread and to come back, and not
/// so long that the first entries of a slow disk are waited for, or a cancelled caller waits (rule F2).
const TURN: Duration = Duration::from_millis(1);

/// How many steps are done between looks at the clock, and the most looks in one call: the clock may be
/// paused, and a filter may keep nothing.
const STEPS: usize = 32;
const LOOKS: usize = 128;

/// Something that finds items one after another, on a worker thread.
pub(super) trait Source: Send + 'static {
    type Item: Send + 'static;

    /// Does a step, which may find nothing; none at the end.
    fn step(&mut self) -> Option<Option<Self::Item>>;
}

/// A source, and what it has found. It owns the call that is running.
pub(super) struct Batches<R: Runtime, S: Source> {
    /// None while a call has it, and at the end.
    source: Option<S>,
    running: Option<OwnedCall<Batch<S>>>,
    found: VecDeque<S::Item>,
    limiter: Limiter,
    runtime: std::marker::PhantomData<fn() -> R>,
}

/// The source, unless that was all, and what it has found.
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

    /// The source, before the first poll.
    pub(super) fn source(&mut self) -> Option<&mut S> {
        self.source.as_mut()
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        loop {
            if let Some(item) = self.found.pop_front() {
                return Poll::Ready(Some(item));
            }
            if let Some(running) = &mut self.running {
                let (source, found) = ready!(running.poll(cx));
                self.running = None;
                self.source = source;
                self.found = found;
            } else if let Some(mut source) = self.source.take() {
                let call = move || {
                    let (begun, mut found) = (R::now(), VecDeque::new());
                    for _ in 0..LOOKS {
                        for _ in 0..STEPS {
                            match source.step() {
                                Some(item) => found.extend(item),
                                None => return (None, found),
                            }
                        }
                        if R::now() >= begun + TURN {
                            break;
                        }
                    }
                    (Some(source), found)
                };
                let limiter = self.limiter.as_ref();
                self.running = Some(OwnedCall::start::<R, _>(limiter, false, call));
            } else {
                return Poll::Ready(None);
            }
        }
    }

    pub(super) async fn next<T>(&mut self) -> Option<io::Result<T>>
    where
        S: Source<Item = io::Result<T>>,
    {
        let mut operation = FallibleOperation::new();
        let poll = |cx: &mut Context<'_>| {
            operation.poll(cx, |cx| self.poll_next(cx).map(Option::transpose))
        };
        poll_fn(poll).await.transpose()
    }
}

impl<R: Runtime, S: Source> Drop for Batches<R, S> {
    fn drop(&mut self) {
        // Closing a folder may block.
        if let Some(source) = self.source.take() {
            run_owed::<R>(self.limiter.as_ref(), move || drop(source));
        }
    }
}

/// What was found in a folder.
pub struct DirEntry<R: Runtime> {
    path: Path<R>,
    kind: FileType,
    depth: usize,
}

impl<R: Runtime> DirEntry<R> {
    pub(super) fn new(path: Path<R>, kind: FileType, depth: usize) -> DirEntry<R> {
        DirEntry { path, kind, depth }
    }

    /// Returns the path: that of the folder as it was given, with the name.
    pub fn path(&self) -> &Path<R> {
        &self.path
    }

    /// Returns the path.
    pub fn into_path(self) -> Path<R> {
        self.path
    }

    /// Returns the name in its folder.
    pub fn file_name(&self) -> &OsStr {
        let name = self.path.file_name();
        name.unwrap_or_else(|| self.path.as_os_str())
    }

    /// Returns whether it is a file, a folder, a symbolic link or something else. Links are not
    /// followed, unless the walk was told to.
    pub fn file_type(&self) -> FileType {
        self.kind
    }

    /// Returns how far it is below the folder where a walk began: 0 for that itself, 1 for what is in it.
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
/// It is a [`Stream`]. An entry that cannot be read is an error item, and the stream goes on. Dropped, the
/// folder is closed on a worker thread.
///
/// # Cancel safety
///
/// Cancel safe: entries that were found stay here.
pub struct ReadDir<R: Runtime> {
    batches: Batches<R, Entries<R>>,
}

/// The entries of a folder that is open.
pub(super) struct Entries<R: Runtime> {
    folder: PathBuf,
    entries: fs::ReadDir,
    with: With<R>,
}

impl<R: Runtime> ReadDir<R> {
    pub(super) fn new(folder: PathBuf, entries: fs::ReadDir, with: With<R>) -> ReadDir<R> {
        let limiter = with.limiter();
        let entries = Entries {
            folder,
            entries,
            with,
        };
        ReadDir {
            batches: Batches::new(entries, limiter),
        }
    }

    /// Returns the next entry; none at the end.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    pub async fn next(&mut self) -> Option<io::Result<DirEntry<R>>> {
        self.batches.next().await
    }
}

impl<R: Runtime> Source for Entries<R> {
    type Item = io::Result<DirEntry<R>>;

    fn step(&mut self) -> Option<Option<Self::Item>> {
        let entry = self.entries.next()?;
        let found = entry.and_then(|entry| {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) => Ok(DirEntry::new(self.with.path(path), kind, 1)),
                Err(error) => Err(PathError::wrap("look at", &path, error)),
            }
        });
        Some(Some(found.map_err(|error| {
            PathError::wrap("list", &self.folder, error)
        })))
    }
}

impl<R: Runtime> Stream for ReadDir<R> {
    type Item = io::Result<DirEntry<R>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().batches.poll_next(cx)
    }
}

impl<R: Runtime> fmt::Debug for ReadDir<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}
