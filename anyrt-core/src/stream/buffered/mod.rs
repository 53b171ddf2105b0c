//! Byte streams with a buffer: receive an exact number of bytes, or all bytes up to a delimiter.
//!
//! Received bytes that are not used yet are in one `Buffer`, which moves each byte once on average. A search
//! continues where it stopped, so that small pieces and interrupted calls have no extra cost.

mod buffer;
mod operations;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};

pub(super) use self::buffer::Buffer;
pub use self::operations::{ReceiveExactly, ReceiveUntil};
use super::{Attributes, Request};

/// A byte stream with a buffer for received bytes. It can receive an exact number of bytes, or all bytes up
/// to a delimiter.
///
/// It sends if the inner stream does; sent bytes are not buffered. The attributes are those of the inner
/// stream.
///
/// Each byte is searched once, and moved once on average, however small the received pieces are.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{
///     BufferedByteStream, ByteReceiveStream, ByteSendStreamExt, memory_byte_pipe,
/// };
///
/// /// A line that says how long the message is, and the message.
/// async fn message<S: ByteReceiveStream>(
///     stream: &mut BufferedByteStream<S>,
/// ) -> std::io::Result<Vec<u8>> {
///     let line = stream.receive_until(b"\r\n", 20).await?;
///     let length = String::from_utf8(line).ok().and_then(|line| line.parse().ok());
///     let length = length.filter(|length| *length <= 65_536);
///     let length = length.ok_or(std::io::ErrorKind::InvalidData)?;
///     stream.receive_exactly(length).await
/// }
///
/// async fn two_messages() -> std::io::Result<()> {
///     let (mut sender, receiver) = memory_byte_pipe(1024);
///     sender.send(b"5\r\nhello8\r\ngood bye").await?;
///     let mut receiver = BufferedByteStream::new(receiver);
///     assert_eq!(message(&mut receiver).await?, b"hello");
///     assert_eq!(message(&mut receiver).await?, b"good bye");
///     Ok(())
/// }
/// # use std::{pin::pin, task::Waker};
/// # let mut cx = std::task::Context::from_waker(Waker::noop());
/// # assert!(matches!(pin!(two_messages()).poll(&mut cx), std::task::Poll::Ready(Ok(()))));
/// ```
pub struct BufferedByteStream<S> {
    stream: S,
    buffer: Buffer,
}

/// The size from which reads bypass the buffer while that is empty.
const LARGE_READ: usize = 8 * 1024;

impl<S> BufferedByteStream<S> {
    /// Wraps a stream, with an empty buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// sender.send(b"GET / HTTP/1.1\r\n").await?;
    /// let mut stream = BufferedByteStream::new(receiver);
    /// assert_eq!(stream.receive_until(b"\r\n", 100).await?, b"GET / HTTP/1.1");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(stream: S) -> BufferedByteStream<S> {
        BufferedByteStream {
            stream,
            buffer: Buffer::default(),
        }
    }

    /// Appends bytes to the buffer, as if they had just been received.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// let mut stream = BufferedByteStream::new(receiver);
    /// stream.feed_data(b"to ");
    /// sender.send(b"be").await?;
    /// assert_eq!(stream.receive_exactly(5).await?, b"to be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn feed_data(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
    }

    /// Returns the buffered bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// sender.send(b"to be").await?;
    /// let mut stream = BufferedByteStream::new(receiver);
    /// stream.receive_exactly(2).await?;
    /// assert_eq!(stream.buffered(), b" be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn buffered(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Returns the inner stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, MemoryByteReceiveStream, memory_byte_pipe};
    ///
    /// let (_sender, receiver) = memory_byte_pipe(32);
    /// let stream = BufferedByteStream::new(receiver);
    /// let _inner: &MemoryByteReceiveStream = stream.stream();
    /// assert!(stream.buffered().is_empty());
    /// ```
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Returns the inner stream. Bytes that are received from it directly come after those that are
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (stream, mut peer) = memory_byte_stream(32);
    /// let mut stream = BufferedByteStream::new(stream);
    /// stream.stream_mut().send(b"hello").await?;
    /// assert_eq!(peer.receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Splits into the inner stream and the buffered bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(32);
    /// sender.send(b"head\nbody").await?;
    /// let mut stream = BufferedByteStream::new(receiver);
    /// stream.receive_until(b"\n", 100).await?;
    /// let (_receiver, buffered) = stream.into_parts();
    /// assert_eq!(buffered, b"body");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_parts(mut self) -> (S, Vec<u8>) {
        let unused = self.buffer.take(self.buffer.len());
        (self.stream, unused)
    }
}

impl<S: AsyncRead + Unpin> BufferedByteStream<S> {
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.poll_fill(&mut self.stream, cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BufferedByteStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.buffer.is_empty() {
            if buffer.is_empty() || buffer.len() >= LARGE_READ {
                return Pin::new(&mut this.stream).poll_read(cx, buffer);
            }
            ready!(this.poll_fill(cx))?;
        }
        let bytes = this.buffer.bytes();
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        this.buffer.consume(count);
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + Unpin> AsyncBufRead for BufferedByteStream<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.buffer.is_empty() {
            ready!(this.poll_fill(cx))?;
        }
        Poll::Ready(Ok(this.buffer.bytes()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().buffer.consume(count);
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BufferedByteStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl<S: Attributes> Attributes for BufferedByteStream<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.stream.provide(demand);
    }
}

impl<S: fmt::Debug> fmt::Debug for BufferedByteStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferedByteStream")
            .field("stream", &self.stream)
            .field("buffered", &self.buffer.len())
            .finish()
    }
}
