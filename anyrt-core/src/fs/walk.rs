//! Walks through folders.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use futures_core::Stream;
use walkdir::WalkDir;

use super::PathError;
use super::call::{Limiter, check};
use super::listing::{Batches, DirEntry, Source, next};
use super::path::With;
use crate::runtime::Runtime;

/// Walks through a folder and everything below it.
///
/// The first entry is the folder itself; a folder comes before its contents. An entry that cannot be read is
/// an error item with its path, and the walk continues.
pub fn walk<R: Runtime>(path: impl AsRef<std::path::Path>) -> Walk<R> {
    Walk::new(path.as_ref().to_owned(), None)
}

/// The entries of a folder and everything below it, as a [`Stream`].
///
/// # Cancel safety
///
/// The stream is cancel safe: entries that were found are kept.
pub struct Walk<R: Runtime> {
    batches: Batches<R, WalkSource<R>>,
}

/// A walk, before or after its first step.
pub(super) struct WalkSource<R: Runtime> {
    state: WalkState,
    pub(super) filter: Option<Filter<R>>,
    with: With<R>,
}

type Filter<R> = Box<dyn FnMut(&DirEntry<R>) -> bool + Send>;

enum WalkState {
    New(Box<WalkDir>, PathBuf),
    Begun(Box<walkdir::IntoIter>),
    Ended,
}

impl<R: Runtime> Walk<R> {
    pub(super) fn new(path: PathBuf, limiter: Limiter) -> Walk<R> {
        let source = WalkSource::new(path, With::new(limiter.clone()));
        Walk {
            batches: Batches::new(source, limiter),
        }
    }

    /// Follows symbolic links; one that leads back to a parent folder is an error item.
    #[must_use]
    pub fn follow_links(self, follow: bool) -> Self {
        self.change(|walk| walk.follow_links(follow))
    }

    /// Sets the minimum depth: 1 leaves out the folder itself.
    #[must_use]
    pub fn min_depth(self, depth: usize) -> Self {
        self.change(|walk| walk.min_depth(depth))
    }

    /// Sets the maximum depth: 1 lists the folder alone.
    #[must_use]
    pub fn max_depth(self, depth: usize) -> Self {
        self.change(|walk| walk.max_depth(depth))
    }

    /// Sorts the entries of each folder by their names.
    #[must_use]
    pub fn sort_by_file_name(self) -> Self {
        self.change(WalkDir::sort_by_file_name)
    }

    /// Sets a filter. Entries for which it returns false are left out, and such folders are not entered. It
    /// is called on a worker thread.
    #[must_use]
    pub fn filter(mut self, filter: impl FnMut(&DirEntry<R>) -> bool + Send + 'static) -> Self {
        if let Some(source) = self.batches.source() {
            source.filter = Some(Box::new(filter));
        }
        self
    }

    /// Returns the next entry; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    pub async fn next(&mut self) -> Option<io::Result<DirEntry<R>>> {
        next(self, |this| this.batches.left()).await
    }

    fn change(mut self, change: impl FnOnce(WalkDir) -> WalkDir) -> Self {
        if let Some(source) = self.batches.source() {
            source.change(change);
        }
        self
    }
}

impl<R: Runtime> WalkSource<R> {
    pub(super) fn new(path: PathBuf, with: With<R>) -> WalkSource<R> {
        WalkSource {
            state: WalkState::New(Box::new(WalkDir::new(&path)), path),
            filter: None,
            with,
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(WalkDir) -> WalkDir) {
        self.state = match std::mem::replace(&mut self.state, WalkState::Ended) {
            WalkState::New(walk, path) => WalkState::New(Box::new(change(*walk)), path),
            state => state,
        };
    }
}

impl<R: Runtime> Source for WalkSource<R> {
    type Item = io::Result<DirEntry<R>>;

    fn step(&mut self) -> Option<Option<Self::Item>> {
        if let WalkState::New(..) = self.state
            && let WalkState::New(walk, path) = std::mem::replace(&mut self.state, WalkState::Ended)
        {
            if let Err(error) = check("list", &path) {
                return Some(Some(Err(error)));
            }
            self.state = WalkState::Begun(Box::new(walk.into_iter()));
        }
        let WalkState::Begun(walk) = &mut self.state else {
            return None;
        };
        let entry = match walk.next()? {
            Ok(entry) => entry,
            Err(error) => return Some(Some(Err(convert(error)))),
        };
        let (kind, depth) = (entry.file_type(), entry.depth());
        let entry = DirEntry::new(self.with.path(entry.into_path()), kind, depth);
        if let Some(filter) = &mut self.filter
            && !filter(&entry)
        {
            if kind.is_dir() {
                walk.skip_current_dir();
            }
            return Some(None);
        }
        Some(Some(Ok(entry)))
    }
}

fn convert(error: walkdir::Error) -> io::Error {
    let path = error.path().unwrap_or("".as_ref()).to_owned();
    let ancestor = error.loop_ancestor().map(|path| path.display().to_string());
    let inner = match (ancestor, error.into_io_error()) {
        (Some(ancestor), _) => io::Error::other(format!("the link leads back to `{ancestor}`")),
        (None, Some(error)) => error,
        (None, None) => io::ErrorKind::Other.into(),
    };
    PathError::wrap("list", &path, inner)
}

impl<R: Runtime> Stream for Walk<R> {
    type Item = io::Result<DirEntry<R>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().batches.poll_next(cx)
    }
}

impl<R: Runtime> fmt::Debug for Walk<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").finish_non_exhaustive()
    }
}
