//! Finding files.

use std::fmt;
use std::io;
use std::path;

use anyrt::fs::{Path, PathError, Walk};

/// Something about a file, or why there is none.
pub type Outcome<T> = Result<T, Unreadable>;

/// A path that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    path: Path,
    error: io::Error,
}

impl Unreadable {
    /// This path, for this reason.
    pub fn new(path: Path, error: io::Error) -> Unreadable {
        Unreadable { path, error }
    }

    /// The path.
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

/// Errors of `anyrt::fs` have the path that they are about.
fn path_error(error: &io::Error) -> Option<&PathError> {
    error.get_ref()?.downcast_ref()
}

/// The regular files below a path, in the order of their directories; or the path itself, if it is
/// one. A symbolic link is followed where it is given, and not below.
#[derive(Debug)]
pub struct Files {
    given: Path,
    walk: Option<Walk>,
    begun: bool,
}

impl Files {
    /// Begins at a path, and uses its limiter.
    pub fn below(given: Path) -> Files {
        Files {
            given,
            walk: None,
            begun: false,
        }
    }

    /// Finds the next file; none at the end.
    ///
    /// # Errors
    ///
    /// For what cannot be read; the search goes on.
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
