//! The futures of [`BufferedByteStream`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::BufferedByteStream;
use super::search::Found;
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::stream::{ByteReceiveStream, DelimiterNotFound, IncompleteRead};

/// The future of [`BufferedByteStream::receive_exactly`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveExactly<'a, S> {
    stream: &'a mut BufferedByteStream<S>,
    count: usize,
    operation: FallibleOperation<io::Error>,
}

impl<'a, S> ReceiveExactly<'a, S> {
    pub(super) fn new(stream: &'a mut BufferedByteStream<S>, count: usize) -> Self {
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
    pub(super) fn new(
        stream: &'a mut BufferedByteStream<S>,
        delimiter: &'a [u8],
        max: usize,
    ) -> Self {
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
