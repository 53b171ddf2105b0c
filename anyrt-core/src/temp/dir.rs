//! [`TempDir`], and the removal of folders.

use std::path::Path;
use std::time::Duration;
use std::{fmt, io, thread};

use super::path_with;
use crate::cancel::shield;
use crate::disk::{Disk, Removal};
use crate::fs as files;
use crate::fs::call::{Limiter, call};
use crate::runtime::Runtime;

/// A temporary folder.
///
/// Dropping it removes the folder with everything in it in the destructor, which blocks;
/// [`close`](TempDir::close) removes it on a worker thread. If an abandoned function still creates files in
/// the folder, both try again, for 0.1 seconds.
pub struct TempDir<R: Runtime> {
    removal: Removal,
    path: files::Path<R>,
}

/// The pauses between attempts to remove a folder.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// Removes a folder, even if files are created in it meanwhile: a call of a dropped task runs to its end.
pub(super) fn remove_dir(disk: &Disk, folder: &Path) -> io::Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        match disk.remove_all::<io::Error>(folder, &mut || Ok(())) {
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty
                    && pause <= LONGEST_PAUSE
                    && matches!(disk, Disk::System) => {}
            outcome => return outcome,
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it is on a worker thread, or in a destructor, which blocks anyway"
        )]
        thread::sleep(pause);
        pause *= 2;
    }
}

impl<R: Runtime> TempDir<R> {
    pub(super) fn new(removal: Removal, limiter: &Limiter) -> TempDir<R> {
        let folder = removal.path().unwrap_or(Path::new(""));
        let path = path_with(folder, limiter);
        TempDir { removal, path }
    }

    /// Returns the path.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// assert!(dir.path().is_dir().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn path(&self) -> &files::Path<R> {
        &self.path
    }

    /// Removes the folder with everything in it, on a worker thread.
    ///
    /// It is not a cancel point: in a cancelled scope the folder is removed, too.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the folder is removed nevertheless.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system. A folder that is already gone is not an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().clone();
    /// dir.close().await?;
    /// assert!(!path.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(self) -> io::Result<()> {
        shield(self.remove()).await
    }

    pub(super) async fn remove(self) -> io::Result<()> {
        let (path, limiter) = (self.path.to_path_buf(), self.path.limiter().cloned());
        let mut removal = self.removal;
        call::<R, _>(limiter, "remove", path, move |_, _| removal.carry_out()).await
    }

    /// Keeps the folder, and returns its path.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let path = anyrt::temp::dir().await?.keep();
    /// assert!(path.exists().await?);
    /// path.remove_dir().await?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn keep(mut self) -> files::Path<R> {
        self.removal.keep();
        self.path
    }
}

impl<R: Runtime> fmt::Debug for TempDir<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TempDir")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
