//! Files and folders with random names, and their removal.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::{Disk, Handle};
use crate::runtime::OpenMode;

/// The beginning of the names of temporary files, by default.
pub(crate) const TEMPORARY_PREFIX: &str = ".tmp";

/// The number of random characters in a name.
const LENGTH: usize = 6;

/// The characters of a random name.
const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The maximum number of names that are tried.
const ATTEMPTS: usize = 1 << 16;

impl Disk {
    /// Creates a file or folder with a random name that is not in use.
    pub(crate) fn create_unique<T>(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &OsStr,
        mut create: impl FnMut(&Path) -> io::Result<T>,
    ) -> io::Result<(T, PathBuf)> {
        for _ in 0..ATTEMPTS {
            let mut name = prefix.to_owned();
            name.push(self.random_name());
            name.push(suffix);
            let path = folder.join(name);
            match create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                outcome => return Ok((outcome?, path)),
            }
        }
        let message = "too many temporary files exist";
        Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
    }

    /// Creates a file without a name, open for reading and writing.
    pub(crate) fn create_unnamed(&self, folder: &Path) -> io::Result<Handle> {
        if matches!(self, Disk::System) {
            return Ok(tempfile::tempfile_in(folder)?.into());
        }
        let mode = OpenMode {
            read: true,
            write: true,
            create_new: true,
            ..OpenMode::default()
        };
        let open = |path: &Path| self.open(path, &mode);
        let (file, path) =
            self.create_unique(folder, TEMPORARY_PREFIX.as_ref(), "".as_ref(), open)?;
        self.remove_file(&path)?;
        Ok(file)
    }

    fn random_name(&self) -> OsString {
        let mut random = match self {
            // Its keys are random, and differ from state to state.
            Disk::System => RandomState::new().hash_one(0),
            Disk::Own(own) => own.random(),
        };
        let mut name = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            let count = CHARACTERS.len() as u64;
            name.push(char::from(CHARACTERS[(random % count) as usize]));
            random /= count;
        }
        name.into()
    }
}

/// Removes a file or a folder when it is dropped.
#[derive(Debug)]
pub(crate) struct Removal {
    disk: Disk,
    /// The path; `None` once it is removed or kept.
    path: Option<PathBuf>,
    remove: fn(&Disk, &Path) -> io::Result<()>,
}

impl Removal {
    pub(crate) fn new(
        disk: &Disk,
        path: PathBuf,
        remove: fn(&Disk, &Path) -> io::Result<()>,
    ) -> Removal {
        Removal {
            disk: disk.clone(),
            path: Some(path),
            remove,
        }
    }

    /// Returns the path, unless it is removed or kept.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Removes it. It is not an error if it is already gone (rule T3).
    pub(crate) fn carry_out(&mut self) -> io::Result<()> {
        let Some(path) = self.path.take() else {
            return Ok(());
        };
        match (self.remove)(&self.disk, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    /// Renames it to its permanent path, and replaces a file with that path. If that fails, it stays
    /// temporary.
    pub(crate) fn persist(&mut self, to: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.disk.replace(path, to)?;
        }
        self.path = None;
        Ok(())
    }

    /// Keeps it.
    pub(crate) fn keep(&mut self) {
        self.path = None;
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        // A destructor cannot return an error.
        let _ = self.carry_out();
    }
}
