//! [`TempDir`], and the removal of folders.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs, io, thread};

use super::{or_gone, path_with};
use crate::cancel::shield;
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

/// Removes a folder when it is dropped.
pub(super) struct Removal {
    /// The path; `None` once the folder is removed or kept.
    folder: Option<PathBuf>,
}

/// The pauses between attempts to remove a folder.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

impl Removal {
    pub(super) fn new(folder: &Path) -> Removal {
        Removal {
            folder: Some(folder.to_owned()),
        }
    }

    fn carry_out(&mut self) -> io::Result<()> {
        match self.folder.take() {
            Some(folder) => or_gone(remove(&folder)),
            None => Ok(()),
        }
    }
}

/// Removes a folder, even if files are created in it meanwhile: a call of a dropped task runs to its end.
fn remove(folder: &Path) -> io::Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        match fs::remove_dir_all(folder) {
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty && pause <= LONGEST_PAUSE => {}
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

impl Drop for Removal {
    fn drop(&mut self) {
        // A destructor cannot return an error; `close` can.
        let _ = self.carry_out();
    }
}

impl<R: Runtime> TempDir<R> {
    pub(super) fn new(removal: Removal, limiter: &Limiter) -> TempDir<R> {
        let folder = removal.folder.as_deref().unwrap_or(Path::new(""));
        let path = path_with(folder, limiter);
        TempDir { removal, path }
    }

    /// Returns the path.
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
    pub async fn close(self) -> io::Result<()> {
        shield(self.remove()).await
    }

    pub(super) async fn remove(self) -> io::Result<()> {
        let (path, limiter) = (self.path.to_path_buf(), self.path.limiter().cloned());
        let mut removal = self.removal;
        call::<R, _>(limiter, "remove", path, move |_| removal.carry_out()).await
    }

    /// Keeps the folder, and returns its path.
    pub fn keep(mut self) -> files::Path<R> {
        self.removal.folder = None;
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
