//! Streams of text over byte streams.

mod decode;
mod operations;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use self::decode::{Decoded, decode};
pub use self::operations::{ReceiveText, SendText};
use super::buffered::Buffer;
use super::bytes::refuse_without_half_close;
use super::{
    Attributes, ByteReceiveStream, ByteSendStream, InvalidUtf8, ObjectReceiveStream,
    ObjectSendStream, ReceiveError, Request,
};
use crate::engine::{FallibleOperation, Wait, poll_state};

/// A stream of UTF-8 text over a byte stream. It receives if the byte stream does, and sends if that does.
///
/// The boundaries between [`send`](Self::send) calls are not visible to the peer: text arrives in pieces of
/// any size, of whole characters. Use [`BufferedByteStream`](super::BufferedByteStream) for lines and
/// messages.
///
/// Other encodings are not supported: decode the bytes with a crate for them. A byte order mark is treated
/// like any other character.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteSendStreamExt, TextStream, memory_byte_stream};
///
/// async fn in_two_halves() -> std::io::Result<()> {
///     let (mut bytes, text) = memory_byte_stream(1024);
///     let mut text = TextStream::new(text);
///     bytes.send(b"gr\xc3").await?;
///     assert_eq!(text.receive().await?, "gr");
///     bytes.send(b"\xbc\xc3\x9fe").await?;
///     assert_eq!(text.receive().await?, "üße");
///     text.send("auch so").await
/// }
/// # use std::{pin::pin, task::Waker};
/// # let mut cx = std::task::Context::from_waker(Waker::noop());
/// # assert!(matches!(pin!(in_two_halves()).poll(&mut cx), std::task::Poll::Ready(Ok(()))));
/// ```
pub struct TextStream<S> {
    stream: S,
    lossy: bool,
    /// The bytes that were received and not decoded.
    buffer: Buffer,
    ended: bool,
    /// The number of bytes that were decoded.
    decoded: u64,
    /// The rest of a text whose `send` was dropped.
    unsent: Vec<u8>,
}

impl<S> TextStream<S> {
    /// Creates a text stream. Bytes that are not UTF-8 are an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send("é".as_bytes()).await?;
    /// assert_eq!(TextStream::new(receiver).receive().await?, "é");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(stream: S) -> TextStream<S> {
        TextStream {
            stream,
            lossy: false,
            buffer: Buffer::default(),
            ended: false,
            decoded: 0,
            unsent: Vec::new(),
        }
    }

    /// Creates a text stream that replaces bytes that are not UTF-8 with
    /// [U+FFFD](char::REPLACEMENT_CHARACTER), like [`String::from_utf8_lossy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(b"to\xffbe").await?;
    /// assert_eq!(TextStream::lossy(receiver).receive().await?, "to\u{fffd}be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn lossy(stream: S) -> TextStream<S> {
        TextStream {
            lossy: true,
            ..TextStream::new(stream)
        }
    }

    /// Returns the inner byte stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{MemoryByteReceiveStream, TextStream, memory_byte_pipe};
    ///
    /// let (_sender, receiver) = memory_byte_pipe(16);
    /// let text = TextStream::new(receiver);
    /// let bytes: &MemoryByteReceiveStream = text.stream();
    /// # let _ = bytes;
    /// ```
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Splits into the inner byte stream and the bytes that were received and not decoded.
    ///
    /// The rest of a text whose `send` was dropped is lost. If that matters, send something first, such as an
    /// empty text.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(b"to be\xc3").await?;
    /// let mut text = TextStream::new(receiver);
    /// assert_eq!(text.receive().await?, "to be");
    /// let (_bytes, undecoded) = text.into_parts();
    /// assert_eq!(undecoded, b"\xc3", "half a character");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_parts(mut self) -> (S, Vec<u8>) {
        let undecoded = self.buffer.take(self.buffer.len());
        (self.stream, undecoded)
    }
}

impl<S: ByteReceiveStream> TextStream<S> {
    /// Polls for decoded text. The loop ends: each further round adds bytes, or notes the end of the stream.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<String>> {
        loop {
            match decode(self.buffer.bytes(), self.lossy, self.ended) {
                Decoded::Text(text, used) => {
                    self.buffer.consume(used);
                    self.decoded += used as u64;
                    return Poll::Ready(Ok(text));
                }
                Decoded::Invalid { at_the_end } => {
                    let error = InvalidUtf8::new(self.decoded, at_the_end);
                    return Poll::Ready(Err(error.into()));
                }
                Decoded::Nothing if self.ended => {
                    return Poll::Ready(Err(ReceiveError::EndOfStream.into()));
                }
                Decoded::Nothing => {
                    let received = ready!(self.buffer.poll_fill(&mut self.stream, cx))?;
                    self.ended = received == 0;
                }
            }
        }
    }
}

impl<S: ByteSendStream> TextStream<S> {
    /// Ends the sending direction. Receiving continues to work. Calling it again has no effect.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the end was sent or not; the call can be repeated.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](io::ErrorKind::Unsupported) if the byte stream cannot end one direction alone (see
    ///   [`HalfClose`](super::HalfClose)); the stream remains usable.
    /// - Any other error of the byte stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{TextStream, is_end_of_stream, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (near, far) = memory_byte_stream(16);
    /// let (mut near, mut far) = (TextStream::new(near), TextStream::new(far));
    /// near.send_eof().await?;
    /// assert!(is_end_of_stream(&far.receive().await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn send_eof(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        let mut operation = FallibleOperation::new();
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                refuse_without_half_close(&self.stream)?;
                self.poll_close(cx)
            })
        })
    }

    /// Closes the stream gracefully: ends the sending direction, then drops the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream at once.
    ///
    /// # Errors
    ///
    /// Any error of the byte stream; the stream is closed nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{TextStream, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (near, far) = memory_byte_stream(16);
    /// let (mut near, mut far) = (TextStream::new(near), TextStream::new(far));
    /// near.send("bye").await?;
    /// near.close().await?;
    /// assert_eq!(far.receive().await?, "bye");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(mut self) -> io::Result<()> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_close(cx))).await
    }

    /// Sends the rest of a dropped `send`, then closes the byte stream.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = match self.poll_unsent(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_close(cx),
            other => other,
        };
        if outcome.is_pending() {
            poll_state::waits_for(Wait::Sending);
        }
        outcome
    }

    /// Sends the rest of a dropped `send`.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: ByteReceiveStream> ObjectReceiveStream for TextStream<S> {
    type Item = String;
    type ReceiveError = io::Error;

    fn receive(&mut self) -> impl Future<Output = io::Result<String>> + Send {
        TextStream::receive(self)
    }
}

impl<S: ByteSendStream, T: AsRef<str> + Send> ObjectSendStream<T> for TextStream<S> {
    type SendError = io::Error;

    fn send(&mut self, text: T) -> impl Future<Output = io::Result<()>> + Send {
        TextStream::send(self, text)
    }

    fn send_eof(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        TextStream::send_eof(self)
    }
}

impl<S: Attributes> Attributes for TextStream<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.stream.provide(demand);
    }
}

impl<S: fmt::Debug> fmt::Debug for TextStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextStream")
            .field("stream", &self.stream)
            .field("lossy", &self.lossy)
            .field("undecoded", &self.buffer.len())
            .field("unsent", &self.unsent.len())
            .finish_non_exhaustive()
    }
}
