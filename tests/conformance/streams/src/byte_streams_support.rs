//! A source of bytes in pieces that a case chooses, and its attributes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::stream::{Attribute, Attributes, Request};
use futures_io::AsyncRead;

/// A source that returns one piece with each read, and is pending before each of them, if it is slow. After
/// the pieces it returns the end, or an error.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    slow: bool,
    waited: bool,
    failure: Option<io::ErrorKind>,
}

impl Pieces {
    pub(super) fn new<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = P>) -> Pieces {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec());
        Pieces {
            pieces: pieces.collect(),
            ..Pieces::default()
        }
    }

    /// Creates a source that returns `size` bytes with each read.
    pub(super) fn of(bytes: &[u8], size: usize) -> Pieces {
        Pieces::new(bytes.chunks(size))
    }

    pub(super) fn slow(self) -> Pieces {
        Pieces { slow: true, ..self }
    }

    pub(super) fn failing(self, failure: io::ErrorKind) -> Pieces {
        Pieces {
            failure: Some(failure),
            ..self
        }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.slow && !std::mem::replace(&mut this.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.waited = false;
        let Some(piece) = this.pieces.front_mut() else {
            return Poll::Ready(this.failure.map_or(Ok(0), |kind| Err(kind.into())));
        };
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        piece.drain(..count);
        if piece.is_empty() {
            this.pieces.pop_front();
        }
        Poll::Ready(Ok(count))
    }
}

/// The number of [`Pieces`] that are left.
pub(super) struct Left;

impl Attribute for Left {
    type Value = usize;
    const NAME: &'static str = "pieces left";
}

impl Attributes for Pieces {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide::<Left>(|| self.pieces.len());
    }
}

/// Pieces with a number of remaining pieces that cannot be read.
pub(super) struct Unreadable(pub(super) Pieces);

impl AsyncRead for Unreadable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Attributes for Unreadable {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide_result::<Left>(|| Err(io::ErrorKind::PermissionDenied.into()));
        self.0.provide(demand);
    }
}
