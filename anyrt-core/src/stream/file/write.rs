use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use super::calls::{CHUNK, Call, Calls};
use crate::runtime::Runtime;
use crate::stream::{Attributes, Demand, SendError};

/// Sends bytes into a file.
///
/// When [`send`](crate::stream::ByteSendStreamExt::send) has completed, and after
/// [`close`](crate::stream::ByteSendStreamExt::close), the operating system has all of them. To
/// have them outlast a loss of power, call `sync_all` on the file's
/// [`FileHandle`](crate::stream::FileHandle), on a worker thread.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle).
///
/// # Cancel safety
///
/// In a cancelled scope nothing is begun, and what runs on a worker thread cannot be interrupted.
/// As with [`to_thread::run`](crate::thread::to_thread::run), a cancelled caller waits for it, and
/// one that is dropped from outside does not. What was taken is written nevertheless, before
/// whatever is sent next; if that fails, the next operation says so. Only what was taken and not
/// begun is lost when the stream is dropped: [flush](AsyncWrite::poll_flush) or close it, as `send`
/// does.
///
/// # Panics
///
/// Its operations panic where no runtime is at hand.
pub struct FileWriteStream<R: Runtime> {
    calls: Calls<R>,
}

impl<R: Runtime> FileWriteStream<R> {
    /// Creates a file, or truncates it if it exists.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): the file was created and truncated, or
    /// not.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let calls = Calls::open(path, |path| File::create(path)).await?;
            Ok(FileWriteStream { calls })
        }
    }

    /// Opens a file, or creates it if it does not exist; what is sent comes behind what is there.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): the file was created, or not.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn append(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            let open =
                |path: &std::path::Path| File::options().append(true).create(true).open(path);
            let calls = Calls::open(path, open).await?;
            Ok(FileWriteStream { calls })
        }
    }

    /// Takes over a file that is open for writing, at its position.
    pub fn from_std(file: File) -> Self {
        FileWriteStream {
            calls: Calls::new(file, None),
        }
    }

    /// Waits until all that was taken is written, or could not be.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.calls.poll(cx)) {
            Some((_, outcome)) => Poll::Ready(outcome.map(drop)),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl<R: Runtime> AsyncWrite for FileWriteStream<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.calls.is_closed() {
            return Poll::Ready(Err(SendError::Closed(()).into()));
        }
        ready!(this.poll_written(cx))?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = &bytes[..bytes.len().min(CHUNK)];
        this.calls.buffer.clear();
        this.calls.buffer.extend_from_slice(taken);
        this.calls.begin(Call::Write);
        // It is under way, and need not be waited for before there is more.
        match this.poll_written(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_written(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_written(cx))?;
        this.calls.poll_close(cx).map(Ok)
    }
}

impl<R: Runtime> Attributes for FileWriteStream<R> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.calls.provide(demand);
    }
}

impl<R: Runtime> fmt::Debug for FileWriteStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWriteStream")
            .field("calls", &self.calls)
            .finish()
    }
}
