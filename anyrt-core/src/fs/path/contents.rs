//! The contents of files: opening, reading and writing.

use std::io;

use super::Path;
use crate::fs::{File, OpenOptions, whole};
use crate::runtime::{OpenMode, Runtime};

impl<R: Runtime> Path<R> {
    /// Opens the file for reading.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out. A file that is opened for a dropped future is closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let mut lines = Path::new("Cargo.toml").open().await?.lines();
    /// assert_eq!(lines.next().await.unwrap()?, "[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn open(&self) -> io::Result<File<R>> {
        self.open_with(&OpenOptions::new().read(true)).await
    }

    /// Opens the file. Unless the options have a limiter, that of the path is used.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out. A file that is opened for a dropped future is closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// let mut log = path.open_with(&File::options().append(true).create(true)).await?;
    /// log.write_all(b"started\n").await?;
    /// log.close().await?;
    /// assert_eq!(path.read_to_string().await?, "started\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn open_with(&self, options: &OpenOptions<R>) -> io::Result<File<R>> {
        let options = options.clone().or_limiter(&self.limiter);
        options.open_path(self.to_path_buf()).await
    }

    /// Reads the whole file; see [`read`](crate::fs::read).
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(Path::new("Cargo.toml").read().await?.starts_with(b"[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read(&self) -> io::Result<Vec<u8>> {
        whole::read_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Reads the whole file as text; see [`read_to_string`](crate::fs::read_to_string).
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled, or whose future is dropped, stops on the way (rule [F2](crate::rules#f2)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// assert!(Path::new("Cargo.toml").read_to_string().await?.starts_with("[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_to_string(&self) -> io::Result<String> {
        whole::read_to_string_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Writes the whole file; see [`write`](crate::fs::write).
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out as a whole (rule [F1](crate::rules#f1)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("report");
    /// path.write("done").await?;
    /// assert_eq!(path.read().await?, b"done");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn write(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::write_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Appends to the file; see [`append`](crate::fs::append).
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out as a whole (rule [F1](crate::rules#f1)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// path.append("first\n").await?;
    /// path.append("second\n").await?;
    /// assert_eq!(path.read_to_string().await?, "first\nsecond\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn append(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::append_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Writes the whole file in one step; see [`write_atomic`](crate::fs::write_atomic).
    ///
    /// # Cancel safety
    ///
    /// Before its end, the file is unchanged (rule [F20](crate::rules#f20)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("settings");
    /// path.write_atomic("theme = dark").await?;
    /// path.write_atomic("theme = light").await?;
    /// assert_eq!(path.read_to_string().await?, "theme = light");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn write_atomic(
        &self,
        contents: impl AsRef<[u8]> + Send + 'static,
    ) -> io::Result<()> {
        whole::write_atomic_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Creates an empty file, or sets the modification time to now if it exists.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, the call is carried out as a whole (rule [F1](crate::rules#f1)).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("stamp");
    /// path.touch().await?;
    /// assert_eq!(path.metadata().await?.len(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn touch(&self) -> io::Result<()> {
        self.call("touch", |disk, path| {
            let file = disk.open(path, &OpenMode::APPEND)?;
            file.set_modified(disk.now())
        })
        .await
    }
}
