//! The futures of the operations on byte streams. They are named so that they are `Send` wherever
//! the stream is, in generic code too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::half_close::refuse_without_half_close;
use super::{ByteReceiveStream, ByteSendStream, CHUNK, refuse_zero};
use crate::engine::{Operation, Wait, poll_state};
use crate::stream::ReceiveError;

/// The future of [`ByteReceiveStreamExt::receive`](super::ByteReceiveStreamExt::receive).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveBytes<'a, S: ?Sized> {
    stream: &'a mut S,
    max: usize,
    buffer: Vec<u8>,
    operation: Operation,
}

impl<'a, S: ?Sized> ReceiveBytes<'a, S> {
    pub(super) fn new(stream: &'a mut S, max: usize) -> Self {
        ReceiveBytes {
            stream,
            max,
            buffer: Vec::new(),
            operation: Operation::New,
        }
    }
}

impl<S: ByteReceiveStream + ?Sized> Future for ReceiveBytes<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        refuse_zero(this.max)?;
        if this.buffer.is_empty() {
            this.buffer = vec![0; this.max.min(CHUNK)];
        }
        let received = ready!(poll_receive(this.stream, cx, &mut this.buffer))?;
        let mut bytes = std::mem::take(&mut this.buffer);
        bytes.truncate(received);
        // Chunks may be kept: a small one does not occupy the room of the largest.
        if bytes.capacity() > 2 * received {
            bytes.shrink_to_fit();
        }
        Poll::Ready(Ok(bytes))
    }
}

/// The future of [`ByteReceiveStreamExt::receive_into`](super::ByteReceiveStreamExt::receive_into).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveInto<'a, S: ?Sized> {
    stream: &'a mut S,
    buffer: &'a mut [u8],
    operation: Operation,
}

impl<'a, S: ?Sized> ReceiveInto<'a, S> {
    pub(super) fn new(stream: &'a mut S, buffer: &'a mut [u8]) -> Self {
        ReceiveInto {
            stream,
            buffer,
            operation: Operation::New,
        }
    }
}

impl<S: ByteReceiveStream + ?Sized> Future for ReceiveInto<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        refuse_zero(this.buffer.len())?;
        poll_receive(this.stream, cx, this.buffer)
    }
}

fn poll_receive<S: ByteReceiveStream + ?Sized>(
    stream: &mut S,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    match Pin::new(stream).poll_read(cx, buffer) {
        Poll::Ready(Ok(0)) => Poll::Ready(Err(ReceiveError::EndOfStream.into())),
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending => {
            poll_state::waits_for(Wait::Bytes);
            Poll::Pending
        }
    }
}

/// The future of [`ByteSendStreamExt::send`](super::ByteSendStreamExt::send).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendBytes<'a, S: ?Sized> {
    stream: &'a mut S,
    /// What is still to be written; none when all was.
    rest: Option<&'a [u8]>,
    operation: Operation,
}

impl<'a, S: ?Sized> SendBytes<'a, S> {
    pub(super) fn new(stream: &'a mut S, bytes: &'a [u8]) -> Self {
        SendBytes {
            stream,
            rest: Some(bytes),
            operation: Operation::New,
        }
    }
}

impl<S: ByteSendStream + ?Sized> Future for SendBytes<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        let outcome = this.poll_send(cx);
        if outcome.is_pending() {
            poll_state::waits_for(Wait::Sending);
        }
        outcome
    }
}

impl<S: ByteSendStream + ?Sized> SendBytes<'_, S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Once at least, so that a closed stream refuses no bytes, too.
        while let Some(rest) = self.rest {
            let written = ready!(Pin::new(&mut *self.stream).poll_write(cx, rest))?;
            if written == 0 && !rest.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.rest = rest.get(written..).filter(|rest| !rest.is_empty());
        }
        Pin::new(&mut *self.stream).poll_flush(cx)
    }
}

/// The future of [`ByteSendStreamExt::send_eof`](super::ByteSendStreamExt::send_eof).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendEof<'a, S: ?Sized> {
    stream: &'a mut S,
    operation: Operation,
}

impl<'a, S: ?Sized> SendEof<'a, S> {
    pub(super) fn new(stream: &'a mut S) -> Self {
        SendEof {
            stream,
            operation: Operation::New,
        }
    }
}

impl<S: ByteSendStream + ?Sized> Future for SendEof<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        refuse_without_half_close(this.stream)?;
        poll_close(this.stream, cx)
    }
}

/// The future of [`ByteSendStreamExt::close`](super::ByteSendStreamExt::close).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Close<S> {
    stream: Option<S>,
    operation: Operation,
}

impl<S> Close<S> {
    pub(super) fn new(stream: S) -> Self {
        Close {
            stream: Some(stream),
            operation: Operation::New,
        }
    }
}

// The stream itself is; nothing is pinned here.
impl<S> Unpin for Close<S> {}

impl<S: ByteSendStream> Future for Close<S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        let Some(stream) = &mut this.stream else {
            return Poll::Ready(Ok(()));
        };
        let outcome = ready!(poll_close(stream, cx));
        this.stream = None;
        Poll::Ready(outcome)
    }
}

fn poll_close<S: ByteSendStream + ?Sized>(
    stream: &mut S,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let outcome = Pin::new(stream).poll_close(cx);
    if outcome.is_pending() {
        poll_state::waits_for(Wait::Sending);
    }
    outcome
}
