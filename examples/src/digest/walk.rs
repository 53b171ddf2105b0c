//! Listing: which files there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use crate::output::{Outcome, Unreadable};

/// How many directories are read in one turn.
const TURN: usize = 64;

/// A walk through all that was given, and what was found on the way.
pub(crate) struct Walk {
    given: vec::IntoIter<PathBuf>,
    /// Directories below the current given path that are still to be read.
    directories: Vec<PathBuf>,
    found: Vec<Outcome<PathBuf>>,
    /// Where in `found` the current given path begins.
    start: usize,
}

impl Walk {
    pub(crate) fn new(paths: Vec<PathBuf>) -> Walk {
        Walk {
            given: paths.into_iter(),
            directories: Vec::new(),
            found: Vec::new(),
            start: 0,
        }
    }

    pub(crate) fn found(&self) -> &[Outcome<PathBuf>] {
        &self.found
    }

    pub(crate) fn into_found(self) -> Vec<Outcome<PathBuf>> {
        self.found
    }

    /// Goes on a bit; true at the end.
    pub(crate) fn turn(&mut self) -> bool {
        for _ in 0..TURN {
            if let Some(directory) = self.directories.pop() {
                if let Err(error) = self.read(&directory) {
                    self.found.push(Err(Unreadable::new(directory, error)));
                }
                continue;
            }
            self.found[self.start..].sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
            self.start = self.found.len();
            match self.given.next() {
                Some(path) => self.begin(path),
                None => return true,
            }
        }
        false
    }

    /// A path that was given: links are followed here, and nowhere else.
    fn begin(&mut self, path: PathBuf) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.directories.push(path),
            Ok(metadata) if metadata.is_file() => self.found.push(Ok(path)),
            Ok(_) => {
                let error = io::Error::other("neither a regular file nor a directory");
                self.found.push(Err(Unreadable::new(path, error)));
            }
            Err(error) => self.found.push(Err(Unreadable::new(path, error))),
        }
    }

    fn read(&mut self, directory: &Path) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.directories.push(entry.path());
            } else if kind.is_file() {
                self.found.push(Ok(entry.path()));
            }
        }
        Ok(())
    }
}

fn bytes(found: &Outcome<PathBuf>) -> &[u8] {
    let path = match found {
        Ok(path) => path,
        Err(unreadable) => unreadable.path(),
    };
    path.as_os_str().as_encoded_bytes()
}
