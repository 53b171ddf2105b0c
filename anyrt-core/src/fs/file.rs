//! [`File`]: an open file, a shell around the engine of `stream/file/engine`.

use std::fmt;
use std::fs::{self, Metadata, Permissions, TryLockError};
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::lines::{Lines, Split};
use super::{OpenOptions, PathError, engine_options, os};
use crate::engine::FallibleOperation;
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::stream::file::engine::{Engine, EngineOptions, MOST};
use crate::stream::{Attributes, IncompleteRead, Request};
use crate::sync::CapacityLimiter;
use crate::time::sleep;

/// The pauses between attempts to lock a file.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// An open file.
///
/// It implements [`AsyncRead`], [`AsyncBufRead`], [`AsyncWrite`] and [`AsyncSeek`] of `futures::io`, and is a
/// byte stream. Its calls run on worker threads, one at a time. On Linux, up to 128 KiB that the system has
/// in memory are read without a call, if the file system supports this (`RWF_NOWAIT`) and the file does not
/// have its own limiter.
///
/// Reads run ahead: they grow from 16 to 512 KiB while the file is read in order, and continue with up to 1
/// MiB more before it is requested. The end of the file is reported once; later reads check again, since
/// files grow. Writing begins at once and gathers bytes that are written meanwhile, up to 512 KiB. The
/// *position* is the number of bytes consumed and written; the descriptor may be ahead of it, and is set back
/// before it matters. A file without a position, such as a pipe or a terminal, is never sought.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle), whose position may be ahead.
///
/// # Cancel safety
///
/// In a cancelled scope no operation begins, and a call on a worker thread cannot be interrupted: a cancelled
/// caller waits for it, a dropped one does not. The file owns the call, so bytes that it has read are read
/// next, and bytes that were accepted are written.
///
/// # Dropping
///
/// Dropping a file loses no accepted bytes: the run waits until the rest is written, and an error goes to its
/// `unhandled` hook. Without a run the destructor writes. To get the error, [flush](File::flush),
/// [close](File::close) or [sync](File::sync_all) the file.
///
/// # Errors
///
/// All errors of the operating system name the operation and the path; see [`PathError`]. A failed write
/// keeps its bytes: the next operation returns the error, and a later flush tries again.
///
/// # Panics
///
/// The operations panic if there is no current runtime.
pub struct File<R: Runtime> {
    engine: Engine<R>,
    /// The seek that `poll_seek` has started.
    seeking: Option<(u64, SeekFrom)>,
}

impl<R: Runtime> File<R> {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    pub fn open(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        OpenOptions::new()
            .read(true)
            .open_path(path.as_ref().into())
    }

