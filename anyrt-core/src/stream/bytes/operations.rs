//! The futures of the operations on byte streams.
//!
//! They are named types, so that they are `Send` whenever the stream is, in generic code too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::half_close::refuse_without_half_close;
use super::{ByteReceiveStream, ByteSendStream};
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::stream::ReceiveError;

/// The future of [`ByteReceiveStreamExt::receive`](super::ByteReceiveStreamExt::receive).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveBytes<'a, S: ?Sized> {
    stream: &'a mut S,
    max: usize,
    buffer: Vec<u8>,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S: ?Sized> ReceiveBytes<'a, S> {
    pub(super) fn new(stream: &'a mut S, max: usize) -> Self {
        ReceiveBytes {
            stream,
            max,
            buffer: Vec::new(),
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteReceiveStream + ?Sized> Future for ReceiveBytes<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (stream, buffer, max) = (&mut *this.stream, &mut this.buffer, this.max);
        let received = ready!(this.operation.poll(cx, |cx| {
            refuse_zero(max)?;
            if buffer.is_empty() {
                *buffer = vec![0; max.min(CHUNK)];
            }
            poll_receive(stream, cx, buffer)
        }))?;
        let mut bytes = std::mem::take(&mut this.buffer);
        bytes.truncate(received);
        // The caller may keep many chunks: a small one should not occupy the memory of a large one.
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
    operation: FallibleOperation<io::Error>,
}

impl<'a, S: ?Sized> ReceiveInto<'a, S> {
    pub(super) fn new(stream: &'a mut S, buffer: &'a mut [u8]) -> Self {
        ReceiveInto {
            stream,
            buffer,
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteReceiveStream + ?Sized> Future for ReceiveInto<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let (stream, buffer) = (&mut *this.stream, &mut *this.buffer);
        this.operation.poll(cx, |cx| {
            refuse_zero(buffer.len())?;
            poll_receive(stream, cx, buffer)
        })
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
    /// The bytes that are still to be written; `None` once all are written.
    rest: Option<&'a [u8]>,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S: ?Sized> SendBytes<'a, S> {
    pub(super) fn new(stream: &'a mut S, bytes: &'a [u8]) -> Self {
        SendBytes {
            stream,
            rest: Some(bytes),
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteSendStream + ?Sized> Future for SendBytes<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (stream, rest) = (&mut *this.stream, &mut this.rest);
        this.operation.poll(cx, |cx| {
            let outcome = poll_send(stream, rest, cx);
            if outcome.is_pending() {
                poll_state::waits_for(Wait::Sending);
            }
            outcome
        })
    }
}

fn poll_send<S: ByteSendStream + ?Sized>(
    stream: &mut S,
    left: &mut Option<&[u8]>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    // Written at least once, so that a closed stream refuses an empty send too. Ends: each round writes at
    // least one byte, or returns.
    while let Some(rest) = *left {
        let written = ready!(Pin::new(&mut *stream).poll_write(cx, rest))?;
        if written == 0 && !rest.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *left = rest.get(written..).filter(|rest| !rest.is_empty());
    }
    Pin::new(stream).poll_flush(cx)
}

/// The future of [`ByteSendStreamExt::send_eof`](super::ByteSendStreamExt::send_eof).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendEof<'a, S: ?Sized> {
    stream: &'a mut S,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S: ?Sized> SendEof<'a, S> {
    pub(super) fn new(stream: &'a mut S) -> Self {
        SendEof {
            stream,
            operation: FallibleOperation::new(),
        }
    }
}

impl<S: ByteSendStream + ?Sized> Future for SendEof<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let stream = &mut *this.stream;
        this.operation.poll(cx, |cx| {
            refuse_without_half_close(stream)?;
            poll_close(stream, cx)
        })
    }
}

/// The future of [`ByteSendStreamExt::close`](super::ByteSendStreamExt::close).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Close<S> {
    stream: Option<S>,
    operation: FallibleOperation<io::Error>,
}

impl<S> Close<S> {
    pub(super) fn new(stream: S) -> Self {
        Close {
            stream: Some(stream),
            operation: FallibleOperation::new(),
        }
    }
}

// The stream itself is; nothing is pinned here.
impl<S> Unpin for Close<S> {}

impl<S: ByteSendStream> Future for Close<S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let open = &mut this.stream;
        this.operation.poll(cx, |cx| {
            let Some(stream) = open else {
                return Poll::Ready(Ok(()));
            };
            let outcome = ready!(poll_close(stream, cx));
            *open = None;
            Poll::Ready(outcome)
        })
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

/// The maximum that is received in one call.
const CHUNK: usize = 64 * 1024;

/// Refuses to receive zero bytes, a result that would look like the end of the stream.
fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "cannot receive 0 bytes: request at least one",
        ));
    }
    Ok(())
}
