//! A file that is in memory while it is small.
//!
//! ```text
//!   Memory ──── a write or a length beyond the limit ───▶ Moving ──▶ File
//!      ▲                                                    │
//!      └───────── the system refuses the file ──────────────┘
//! ```
//!
//! The value owns the call that moves the bytes; the operation that started it does not. The next operation
//! receives its outcome. So a cancelled move is carried out as a whole (rule T4).

use std::future::poll_fn;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, fs, mem};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::builder::CREATE_FILE;
use crate::engine::FallibleOperation;
use crate::fs::call::{Limiter, check};
use crate::fs::{File, PathError};
use crate::runtime::Runtime;
use crate::stream::{Attributes, Request};
use crate::thread::OwnedCall;

/// A temporary file that is in memory while it is small.
///
/// It implements [`AsyncRead`], [`AsyncBufRead`], [`AsyncWrite`] and [`AsyncSeek`] of `futures::io`. In
/// memory its operations do not use worker threads. A write that would exceed the limit first moves
/// everything to a file without a name, in one call, and so does [`set_len`](SpooledTempFile::set_len).
///
/// # Cancel safety
///
/// The operations are cancel points. A move that has started is carried out, whether or not the operation is
/// cancelled or dropped.
///
/// # Panics
///
/// Operations panic if a worker thread is needed and there is no current runtime.
pub struct SpooledTempFile<R: Runtime> {
    max: usize,
    folder: PathBuf,
    limiter: Limiter,
    state: State<R>,
}

enum State<R: Runtime> {
    Memory(Memory),
    Moving(OwnedCall<Result<fs::File, (io::Error, Memory)>>),
    File(Box<File<R>>),
}

#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
    /// At most `i64::MAX`, as in a file.
    position: u64,
}

impl Memory {
    fn rest(&self) -> &[u8] {
        let begin = usize::try_from(self.position).unwrap_or(usize::MAX);
        self.bytes.get(begin..).unwrap_or(&[])
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.rest();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        count
    }

    /// Writes at the position; `end` is the position afterwards.
    fn write(&mut self, bytes: &[u8], end: usize) -> io::Result<()> {
        if self.bytes.len() < end {
            self.set_len(end)?;
        }
        self.bytes[end - bytes.len()..end].copy_from_slice(bytes);
        self.position = end as u64;
        Ok(())
    }

    fn set_len(&mut self, length: usize) -> io::Result<()> {
        let more = length.saturating_sub(self.bytes.len());
        let reserved = self.bytes.try_reserve(more);
        reserved.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.bytes.resize(length, 0);
        Ok(())
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => (self.bytes.len() as u64).checked_add_signed(by),
        };
        let position = position.filter(|position| i64::try_from(*position).is_ok());
        let message = "the position is before the beginning or too large";
        self.position =
            position.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        Ok(self.position)
    }

    fn write_to(&self, mut file: &fs::File) -> io::Result<()> {
        file.write_all(&self.bytes)?;
        file.seek(SeekFrom::Start(self.position))?;
        Ok(())
    }
}

impl<R: Runtime> SpooledTempFile<R> {
    pub(super) fn new(max: usize, folder: PathBuf, limiter: Limiter) -> SpooledTempFile<R> {
        SpooledTempFile {
            max,
            folder,
            limiter,
            state: State::Memory(Memory::default()),
        }
    }

    /// Returns whether the bytes are in a file, or are being moved to one.
    pub fn is_rolled(&self) -> bool {
        !matches!(self.state, State::Memory(_))
    }

