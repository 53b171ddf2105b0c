//! A folder for the files of a case.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::disk;

/// A temporary folder, removed with its contents when it is dropped.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// Creates a folder with a unique name.
    pub fn new() -> Folder {
        let folder = TempDir::new().expect("a folder for temporary files");
        disk::share(folder.path());
        Folder(folder)
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns the path of an entry of the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Creates a file with these bytes, and returns its path.
    pub fn file(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        disk::write(&path, bytes).expect("a file in a folder of its own");
        path
    }

    /// Returns the names of its entries, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = disk::read_dir(self.path()).expect("the entries of a folder");
        let mut names: Vec<_> = entries
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        disk::forget(self.0.path());
    }
}

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}
