use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncRead;

use super::engine::{Engine, EngineOptions};
use crate::runtime::Runtime;
use crate::stream::{Attributes, Demand};

/// Receives the bytes of a file.
///
/// No more is read from the file than was asked for; for many small pieces, wrap it into a
/// [`BufferedByteStream`](crate::stream::BufferedByteStream). At the end of the file the stream has
/// ended; should the file grow, there is more to be received.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle).
///
/// # Cancel safety
///
/// In a cancelled scope nothing is begun, and what runs on a worker thread cannot be interrupted.
/// As with [`to_thread::run`](crate::thread::to_thread::run), a cancelled caller waits for it, and
/// one that is dropped from outside does not. What was read then is not lost: the next receiver
/// gets it, and the position is where that begins.
///
/// # Panics
///
/// Its operations panic where no runtime is at hand.
pub struct FileReadStream<R: Runtime> {
    engine: Engine<R>,
}

impl<R: Runtime> FileReadStream<R> {
    /// Opens a file for reading.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): a file that nobody waits for any
    /// longer is closed again.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub fn open(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let engine = Engine::open(path, options(), |path| File::open(path)).await?;
            Ok(FileReadStream { engine })
        }
    }

    /// Takes over a file that is open for reading, at its position.
    pub fn from_std(file: File) -> Self {
        FileReadStream {
            engine: Engine::new(file, None, options()),
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
    pub fn seek(&mut self, to: SeekFrom) -> impl Future<Output = io::Result<u64>> + Send {
        self.engine.seek(to)
    }

    /// Returns where the next byte stands that is received, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; not every file has a position.
    pub fn tell(&mut self) -> impl Future<Output = io::Result<u64>> + Send {
        self.engine.tell()
    }

    /// Closes the file, on a worker thread. Dropping the stream closes it too, on this one.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the file at once, or as soon as the call that is running has ended.
    pub async fn close(mut self) {
        // Nothing is written, so nothing can fail.
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
    fn provide(&self, demand: &mut Demand<'_>) {
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