    /// Creates a file for writing, or empties it if it exists.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    pub fn create(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> + Send {
        let options = OpenOptions::new().write(true).create(true).truncate(true);
        options.open_path(path.as_ref().into())
    }

    /// Returns options with everything off.
    pub fn options() -> OpenOptions<R> {
        OpenOptions::new()
    }

    /// Creates a file from an open file, at its current position.
    pub fn from_std(file: fs::File) -> Self {
        File::opened(file, None, None)
    }

    /// Creates a file from an open file, with its own limiter.
    pub fn from_std_with(file: fs::File, limiter: &Arc<CapacityLimiter>) -> Self {
        File::opened(file, None, Some(limiter.clone()))
    }

    pub(crate) fn opened(
        file: fs::File,
        path: Option<&Path>,
        limiter: Option<Arc<CapacityLimiter>>,
    ) -> Self {
        let options = EngineOptions {
            limiter,
            ..engine_options()
        };
        File::with(Engine::new(file, path.map(Into::into), options))
    }

    pub(crate) fn with(engine: Engine<R>) -> Self {
        File {
            engine,
            seeking: None,
        }
    }

    /// Returns the open file, at its position, after everything is written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the file.
    ///
    /// # Errors
    ///
    /// Returns the error of a write that failed.
    pub async fn into_std(self) -> io::Result<fs::File> {
        let path = self.engine.path().map(Path::to_owned);
        let outcome = self.engine.into_std().await;
        outcome.map_err(|error| wrap("write", path.as_deref(), error))
    }

    /// Returns the limiter that the file was given.
    pub fn limiter(&self) -> Option<&Arc<CapacityLimiter>> {
        self.engine.options().limiter.as_ref()
    }

    /// Notes that the file was renamed.
    pub(crate) fn set_path(&mut self, path: &Path) {
        self.engine.set_path(path.into());
    }

    // ---- reading ----

    /// Reads some bytes. Returns 0 at the end of the file.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_read_some(cx, buffer))).await
    }

    /// Reads until the buffer is full.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// - [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) at the end of the file, as an
    ///   [`IncompleteRead`] with the number of bytes that there are. They remain unread.
    /// - Returns the error of the operating system.
    pub async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let wanted = buffer.len();
        let mut taken = Taken::new(self);
        while taken.bytes.len() < wanted {
            let missing = wanted - taken.bytes.len();
            if taken.fill(missing).await? == 0 {
                return Err(IncompleteRead::with(taken.bytes.len()).into());
            }
        }
        buffer.copy_from_slice(&taken.keep());
        Ok(())
    }

    /// Reads up to the end of the file, and appends to the buffer; returns the number of bytes.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the buffer has the bytes that were read.
    ///
    /// # Errors
    ///
    /// - [`OutOfMemory`](io::ErrorKind::OutOfMemory) if the buffer cannot grow.
    /// - Returns the error of the operating system.
    pub async fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let before = buffer.len();
        while self.read_chunk(buffer, usize::MAX).await? > 0 {}
        Ok(buffer.len() - before)
    }

    /// Reads text up to the end of the file, and appends it; returns the number of bytes.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// - [`InvalidData`](io::ErrorKind::InvalidData) if it is not UTF-8; it remains unread.
    /// - Returns the error of the operating system.
    pub async fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        let mut taken = Taken::new(self);
        while taken.fill(usize::MAX).await? > 0 {}
        let more = std::str::from_utf8(&taken.bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        text.push_str(more);
        Ok(taken.keep().len())
    }

    /// Reads at most `most` bytes, and appends them.
    async fn read_chunk(&mut self, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| {
            operation.poll(cx, |cx| {
                let bytes = ready!(self.poll_fill_some(cx, most.min(MOST)))?;
                let count = bytes.len().min(most);
                buffer
                    .try_reserve(count)
                    .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
                buffer.extend_from_slice(&bytes[..count]);
                self.engine.consume(count);
                Poll::Ready(Ok(count))
            })
        })
        .await
    }

    /// Returns the lines as a stream: without `\n` or `\r\n`, including a last line without an end.
    pub fn lines(self) -> Lines<R> {
        Lines::new(self)
    }

    /// Returns the pieces between bytes of this value as a stream.
    pub fn split(self, delimiter: u8) -> Split<R> {
        Split::new(self, delimiter)
    }

    /// Reads at a given offset, without moving the position; at most 512 KiB in one call. On systems other
    /// than Unix the position may be moved if the future is dropped.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; pipes and terminals do not have offsets.
    pub async fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut room = vec![0; buffer.len().min(MOST)];
        let read = move |file: &fs::File, _| {
            let count = os::read_at(file, &mut room, offset)?;
            room.truncate(count);
            Ok(room)
        };
        let bytes = self.call("read", false, read).await?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    // ---- writing ----

    /// Writes some bytes: they are accepted, and written while the caller continues.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was accepted.
    ///
    /// # Errors
    ///
    /// Returns the error of this write or of an earlier one.
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
    pub async fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let bytes = bytes[..bytes.len().min(MOST)].to_vec();
        let write = move |file: &fs::File, _| os::write_at(file, &bytes, offset);
        self.call("write", false, write).await
    }

    /// Writes everything, and makes the system write data and metadata to the disk.
    ///
    /// # Errors
    ///
    /// Returns the error of a write, or of the operating system.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.call("sync", false, |file, _| file.sync_all()).await
    }

    /// Writes everything, and makes the system write the data to the disk.
    ///
    /// # Errors
    ///
    /// Returns the error of a write, or of the operating system.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        self.call("sync", false, |file, _| file.sync_data()).await
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
    pub async fn close(mut self) -> io::Result<()> {
        let outcome = poll_fn(|cx| self.engine.poll_close(cx)).await;
        outcome.map_err(|error| self.wrap("write", error))
    }

    // ---- the position, and the file itself ----

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
    pub async fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let outcome = self.engine.seek(to).await;
        outcome.map_err(|error| self.wrap("seek in", error))
    }

    /// Returns the position, in bytes from the beginning.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; not every file has a position.
    pub async fn tell(&mut self) -> io::Result<u64> {
        let outcome = self.engine.tell().await;
        outcome.map_err(|error| self.wrap("seek in", error))
    }

    /// Sets the length of the file; added bytes are zero.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.call("set the length of", true, move |file, _| {
            file.set_len(length)
        })
        .await
    }

    /// Returns the metadata, after everything is written.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn metadata(&mut self) -> io::Result<Metadata> {
        self.call("look at", false, |file, _| file.metadata()).await
    }

    /// Sets the permissions.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()> {
        let set = move |file: &fs::File, _| file.set_permissions(permissions);
        self.call("set the permissions of", false, set).await
    }

    /// Locks the file for this handle alone, and waits while another handle has the lock.
    ///
    /// It polls the lock, with pauses that grow from 1 to 100 milliseconds, because a thread that waits for a
    /// lock of the system could not be interrupted.
    ///
    /// # Cancel safety
    ///
    /// If it is cancelled, it has the lock or not, and the result says which. If the future is dropped, the
    /// file may have the lock until it is unlocked or closed.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn lock(&mut self) -> io::Result<()> {
        self.lock_by(fs::File::try_lock).await
    }

    /// Locks the file for this handle and others that lock it by this method; see [`lock`](File::lock).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn lock_shared(&mut self) -> io::Result<()> {
        self.lock_by(fs::File::try_lock_shared).await
    }

    /// Locks the file for this handle alone if no other has it; returns whether it was locked.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn try_lock(&mut self) -> io::Result<bool> {
        self.try_lock_by(fs::File::try_lock).await
    }

    /// Locks the file in the way of [`lock_shared`](File::lock_shared) if that is possible at once;
    /// returns whether it was locked.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn try_lock_shared(&mut self) -> io::Result<bool> {
        self.try_lock_by(fs::File::try_lock_shared).await
    }

    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn unlock(&mut self) -> io::Result<()> {
        self.call("unlock", false, |file, _| file.unlock()).await
    }

    async fn lock_by(&mut self, lock: TryLock) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        while !self.try_lock_by(lock).await? {
            sleep::<R>(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    async fn try_lock_by(&mut self, lock: TryLock) -> io::Result<bool> {
        let attempt = move |file: &fs::File, _| match lock(file) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        };
        self.call("lock", false, attempt).await
    }

    /// Calls a function with the file, on a worker thread.
    async fn call<T: Send + 'static>(
        &mut self,
        operation: &'static str,
        set_back: bool,
        function: impl FnOnce(&fs::File, u64) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let outcome = self.engine.call(set_back, function).await;
        outcome.map_err(|error| self.wrap(operation, error))
    }

    fn wrap(&self, operation: &'static str, error: io::Error) -> io::Error {
        wrap(operation, self.engine.path(), error)
    }

    // ---- polls ----

    pub(crate) fn poll_fill_some(
        &mut self,
        cx: &mut Context<'_>,
        asked: usize,
    ) -> Poll<io::Result<&[u8]>> {
        if let Err(error) = ready!(self.engine.poll_fill(cx, asked)) {
            return Poll::Ready(Err(self.wrap("read", error)));
        }
        Poll::Ready(Ok(self.engine.unread()))
    }

    fn poll_read_some(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(self.engine.poll_read(cx, buffer));
        Poll::Ready(outcome.map_err(|error| self.wrap("read", error)))
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = ready!(self.engine.poll_accept(cx, bytes));
        Poll::Ready(outcome.map_err(|error| self.wrap("write", error)))
    }

    fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(self.engine.poll_flush(cx));
        Poll::Ready(outcome.map_err(|error| self.wrap("write", error)))
    }

    pub(super) fn consume_some(&mut self, count: usize) {
        self.engine.consume(count);
    }
}

