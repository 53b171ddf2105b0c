//! [`FileWriteStream`]: a shell around the engine, for writing.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;

use super::engine::{Engine, EngineOptions};
use crate::disk::Disk;
use crate::runtime::{OpenMode, Runtime};
use crate::stream::{Attributes, Request};

/// A stream that sends bytes to a file.
///
/// When [`send`](crate::stream::ByteSendStreamExt::send) has completed, and after
/// [`close`](crate::stream::ByteSendStreamExt::close), the operating system has all bytes. To make them
/// survive a power failure, call `sync_all` on the file's [`FileHandle`](crate::stream::FileHandle), on a
/// worker thread.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle).
///
/// # Cancel safety
///
/// In a cancelled scope no operation begins, and a call on a worker thread cannot be interrupted. As with
/// [`to_thread::run`](crate::thread::to_thread::run), a cancelled caller waits for it, and a dropped one does
/// not. Accepted bytes are written nevertheless, before any that are sent later. If that fails, the next
/// operation returns the error, the bytes stay, and flushing tries again. If the stream is dropped, the run
/// waits until the rest is written, and an error goes to its `unhandled` hook.
/// [Close](AsyncWrite::poll_close) the stream to get the error: that closes the file whatever the outcome.
///
/// # Panics
///
/// The operations panic if there is no current runtime.
pub struct FileWriteStream<R: Runtime> {
    engine: Engine<R>,
}

impl<R: Runtime> FileWriteStream<R> {
    /// Creates a file, or truncates it if it exists.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): the file was created and truncated, or not.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, FileWriteStream};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("report");
    /// let mut file = FileWriteStream::create(&*path).await?;
    /// file.send(b"done").await?;
    /// file.close().await?;
    /// assert_eq!(path.read().await?, b"done");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn create(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let options = EngineOptions::default();
            let engine = Engine::open(path, options, |disk, path| {
                disk.open(path, &OpenMode::CREATE)
            })
            .await?;
            Ok(FileWriteStream { engine })
        }
    }

    /// Opens a file for appending, or creates it if it does not exist.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): the file was created, or not.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, FileWriteStream};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// path.write("first\n").await?;
    /// let mut log = FileWriteStream::append(&*path).await?;
    /// log.send(b"second\n").await?;
    /// log.close().await?;
    /// assert_eq!(path.read_to_string().await?, "first\nsecond\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn append(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let open = |disk: &Disk, path: &Path| disk.open(path, &OpenMode::APPEND);
            let engine = Engine::open(path, EngineOptions::default(), open).await?;
            Ok(FileWriteStream { engine })
        }
    }

    /// Creates a stream from a file that is open for writing, at its current position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, FileWriteStream};
    /// use std::fs::File;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("report");
    /// let mut file = FileWriteStream::from_std(File::create(&path)?);
    /// file.send(b"done").await?;
    /// file.close().await?;
    /// assert_eq!(path.read().await?, b"done");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_std(file: File) -> Self {
        FileWriteStream {
            engine: Engine::new(file.into(), None, EngineOptions::default()),
        }
    }
}

impl<R: Runtime> AsyncWrite for FileWriteStream<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().engine.poll_accept(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().engine.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().engine.poll_close(cx)
    }
}

impl<R: Runtime> Attributes for FileWriteStream<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.engine.provide(demand);
    }
}

impl<R: Runtime> fmt::Debug for FileWriteStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWriteStream")
            .field("engine", &self.engine)
            .finish()
    }
}
