use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use super::calls::{CHUNK, Call, Calls};
use crate::engine::FallibleOperation;
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
    calls: Calls<R>,
    /// What of the calls' buffer was read and not received. A call that is running has the buffer.
    unread: Range<usize>,
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
    /// What the system says.
    pub fn open(path: impl Into<PathBuf>) -> impl Future<Output = io::Result<Self>> + Send {
        let path = path.into();
        async {
            Ok(Self::with(
                Calls::open(path, |path| File::open(path)).await?,
            ))
        }
    }

    /// Takes over a file that is open for reading, at its position.
    pub fn from_std(file: File) -> Self {
        Self::with(Calls::new(file, None))
    }

    fn with(calls: Calls<R>) -> Self {
        FileReadStream {
            calls,
            unread: 0..0,
        }
    }

    /// Moves the position, and says where it is then, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the position was moved or not.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) for a position before the beginning.
    /// - What the system says; not every file has a position.
    pub fn seek(&mut self, to: SeekFrom) -> impl Future<Output = io::Result<u64>> + Send {
        let mut operation = FallibleOperation::new();
        let mut begun = false;
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                loop {
                    // What an earlier call brought that nobody waited for is no business of this one.
                    match ready!(self.poll_call(cx)) {
                        Some((_, outcome)) if begun => return Poll::Ready(outcome),
                        Some(_) => {}
                        None => {
                            self.calls.begin(Call::Seek(self.as_the_file_counts(to)?));
                            begun = true;
                        }
                    }
                }
            })
        })
    }

    /// Where the next byte stands that is received, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    ///
    /// # Errors
    ///
    /// What the system says; not every file has a position.
    pub fn tell(&mut self) -> impl Future<Output = io::Result<u64>> + Send {
        self.seek(SeekFrom::Current(0))
    }

    /// Closes the file, on a worker thread. Dropping the stream closes it too, on this one.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the file at once, or as soon as the call that is running has ended.
    pub async fn close(mut self) {
        poll_fn(|cx| self.calls.poll_close(cx)).await;
    }

    /// The file is ahead of the stream by what was read and not received.
    fn as_the_file_counts(&self, to: SeekFrom) -> io::Result<SeekFrom> {
        let SeekFrom::Current(distance) = to else {
            return Ok(to);
        };
        let ahead = i64::try_from(self.unread.len()).ok();
        let distance = ahead.and_then(|ahead| distance.checked_sub(ahead));
        distance.map(SeekFrom::Current).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "no file begins so far before this position",
            )
        })
    }

    /// Waits for the call that is running, and notes what it did; none if there is none.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Call, io::Result<u64>)>> {
        let done = ready!(self.calls.poll(cx));
        match &done {
            Some((Call::Read, Ok(count))) => {
                self.unread = 0..usize::try_from(*count).unwrap_or(usize::MAX);
            }
            Some((Call::Seek(_), Ok(_))) => self.unread = 0..0,
            _ => {}
        }
        Poll::Ready(done)
    }
}

impl<R: Runtime> AsyncRead for FileReadStream<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            // Also if there is something to receive: a call that is running has the buffer, and
            // moves the position.
            match ready!(this.poll_call(cx)) {
                None if !this.unread.is_empty() => break,
                None => {
                    this.calls.buffer.resize(buffer.len().min(CHUNK), 0);
                    this.calls.begin(Call::Read);
                }
                Some((Call::Read, Err(error))) => return Poll::Ready(Err(error)),
                Some((Call::Read, Ok(0))) => return Poll::Ready(Ok(0)),
                // Something to receive; or a seek that nobody waited for.
                Some(_) => {}
            }
        }
        let bytes = &this.calls.buffer[this.unread.clone()];
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        this.unread.start += count;
        Poll::Ready(Ok(count))
    }
}

impl<R: Runtime> Attributes for FileReadStream<R> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.calls.provide(demand);
    }
}

impl<R: Runtime> fmt::Debug for FileReadStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReadStream")
            .field("calls", &self.calls)
            .field("unread", &self.unread.len())
            .finish()
    }
}