    /// Reads some bytes. Returns 0 at the end.
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
        poll_fn(|cx| operation.poll(cx, |cx| Pin::new(&mut *self).poll_read(cx, buffer))).await
    }

    /// Reads up to the end, and appends to the buffer; returns the number of bytes.
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
        let mut operation = FallibleOperation::<io::Error>::new();
        let count = poll_fn(|cx| {
            operation.poll(cx, |cx| {
                ready!(self.poll_moved(cx))?;
                let State::Memory(memory) = &mut self.state else {
                    return Poll::Ready(Ok(None));
                };
                let rest = memory.rest();
                let reserved = buffer.try_reserve(rest.len());
                reserved.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
                buffer.extend_from_slice(rest);
                let count = rest.len();
                memory.position += count as u64;
                Poll::Ready(Ok(Some(count)))
            })
        });
        match (count.await?, &mut self.state) {
            (None, State::File(file)) => file.read_to_end(buffer).await,
            (count, _) => Ok(count.unwrap_or(0)),
        }
    }

    /// Writes some bytes. In a file they are accepted, and written while the caller continues.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was accepted. All
    /// bytes may have been moved to a file.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system. If it has refused the file, the bytes of earlier writes
    /// are still in memory.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| Pin::new(&mut *self).poll_write(cx, bytes))).await
    }

    /// Writes all of the bytes. In a file they are accepted, and written while the caller continues.
    ///
    /// # Cancel safety
    ///
    /// This method is **not** cancel safe: if the future is dropped, a part of the bytes may have been
    /// accepted, if they go to a file.
    ///
    /// # Errors
    ///
    /// As [`write`](SpooledTempFile::write).
    pub async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Waits until the operating system has all accepted bytes, if they are in a file.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the rest is written nevertheless.
    ///
    /// # Errors
    ///
    /// Returns the error of a write.
    pub async fn flush(&mut self) -> io::Result<()> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| Pin::new(&mut *self).poll_flush(cx))).await
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
    /// - Returns the error of the operating system.
    pub async fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut operation = FallibleOperation::<io::Error>::new();
        let moved = poll_fn(|cx| {
            operation.poll(cx, |cx| {
                Poll::Ready(match ready!(self.poll_place(cx))? {
                    Place::Memory(memory) => memory.seek(to).map(Some),
                    Place::File(_) => Ok(None),
                })
            })
        });
        match (moved.await?, &mut self.state) {
            (None, State::File(file)) => file.seek(to).await,
            (position, _) => Ok(position.unwrap_or(0)),
        }
    }

    /// Returns the position, in bytes from the beginning.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn tell(&mut self) -> io::Result<u64> {
        self.seek(SeekFrom::Current(0)).await
    }

    /// Sets the length; added bytes are zero. A length above the limit moves everything to a file.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the length was set or not.
    ///
    /// # Errors
    ///
    /// - [`OutOfMemory`](io::ErrorKind::OutOfMemory) if there is not enough memory.
    /// - Returns the error of the operating system.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut operation = FallibleOperation::<io::Error>::new();
        let is_set = poll_fn(|cx| {
            operation.poll(cx, |cx| {
                ready!(self.poll_moved(cx))?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > self.max {
                    ready!(self.poll_roll(cx))?;
                }
                let State::Memory(memory) = &mut self.state else {
                    return Poll::Ready(Ok(false));
                };
                Poll::Ready(memory.set_len(length).map(|()| true))
            })
        });
        match (is_set.await?, &mut self.state) {
            (false, State::File(file)) => file.set_len(length).await,
            _ => Ok(()),
        }
    }

    /// Moves everything to a file without a name, if it is not in one yet, and returns that file.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, everything is dropped.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; the bytes are lost then.
    pub async fn into_file(mut self) -> io::Result<File<R>> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_roll(cx))).await?;
        match self.state {
            State::File(file) => Ok(*file),
            _ => unreachable!("everything was moved"),
        }
    }

    // ---- moving ----

    /// Waits for the move, if there is one. If it fails, everything is in memory again.
    fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let State::Moving(call) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let (state, outcome) = match ready!(call.poll(cx)) {
            Ok(file) => {
                let file = File::opened(file, None, self.limiter.clone());
                (State::File(Box::new(file)), Ok(()))
            }
            Err((error, memory)) => (State::Memory(memory), Err(error)),
        };
        self.state = state;
        Poll::Ready(outcome)
    }

    /// Moves everything to a file, if it is in memory.
    fn poll_roll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_moved(cx))?;
        let State::Memory(memory) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        check(CREATE_FILE, &self.folder)?;
        let (memory, folder) = (mem::take(memory), self.folder.clone());
        let work = move || {
            let created = tempfile::tempfile_in(&folder);
            let written = created.and_then(|file| memory.write_to(&file).map(|()| file));
            written.map_err(|error| (PathError::wrap(CREATE_FILE, &folder, error), memory))
        };
        let call = OwnedCall::start::<R, _>(self.limiter.as_ref(), false, work);
        self.state = State::Moving(call);
        self.poll_moved(cx)
    }

    /// Waits for a move, and returns the file if there is one.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Place<'_, R>>> {
        ready!(self.poll_moved(cx))?;
        Poll::Ready(Ok(match &mut self.state {
            State::Memory(memory) => Place::Memory(memory),
            State::File(file) => Place::File(Pin::new(&mut **file)),
            State::Moving(_) => unreachable!("the move has ended"),
        }))
    }
}

/// The place of the bytes.
enum Place<'a, R: Runtime> {
    Memory(&'a mut Memory),
    File(Pin<&'a mut File<R>>),
}

impl<R: Runtime> AsyncRead for SpooledTempFile<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(Ok(memory.read(buffer))),
            Place::File(file) => file.poll_read(cx, buffer),
        }
    }
}

impl<R: Runtime> AsyncBufRead for SpooledTempFile<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(Ok(memory.rest())),
            Place::File(file) => file.get_mut().poll_fill_some(cx, 0),
        }
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        match &mut self.get_mut().state {
            State::Memory(memory) => memory.position += count.min(memory.rest().len()) as u64,
            State::File(file) => Pin::new(&mut **file).consume(count),
            State::Moving(_) => {}
        }
    }
}

impl<R: Runtime> AsyncWrite for SpooledTempFile<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let max = this.max as u64;
        if let Place::Memory(memory) = ready!(this.poll_place(cx))? {
            let end = memory.position.saturating_add(bytes.len() as u64);
            match usize::try_from(end) {
                _ if bytes.is_empty() => return Poll::Ready(Ok(0)),
                Ok(end) if end as u64 <= max => {
                    return Poll::Ready(memory.write(bytes, end).map(|()| bytes.len()));
                }
                _ => ready!(this.poll_roll(cx))?,
            }
        }
        match ready!(this.poll_place(cx))? {
            Place::Memory(_) => unreachable!("everything was moved"),
            Place::File(file) => file.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(_) => Poll::Ready(Ok(())),
            Place::File(file) => file.poll_flush(cx),
        }
    }

    /// Closes the file; bytes in memory stay there.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(_) => Poll::Ready(Ok(())),
            Place::File(file) => file.poll_close(cx),
        }
    }
}

impl<R: Runtime> AsyncSeek for SpooledTempFile<R> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(memory.seek(to)),
            Place::File(file) => file.poll_seek(cx, to),
        }
    }
}

impl<R: Runtime> Attributes for SpooledTempFile<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        if let State::File(file) = &self.state {
            file.provide(demand);
        }
    }
}

impl<R: Runtime> fmt::Debug for SpooledTempFile<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledTempFile")
            .field("max", &self.max)
            .field("is_rolled", &self.is_rolled())
            .finish_non_exhaustive()
    }
}
