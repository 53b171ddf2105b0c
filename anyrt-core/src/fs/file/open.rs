//! Opening a file.

use std::io;
use std::path::Path;

use super::File;
use crate::fs::OpenOptions;
use crate::runtime::Runtime;

impl<R: Runtime> File<R> {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`](crate::fs::PathError).
    pub fn open(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        OpenOptions::new()
            .read(true)
            .open_path(path.as_ref().into())
    }

    /// Creates a file for writing, or empties it if it exists.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`](crate::fs::PathError).
    pub fn create(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        let options = OpenOptions::new().write(true).create(true).truncate(true);
        options.open_path(path.as_ref().into())
    }

    /// Returns options with everything off.
    pub fn options() -> OpenOptions<R> {
        OpenOptions::new()
    }
}
