//! The operations of [`BufferedByteStream`], and their futures.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::BufferedByteStream;
use super::search::Found;
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::stream::{ByteReceiveStream, DelimiterNotFound, IncompleteRead};

impl<S: ByteReceiveStream> BufferedByteStream<S> {
    /// Receives exactly `count` bytes. Bytes after them stay in the buffer.
    ///
    /// Memory is allocated as bytes arrive, so a number that a peer has sent costs nothing in itself. Limit
    /// it nevertheless: the peer may send that many bytes. A call for 0 bytes does not wait.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, received bytes stay in the
    /// buffer.
    ///
    /// # Errors
    ///
    /// - [`IncompleteRead`](crate::stream::IncompleteRead) if the stream ends too early: see
    ///   [`is_incomplete_read`](crate::stream::is_incomplete_read). The bytes that arrived are in the buffer;
    ///   if that is [empty](Self::buffered), the stream ended between messages.
    /// - Any other error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// sender.send(&[0, 0, 0, 2, b'o', b'k']).await?;
    /// let mut stream = BufferedByteStream::new(receiver);
    /// let length = u32::from_be_bytes(stream.receive_exactly(4).await?.try_into().unwrap());
    /// assert_eq!(stream.receive_exactly(length as usize).await?, b"ok");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn receive_exactly(&mut self, count: usize) -> ReceiveExactly<'_, S> {
        ReceiveExactly::new(self, count)
    }

    /// Receives all bytes up to a delimiter, at most `max`, and the delimiter itself, which is removed and
    /// not returned. Bytes after it stay in the buffer.
    ///
    /// In addition to the bytes that were buffered before, the buffer holds at most `max` bytes, the
    /// delimiter and a chunk of 64 KiB.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, received bytes stay in the
    /// buffer, and the next call for the same delimiter continues the search.
    ///
    /// # Errors
    ///
    /// - [`DelimiterNotFound`](crate::stream::DelimiterNotFound) if more than `max` bytes come before the
    ///   delimiter: see [`is_delimiter_not_found`](crate::stream::is_delimiter_not_found). They stay in the
    ///   buffer.
    /// - [`IncompleteRead`](crate::stream::IncompleteRead) as for
    ///   [`receive_exactly`](Self::receive_exactly).
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the delimiter is empty.
    /// - Any other error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// sender.send(b"first\nsecond\n").await?;
    /// let mut stream = BufferedByteStream::new(receiver);
    /// assert_eq!(stream.receive_until(b"\n", 100).await?, b"first");
    /// assert_eq!(stream.receive_until(b"\n", 100).await?, b"second");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn receive_until<'a>(&'a mut self, delimiter: &'a [u8], max: usize) -> ReceiveUntil<'a, S> {
        ReceiveUntil::new(self, delimiter, max)
    }
}

/// The future of [`BufferedByteStream::receive_exactly`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveExactly<'a, S> {
    stream: &'a mut BufferedByteStream<S>,
    count: usize,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S> ReceiveExactly<'a, S> {
    fn new(stream: &'a mut BufferedByteStream<S>, count: usize) -> Self {
        ReceiveExactly {
            stream,
            count,
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteReceiveStream> Future for ReceiveExactly<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (stream, count) = (&mut *this.stream, this.count);
        this.operation.poll(cx, |cx| {
            // Ends: each round adds at least one byte, or returns.
            while stream.buffer.len() < count {
                ready!(poll_more(stream, cx))?;
            }
            Poll::Ready(Ok(stream.buffer.take(count)))
        })
    }
}

/// The future of [`BufferedByteStream::receive_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveUntil<'a, S> {
    stream: &'a mut BufferedByteStream<S>,
    delimiter: &'a [u8],
    max: usize,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S> ReceiveUntil<'a, S> {
    fn new(stream: &'a mut BufferedByteStream<S>, delimiter: &'a [u8], max: usize) -> Self {
        ReceiveUntil {
            stream,
            delimiter,
            max,
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteReceiveStream> Future for ReceiveUntil<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (stream, delimiter, max) = (&mut *this.stream, this.delimiter, this.max);
        this.operation.poll(cx, |cx| {
            if delimiter.is_empty() {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the delimiter is empty: use at least one byte",
                )));
            }
            // Ends: each round adds at least one byte or returns, and `max` bounds the search.
            loop {
                match stream.buffer.find(delimiter, max) {
                    Found::At(place) => {
                        let bytes = stream.buffer.take(place);
                        stream.buffer.consume(delimiter.len());
                        return Poll::Ready(Ok(bytes));
                    }
                    Found::TooFar => {
                        return Poll::Ready(Err(DelimiterNotFound::within(max).into()));
                    }
                    Found::NotYet => ready!(poll_more(stream, cx))?,
                }
            }
        })
    }
}

/// Waits for one more chunk. The end of the stream is an error here.
fn poll_more<S: ByteReceiveStream>(
    stream: &mut BufferedByteStream<S>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    match stream.poll_fill(cx) {
        Poll::Ready(Ok(0)) => {
            let buffered = stream.buffer.len();
            Poll::Ready(Err(IncompleteRead::with(buffered).into()))
        }
        Poll::Ready(outcome) => Poll::Ready(outcome.map(drop)),
        Poll::Pending => {
            poll_state::waits_for(Wait::Bytes);
            Poll::Pending
        }
    }
}
