//! Finding files.

use std::fmt;
use std::io;
use std::path;

use anyrt::fs::{Path, PathError, Walk};

/// A result about a file, or the reason why it could not be read.
pub type Outcome<T> = Result<T, Unreadable>;

/// A path that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    path: Path,
    error: io::Error,
}

impl Unreadable {
    /// Creates the error of a path.
    pub fn new(path: Path, error: io::Error) -> Unreadable {
        Unreadable { path, error }
    }

    /// Returns the path.
    pub fn path(&self) -> &path::Path {
        path_error(&self.error).map_or(&self.path, PathError::path)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = path_error(&self.error).map_or(&self.error, PathError::io_error);
        write!(f, "{}: {reason}", self.path().display())
    }
}

/// Returns the error with a path, which errors of `anyrt::fs` have.
fn path_error(error: &io::Error) -> Option<&PathError> {
    error.get_ref()?.downcast_ref()
}

/// The regular files below a path, in the order of their directories; or the path itself, if it is a
/// file. A symbolic link is followed if it is the given path, and not below it.
#[derive(Debug)]
pub struct Files {
    given: Path,
    walk: Option<Walk>,
    begun: bool,
}

impl Files {
    /// Starts at a path, and uses its limiter.
    pub fn below(given: Path) -> Files {
        Files {
            given,
            walk: None,
            begun: false,
        }
    }

    /// Finds the next file. Returns `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error for a path that cannot be read; the search continues.
    pub async fn next(&mut self) -> Option<Outcome<Path>> {
        if !self.begun {
            let found = self.given.metadata().await;
            self.begun = true;
            match found {
                Ok(metadata) if metadata.is_file() => return Some(Ok(self.given.clone())),
                Ok(metadata) if metadata.is_dir() => self.walk = Some(self.given.walk()),
                Ok(_) => {
                    let error = io::Error::other("neither a regular file nor a directory");
                    return Some(self.failed(error));
                }
                Err(error) => return Some(self.failed(error)),
            }
        }
        let walk = self.walk.as_mut()?;
        loop {
            match walk.next().await? {
                Ok(entry) if entry.file_type().is_file() => return Some(Ok(entry.into_path())),
                Ok(_) => {}
                Err(error) => return Some(self.failed(error)),
            }
        }
    }

    fn failed<T>(&self, error: io::Error) -> Outcome<T> {
        Err(Unreadable::new(self.given.clone(), error))
    }
}
