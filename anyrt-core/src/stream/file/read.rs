//! [`FileReadStream`]: a shell around the engine, for reading.

use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncRead;

use super::engine::{Engine, EngineOptions};
use crate::runtime::{OpenMode, Runtime};
use crate::stream::{Attributes, Request};

/// A stream that receives the bytes of a file.
///
/// A read requests no more from the file than its buffer holds; for many small pieces, wrap the stream into a
/// [`BufferedByteStream`](crate::stream::BufferedByteStream). At the end of the file the stream ends; if the
/// file grows later, more bytes can be received.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle).
///
/// # Cancel safety
///
/// In a cancelled scope no operation begins, and a call on a worker thread cannot be interrupted. As with
/// [`to_thread::run`](crate::thread::to_thread::run), a cancelled caller waits for it, and a dropped one does
/// not. Bytes that it has read then are not lost: the next read returns them, and the position is where they
/// begin.
///
/// # Panics
///
/// The operations panic if there is no current runtime.
pub struct FileReadStream<R: Runtime> {
    engine: Engine<R>,
}

impl<R: Runtime> FileReadStream<R> {
    /// Opens a file for reading.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): a file that is opened for a dropped caller is
    /// closed again.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, FileReadStream};
    ///
    /// # anyrt::run(async {
    /// let mut file = FileReadStream::open("Cargo.toml").await?;
    /// assert_eq!(file.receive(9).await?, b"[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn open(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let engine = Engine::open(path, options(), |disk, path| {
                disk.open(path, &OpenMode::READ)
            })
            .await?;
            Ok(FileReadStream { engine })
        }
    }

    /// Creates a stream from a file that is open for reading, at its current position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, FileReadStream};
    /// use std::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut file = FileReadStream::from_std(File::open("Cargo.toml")?);
    /// assert_eq!(file.receive(9).await?, b"[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_std(file: File) -> Self {
        FileReadStream {
            engine: Engine::new(file.into(), None, options()),
        }
    }

    /// Moves the position, and returns it, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the position was moved or not.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) for a position before the beginning.
    /// - Returns the error of the operating system; not every file has a position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, FileReadStream};
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = FileReadStream::open("Cargo.toml").await?;
    /// file.seek(SeekFrom::Start(1)).await?;
    /// assert_eq!(file.receive(7).await?, b"package");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn seek(&mut self, to: SeekFrom) -> impl Future<Output = io::Result<u64>> + Send {
        self.engine.seek(to)
    }

    /// Returns the position of the next byte to be received, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it changes nothing.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; not every file has a position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, FileReadStream};
    ///
    /// # anyrt::run(async {
    /// let mut file = FileReadStream::open("Cargo.toml").await?;
    /// let received = file.receive(9).await?.len();
    /// assert_eq!(file.tell().await?, received as u64);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn tell(&mut self) -> impl Future<Output = io::Result<u64>> + Send {
        self.engine.tell()
    }

    /// Closes the file on a worker thread. Dropping the stream closes it on this thread.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the file at once, or as soon as the running call has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, FileReadStream};
    ///
    /// # anyrt::run(async {
    /// let mut file = FileReadStream::open("Cargo.toml").await?;
    /// assert!(!file.receive(100).await?.is_empty());
    /// file.close().await;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(mut self) {
        // Only writes can fail, and there are none.
        let _ = poll_fn(|cx| self.engine.poll_close(cx)).await;
    }
}

fn options() -> EngineOptions {
    EngineOptions {
        exact: true,
        ..EngineOptions::default()
    }
}

impl<R: Runtime> AsyncRead for FileReadStream<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().engine.poll_read(cx, buffer)
    }
}

impl<R: Runtime> Attributes for FileReadStream<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.engine.provide(demand);
    }
}

impl<R: Runtime> fmt::Debug for FileReadStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReadStream")
            .field("engine", &self.engine)
            .finish()
    }
}
