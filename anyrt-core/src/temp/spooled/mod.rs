//! A file that is in memory while it is small.
//!
//! ```text
//!   Memory ──── a write or a length beyond the limit ───▶ Moving ──▶ File
//!      ▲                                                    │
//!      └───────── the system refuses the file ──────────────┘
//! ```
//!
//! The value owns the call that moves the bytes; the operation that started it does not. The next operation
//! receives its outcome. So a cancelled move is carried out as a whole (rule [T4](crate::rules#t4)).

mod memory;
mod place;
mod roll;
mod traits;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use self::memory::Memory;
use self::place::Place;
use crate::disk::Handle;
use crate::engine::FallibleOperation;
use crate::fs::File;
use crate::fs::call::Limiter;
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
///
/// [`AsyncRead`]: futures_io::AsyncRead
/// [`AsyncBufRead`]: futures_io::AsyncBufRead
/// [`AsyncWrite`]: futures_io::AsyncWrite
/// [`AsyncSeek`]: futures_io::AsyncSeek
pub struct SpooledTempFile<R: Runtime> {
    max: usize,
    folder: PathBuf,
    limiter: Limiter,
    state: SpoolState<R>,
}

enum SpoolState<R: Runtime> {
    Memory(Memory),
    Moving(OwnedCall<Result<Handle, (io::Error, Memory)>>),
    File(Box<File<R>>),
}

impl<R: Runtime> SpooledTempFile<R> {
    pub(super) fn new(max: usize, folder: PathBuf, limiter: Limiter) -> SpooledTempFile<R> {
        SpooledTempFile {
            max,
            folder,
            limiter,
            state: SpoolState::Memory(Memory::default()),
        }
    }

    /// Returns whether the bytes are in a file, or are being moved to one.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(4);
    /// file.write_all(b"to").await?;
    /// assert!(!file.is_rolled());
    /// file.write_all(b" be or not").await?;
    /// assert!(file.is_rolled());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_rolled(&self) -> bool {
        !matches!(self.state, SpoolState::Memory(_))
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// file.seek(SeekFrom::Start(3)).await?;
    /// let mut buffer = [0; 8];
    /// assert_eq!(file.read(&mut buffer).await?, 2);
    /// assert_eq!(&buffer[..2], b"be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// file.seek(SeekFrom::Start(0)).await?;
    /// let mut all = Vec::new();
    /// assert_eq!(file.read_to_end(&mut all).await?, 5);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut operation = FallibleOperation::<io::Error>::new();
        let count = poll_fn(|cx| {
            operation.poll(cx, |cx| {
                ready!(self.poll_moved(cx))?;
                let SpoolState::Memory(memory) = &mut self.state else {
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
            (None, SpoolState::File(file)) => file.read_to_end(buffer).await,
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
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// let count = file.write(b"to be").await?;
    /// assert_eq!(file.tell().await?, count as u64);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// assert_eq!(file.tell().await?, 5);
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

    /// Waits until the operating system has all accepted bytes, if they are in a file.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the rest is written nevertheless.
    ///
    /// # Errors
    ///
    /// Returns the error of a write.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(2);
    /// file.write_all(b"to be").await?;
    /// file.flush().await?; // reports the error of a write that failed in the background
    /// assert!(file.is_rolled());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// assert_eq!(file.seek(SeekFrom::End(-2)).await?, 3);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
            (None, SpoolState::File(file)) => file.seek(to).await,
            (position, _) => Ok(position.unwrap_or(0)),
        }
    }

    /// Returns the position, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// assert_eq!(file.tell().await?, 5);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::spooled(100);
    /// file.write_all(b"to be").await?;
    /// file.set_len(2).await?;
    /// assert_eq!(file.seek(SeekFrom::End(0)).await?, 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut operation = FallibleOperation::<io::Error>::new();
        let is_set = poll_fn(|cx| {
            operation.poll(cx, |cx| {
                ready!(self.poll_moved(cx))?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > self.max {
                    ready!(self.poll_roll(cx))?;
                }
                let SpoolState::Memory(memory) = &mut self.state else {
                    return Poll::Ready(Ok(false));
                };
                Poll::Ready(memory.set_len(length).map(|()| true))
            })
        });
        match (is_set.await?, &mut self.state) {
            (false, SpoolState::File(file)) => file.set_len(length).await,
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
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut spooled = anyrt::temp::spooled(100);
    /// spooled.write_all(b"to be").await?;
    /// let mut file = spooled.into_file().await?;
    /// assert_eq!(file.metadata().await?.len(), 5);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn into_file(mut self) -> io::Result<File<R>> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_roll(cx))).await?;
        match self.state {
            SpoolState::File(file) => Ok(*file),
            _ => unreachable!("everything was moved"),
        }
    }
}

impl<R: Runtime> Attributes for SpooledTempFile<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        if let SpoolState::File(file) = &self.state {
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
