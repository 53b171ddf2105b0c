use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::BufferedByteStream;
use super::search::Found;
use crate::engine::{Operation, Wait, poll_state};
use crate::stream::{ByteReceiveStream, DelimiterNotFound, IncompleteRead};

/// The future of [`BufferedByteStream::receive_exactly`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveExactly<'a, S> {
    stream: &'a mut BufferedByteStream<S>,
    count: usize,
    operation: Operation,
}

impl<'a, S> ReceiveExactly<'a, S> {
    pub(super) fn new(stream: &'a mut BufferedByteStream<S>, count: usize) -> Self {
        ReceiveExactly {
            stream,
            count,
            operation: Operation::New,
        }
    }
}

impl<S: ByteReceiveStream> Future for ReceiveExactly<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        while this.stream.buffer.len() < this.count {
            ready!(poll_more(this.stream, cx))?;
        }
        Poll::Ready(Ok(this.stream.buffer.take(this.count)))
    }
}

/// The future of [`BufferedByteStream::receive_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveUntil<'a, S> {
    stream: &'a mut BufferedByteStream<S>,
    delimiter: &'a [u8],
    max: usize,
    operation: Operation,
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
            operation: Operation::New,
        }
    }
}

impl<S: ByteReceiveStream> Future for ReceiveUntil<'_, S> {
    type Output = io::Result<Vec<u8>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        if this.delimiter.is_empty() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a delimiter has at least one byte",
            )));
        }
        loop {
            match this.stream.buffer.find(this.delimiter, this.max) {
                Found::At(place) => {
                    let bytes = this.stream.buffer.take(place);
                    this.stream.buffer.consume(this.delimiter.len());
                    return Poll::Ready(Ok(bytes));
                }
                Found::TooFar => {
                    return Poll::Ready(Err(DelimiterNotFound::within(this.max).into()));
                }
                Found::NotYet => ready!(poll_more(this.stream, cx))?,
            }
        }
    }
}

/// Waits for one chunk more.
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
