//! Walks through folders.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io, mem};

use futures_core::Stream;

use super::PathError;
use super::call::{Limiter, check};
use super::listing::{Batches, DirEntry, Source, next};
use super::path::With;
use crate::disk::{Disk, WalkOptions, Walker};
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
    New(PathBuf, WalkOptions),
    Begun(Box<Walker>),
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
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let link = dir.path().join("link");
    /// dir.path().join("photos").create_dir().await?;
    /// link.symlink_to(dir.path().join("photos")).await?;
    /// let mut entries = dir.path().walk().follow_links(true).min_depth(1);
    /// while let Some(entry) = entries.next().await {
    ///     assert!(entry?.file_type().is_dir());
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn follow_links(self, follow: bool) -> Self {
        self.change(|options| options.follow_links = follow)
    }

    /// Sets the minimum depth: 1 leaves out the folder itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut entries = anyrt::fs::walk("src").min_depth(1);
    /// assert_eq!(entries.next().await.unwrap()?.depth(), 1, "`src` itself is left out");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn min_depth(self, depth: usize) -> Self {
        self.change(|options| options.min_depth = depth)
    }

    /// Sets the maximum depth: 1 lists the folder alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut entries = anyrt::fs::walk("src").max_depth(1);
    /// while let Some(entry) = entries.next().await {
    ///     assert!(entry?.depth() <= 1);
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn max_depth(self, depth: usize) -> Self {
        self.change(|options| options.max_depth = depth)
    }

    /// Sorts the entries of each folder by their names.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut entries = anyrt::fs::walk("src").max_depth(1).min_depth(1).sort_by_file_name();
    /// let mut names = Vec::new();
    /// while let Some(entry) = entries.next().await {
    ///     names.push(entry?.file_name().to_owned());
    /// }
    /// assert!(names.is_sorted());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn sort_by_file_name(self) -> Self {
        self.change(|options| options.sorted = true)
    }

    /// Sets a filter. Entries for which it returns false are left out, and such folders are not entered. It
    /// is called on a worker thread.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let visible = |entry: &anyrt::fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    /// let mut entries = anyrt::fs::walk("src").filter(visible);
    /// while let Some(entry) = entries.next().await {
    ///     assert!(!entry?.path().to_string_lossy().contains("/."));
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl FnMut(&DirEntry<R>) -> bool + Send + 'static) -> Self {
        if let Some(source) = self.batches.source() {
            source.filter = Some(Box::new(filter));
        }
        self
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
    /// # anyrt::run(async {
    /// let mut entries = anyrt::fs::walk("src");
    /// let mut bytes = 0;
    /// while let Some(entry) = entries.next().await {
    ///     bytes += entry?.path().metadata().await?.len();
    /// }
    /// assert!(bytes > 1000);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Option<io::Result<DirEntry<R>>> {
        next(self, |this| this.batches.left()).await
    }

    fn change(mut self, change: impl FnOnce(&mut WalkOptions)) -> Self {
        if let Some(source) = self.batches.source() {
            source.change(change);
        }
        self
    }
}

impl<R: Runtime> WalkSource<R> {
    pub(super) fn new(path: PathBuf, with: With<R>) -> WalkSource<R> {
        WalkSource {
            state: WalkState::New(path, WalkOptions::default()),
            filter: None,
            with,
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut WalkOptions)) {
        if let WalkState::New(_, options) = &mut self.state {
            change(options);
        }
    }
}

impl<R: Runtime> Source for WalkSource<R> {
    type Item = io::Result<DirEntry<R>>;

    fn step(&mut self) -> Option<Option<Self::Item>> {
        match mem::replace(&mut self.state, WalkState::Ended) {
            WalkState::New(path, options) => {
                if let Err(error) = check("list", &path) {
                    return Some(Some(Err(error)));
                }
                self.state =
                    WalkState::Begun(Box::new(Walker::new(Disk::current::<R>(), path, options)));
            }
            state => self.state = state,
        }
        let WalkState::Begun(walk) = &mut self.state else {
            return None;
        };
        let entry = match walk.step()? {
            Ok(entry) => entry,
            Err((path, error)) => return Some(Some(Err(PathError::wrap("list", &path, error)))),
        };
        let path = self.with.path(entry.path);
        let entry = DirEntry::new(path, entry.file_type, entry.depth);
        if let Some(filter) = &mut self.filter {
            if !filter(&entry) {
                walk.skip();
                return Some(None);
            }
        }
        Some(Some(Ok(entry)))
    }
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
