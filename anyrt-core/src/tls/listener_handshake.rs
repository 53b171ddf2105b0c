//! A handshake with a time limit, for `listener.rs`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;

use super::handshake::Accepting;
use super::{TlsError, TlsServerConfig, TlsStream};
use crate::engine::LazyTimer;
use crate::instant::Instant;
use crate::runtime::Time;
use crate::stream::ByteStream;

/// A handshake of a listener, with a time limit. Not an operation with its own budget, since any task that
/// accepts polls it.
#[pin_project]
pub(super) struct Handshake<R: Time, S> {
    accepting: Accepting<S>,
    relaxed: bool,
    #[pin]
    timer: LazyTimer<R>,
    limit: Duration,
    deadline: Instant,
}

impl<R: Time, S: ByteStream> Handshake<R, S> {
    pub(super) fn new(stream: S, config: &TlsServerConfig, limit: Duration) -> Self {
        Handshake {
            accepting: Accepting::new(stream, config),
            relaxed: config.relaxed,
            timer: LazyTimer::new(),
            limit,
            deadline: R::now() + limit,
        }
    }
}

impl<R: Time, S: ByteStream> Future for Handshake<R, S> {
    type Output = io::Result<TlsStream<S>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.accepting.poll(cx) {
            Poll::Ready(session) => {
                Poll::Ready(session.map(|session| TlsStream::new(session, None, *this.relaxed)))
            }
            Poll::Pending => this
                .timer
                .poll(cx, *this.deadline)
                .map(|()| Err(TlsError::HandshakeTooLong(*this.limit).into())),
        }
    }
}
