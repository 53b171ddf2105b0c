//! The operations of [`TextStream`], and their futures.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::TextStream;
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::stream::{ByteReceiveStream, ByteSendStream};

impl<S: ByteReceiveStream> TextStream<S> {
    /// Receives some text: at least one character, and never a part of one.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [End of stream](crate::stream::is_end_of_stream) if the peer has closed its side.
    /// - [`InvalidUtf8`](crate::stream::InvalidUtf8), by every further call, if received bytes are not text,
    ///   or the stream ends inside a character: see [`is_invalid_utf8`](crate::stream::is_invalid_utf8). All
    ///   text before has been received. Never returned by a [lossy](Self::lossy) stream.
    /// - Any other error of the byte stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// let mut text = TextStream::new(receiver);
    /// let bytes = "née".as_bytes();
    /// sender.send(&bytes[..2]).await?; // ends within a character
    /// assert_eq!(text.receive().await?, "n");
    /// sender.send(&bytes[2..]).await?;
    /// assert_eq!(text.receive().await?, "ée");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn receive(&mut self) -> ReceiveText<'_, S> {
        ReceiveText::new(self)
    }
}

impl<S: ByteSendStream> TextStream<S> {
    /// Sends all the text, and flushes.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, either nothing was sent, or the rest of the text is sent
    /// before the next text or the end. It is lost only if the stream is dropped.
    ///
    /// # Errors
    ///
    /// - [Closed](crate::stream::is_closed) after [`send_eof`](Self::send_eof), even if the text is empty.
    /// - [Broken](crate::stream::is_broken) if the peer no longer receives.
    /// - Any other error of the byte stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (sender, mut receiver) = memory_byte_pipe(16);
    /// TextStream::new(sender).send("née").await?;
    /// assert_eq!(receiver.receive(100).await?, "née".as_bytes());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn send<T: AsRef<str>>(&mut self, text: T) -> SendText<'_, S, T> {
        SendText::new(self, text)
    }
}

/// The future of [`TextStream::receive`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveText<'a, S> {
    stream: &'a mut TextStream<S>,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S> ReceiveText<'a, S> {
    fn new(stream: &'a mut TextStream<S>) -> Self {
        ReceiveText {
            stream,
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteReceiveStream> Future for ReceiveText<'_, S> {
    type Output = io::Result<String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let stream = &mut *this.stream;
        this.operation.poll(cx, |cx| {
            let outcome = stream.poll_receive(cx);
            if outcome.is_pending() {
                poll_state::waits_for(Wait::Bytes);
            }
            outcome
        })
    }
}

/// The future of [`TextStream::send`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendText<'a, S, T: AsRef<str>> {
    stream: &'a mut TextStream<S>,
    text: T,
    /// The number of bytes that were sent.
    sent: usize,
    /// Whether all bytes were sent; they may not be flushed yet.
    complete: bool,
    operation: FallibleOperation<io::Error>,
}

// No field is pinned.
impl<S, T: AsRef<str>> Unpin for SendText<'_, S, T> {}

impl<'a, S, T: AsRef<str>> SendText<'a, S, T> {
    fn new(stream: &'a mut TextStream<S>, text: T) -> Self {
        SendText {
            stream,
            text,
            sent: 0,
            complete: false,
            operation: FallibleOperation::new(),
        }
    }

    /// Returns the bytes that were not sent.
    fn rest(&self) -> &[u8] {
        let text = self.text.as_ref().as_bytes();
        text.get(self.sent..).unwrap_or_default()
    }
}

impl<S: ByteSendStream, T: AsRef<str>> SendText<'_, S, T> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.stream.poll_unsent(cx))?;
        // Written at least once, so that a closed stream refuses an empty text too.
        while !self.complete {
            let text = self.text.as_ref().as_bytes();
            let rest = text.get(self.sent..).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.stream.stream).poll_write(cx, rest))?;
            if written == 0 && !rest.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.complete = written >= rest.len();
            self.sent += written;
        }
        Pin::new(&mut self.stream.stream).poll_flush(cx)
    }
}

impl<S: ByteSendStream, T: AsRef<str>> Future for SendText<'_, S, T> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut operation = std::mem::replace(&mut this.operation, FallibleOperation::new());
        let outcome = operation.poll(cx, |cx| this.poll_send(cx));
        this.operation = operation;
        if outcome.is_pending() {
            poll_state::waits_for(Wait::Sending);
        }
        outcome
    }
}

/// Leaves the rest of a text that was partly sent to the stream, which sends it later.
impl<S, T: AsRef<str>> Drop for SendText<'_, S, T> {
    fn drop(&mut self) {
        if self.sent > 0 && !self.complete {
            self.stream.unsent = self.rest().to_vec();
        }
    }
}

impl<S, T: AsRef<str>> fmt::Debug for SendText<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendText")
            .field("sent", &self.sent)
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}
