//! The contents of files: opening, reading and writing.

use std::io;

use super::Path;
use crate::fs::{File, OpenOptions, whole};
use crate::runtime::{OpenMode, Runtime};

impl<R: Runtime> Path<R> {
    /// Opens the file for reading.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn open(&self) -> io::Result<File<R>> {
        self.open_with(&OpenOptions::new().read(true)).await
    }

    /// Opens the file. Unless the options have a limiter, that of the path is used.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn open_with(&self, options: &OpenOptions<R>) -> io::Result<File<R>> {
        let options = options.clone().or_limiter(&self.limiter);
        options.open_path(self.to_path_buf()).await
    }

    /// Reads the whole file; see [`read`](crate::fs::read).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read(&self) -> io::Result<Vec<u8>> {
        whole::read_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Reads the whole file as text; see [`read_to_string`](crate::fs::read_to_string).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read_to_string(&self) -> io::Result<String> {
        whole::read_to_string_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Writes the whole file; see [`write`](crate::fs::write).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn write(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::write_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Appends to the file; see [`append`](crate::fs::append).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn append(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::append_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Writes the whole file in one step; see [`write_atomic`](crate::fs::write_atomic).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn write_atomic(
        &self,
        contents: impl AsRef<[u8]> + Send + 'static,
    ) -> io::Result<()> {
        whole::write_atomic_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Creates an empty file, or sets the modification time to now if it exists.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn touch(&self) -> io::Result<()> {
        self.call("touch", |disk, path| {
            let file = disk.open(path, &OpenMode::APPEND)?;
            file.set_modified(disk.now())
        })
        .await
    }
}
