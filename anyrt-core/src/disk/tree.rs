//! Trees of folders: creating parents, removing one whole, and telling files apart.

use std::fs;
use std::io;
use std::path::Path;

use super::Disk;
use super::os::{self, Identity};

impl Disk {
    /// Creates a folder and its missing parents.
    pub(crate) fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if matches!(self, Disk::System) {
            return fs::create_dir_all(path);
        }
        let outcome = match self.create_dir(path, None) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().ok_or(error)?;
                self.create_dir_all(parent)?;
                self.create_dir(path, None)
            }
            outcome => outcome,
        };
        match outcome {
            // It exists, also after its parents were created: the path may be that of a folder above, as `new/..` is.
            Err(_) if self.metadata(path, true).is_ok_and(|found| found.is_dir()) => Ok(()),
            outcome => outcome,
        }
    }

    /// Removes a folder with everything in it, and calls `step` before each entry. Links are not followed.
    pub(crate) fn remove_all<E: From<io::Error>>(
        &self,
        path: &Path,
        step: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        if matches!(self, Disk::System) {
            return os::remove_all(path, step);
        }
        if self.metadata(path, false)?.is_symlink() {
            return Ok(self.remove_file(path)?);
        }
        for entry in self.read_dir(path)? {
            step()?;
            let (name, file_type) = entry?;
            let entry = path.join(name);
            let removed = if file_type?.is_dir() {
                self.remove_all(&entry, step)
            } else {
                self.remove_file(&entry).map_err(E::from)
            };
            removed?;
        }
        Ok(self.remove_dir(path)?)
    }

    /// Returns whether two paths lead to the same file, and not just to equal ones.
    pub(crate) fn same_file(&self, a: &Path, b: &Path) -> io::Result<bool> {
        Ok(self.identity(a)? == self.identity(b)?)
    }

    /// Returns the identity of the file that a path leads to.
    pub(super) fn identity(&self, path: &Path) -> io::Result<Identity> {
        os::identity(&self.metadata(path, true)?, path)
    }
}

/// Returns whether an error means that there is no such path: `ENOENT`, `ENOTDIR` or `ELOOP` (rule F19).
pub(crate) fn is_missing(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        _ => os::is_link_loop(error),
    }
}
