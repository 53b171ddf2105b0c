//! Writing, up to the disk, and closing.

use std::future::poll_fn;
use std::io;

use super::File;
use crate::disk::Handle;
use crate::engine::FallibleOperation;
use crate::runtime::Runtime;
use crate::stream::file::engine::MOST;

impl<R: Runtime> File<R> {
    /// Writes some bytes: they are accepted, and written while the caller continues.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was accepted.
    ///
    /// # Errors
    ///
    /// Returns the error of this write or of an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// let count = file.write(b"to be").await?;
    /// assert!(count > 0);
    /// assert_eq!(file.tell().await?, count as u64);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_write_some(cx, bytes))).await
    }

    /// Writes all of the bytes: they are accepted, and written while the caller continues.
    ///
    /// # Cancel safety
    ///
    /// This method is **not** cancel safe: if the future is dropped, a part of the bytes may have been
    /// accepted.
    ///
    /// # Errors
    ///
    /// As [`write`](File::write).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"to be or not to be").await?;
    /// assert_eq!(file.metadata().await?.len(), 18);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Waits until the operating system has all accepted bytes.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the rest is written nevertheless.
    ///
    /// # Errors
    ///
    /// Returns the error of a write. The bytes stay, and another flush tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{self, File};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// let mut file = File::create(&path).await?;
    /// file.write_all(b"started").await?;
    /// file.flush().await?;
    /// assert_eq!(fs::read(&path).await?, b"started", "others see it now");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn flush(&mut self) -> io::Result<()> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_flush_all(cx))).await
    }

    /// Writes at a given offset, without moving the position; at most 512 KiB in one call. On systems other
    /// than Unix the position may be moved if the future is dropped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the bytes were written or not.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"to be or not").await?;
    /// file.write_at(b"OR", 6).await?;
    /// let mut all = [0; 12];
    /// file.read_at(&mut all, 0).await?;
    /// assert_eq!(&all, b"to be OR not");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let bytes = bytes[..bytes.len().min(MOST)].to_vec();
        let write = move |file: &Handle, _| file.write_at(&bytes, offset);
        // Forgets what was read ahead: it may be what this overwrites.
        self.call("write", true, write).await
    }

    /// Writes everything, and makes the system write data and metadata to the disk.
    ///
    /// # Cancel safety
    ///
    /// As for each operation of the [file](File#cancel-safety): once it has begun, it is carried out.
    ///
    /// # Errors
    ///
    /// Returns the error of a write, or of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"balance: 5").await?;
    /// file.sync_all().await?;
    /// assert_eq!(file.metadata().await?.len(), 10);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.call("sync", false, |file, _| file.sync(false)).await
    }

    /// Writes everything, and makes the system write the data to the disk.
    ///
    /// # Cancel safety
    ///
    /// As for each operation of the [file](File#cancel-safety): once it has begun, it is carried out.
    ///
    /// # Errors
    ///
    /// Returns the error of a write, or of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"balance: 5").await?;
    /// file.sync_data().await?;
    /// assert_eq!(file.tell().await?, 10);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn sync_data(&mut self) -> io::Result<()> {
        self.call("sync", false, |file, _| file.sync(true)).await
    }

    /// Closes the file, once everything is written, on a worker thread.
    ///
    /// This is not a cancel point: in a cancelled scope the file is closed, too.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the file.
    ///
    /// # Errors
    ///
    /// Returns the error of a write; the file is closed nevertheless, and unwritten bytes are lost.
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
    /// file.close().await?; // reports the error of a write that failed in the background
    /// assert_eq!(fs::read(&path).await?, b"done");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(mut self) -> io::Result<()> {
        let outcome = poll_fn(|cx| self.engine.poll_close(cx)).await;
        outcome.map_err(|error| self.wrap("write", error))
    }
}
