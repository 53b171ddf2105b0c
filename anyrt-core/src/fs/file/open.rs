//! Opening a file.

use std::io;
use std::path::Path;

use super::File;
use crate::fs::OpenOptions;
use crate::runtime::Runtime;

impl<R: Runtime> File<R> {
    /// Opens a file for reading.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out. A file that is opened for a dropped future is closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`](crate::fs::PathError).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut text = String::new();
    /// File::open("Cargo.toml").await?.read_to_string(&mut text).await?;
    /// assert!(text.starts_with("[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn open(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        OpenOptions::new()
            .read(true)
            .open_path(path.as_ref().into())
    }

    /// Creates a file for writing, or empties it if it exists.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out. A file that is opened for a dropped future is closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`](crate::fs::PathError).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{self, File};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("report");
    /// let mut file = File::create(&path).await?;
    /// file.write_all(b"done").await?;
    /// file.close().await?;
    /// assert_eq!(fs::read(&path).await?, b"done");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn create(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        let options = OpenOptions::new().write(true).create(true).truncate(true);
        options.open_path(path.as_ref().into())
    }

    /// Returns options with everything off.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// let mut log = File::options().append(true).create(true).open(&path).await?;
    /// log.write_all(b"started\n").await?;
    /// log.close().await?;
    /// assert_eq!(path.read_to_string().await?, "started\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn options() -> OpenOptions<R> {
        OpenOptions::new()
    }
}