type TryLock = fn(&fs::File) -> Result<(), TryLockError>;

fn wrap(operation: &'static str, path: Option<&Path>, error: io::Error) -> io::Error {
    match path {
        Some(path) if error.raw_os_error().is_some() => PathError::wrap(operation, path, error),
        _ => error,
    }
}

/// Bytes that an operation has read, and that are given back unless it keeps them.
struct Taken<'a, R: Runtime> {
    file: &'a mut File<R>,
    bytes: Vec<u8>,
}

impl<'a, R: Runtime> Taken<'a, R> {
    fn new(file: &'a mut File<R>) -> Taken<'a, R> {
        Taken {
            file,
            bytes: Vec::new(),
        }
    }

    async fn fill(&mut self, most: usize) -> io::Result<usize> {
        self.file.read_chunk(&mut self.bytes, most).await
    }

    fn keep(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl<R: Runtime> Drop for Taken<'_, R> {
    fn drop(&mut self) {
        self.file.engine.give_back(std::mem::take(&mut self.bytes));
    }
}

impl<R: Runtime> AsyncRead for File<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_read_some(cx, buffer)
    }
}

impl<R: Runtime> AsyncBufRead for File<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_fill_some(cx, 0)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().consume_some(count);
    }
}

impl<R: Runtime> AsyncWrite for File<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_some(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flush_all(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = ready!(this.engine.poll_close(cx));
        Poll::Ready(outcome.map_err(|error| this.wrap("write", error)))
    }
}

impl<R: Runtime> AsyncSeek for File<R> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        let outcome = ready!(this.engine.poll_seek(cx, to, &mut this.seeking));
        Poll::Ready(outcome.map_err(|error| this.wrap("seek in", error)))
    }
}

impl<R: Runtime> Attributes for File<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.engine.provide(demand);
    }
}

impl<R: Runtime> From<fs::File> for File<R> {
    fn from(file: fs::File) -> Self {
        File::from_std(file)
    }
}

impl<R: Runtime> fmt::Debug for File<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("engine", &self.engine)
            .finish()
    }
}
