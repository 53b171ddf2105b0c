//! One attempt to connect, by TCP or to a Unix socket.

use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::net::stream::Connection;
use crate::net::{Address, Domain, SocketStream};
use crate::runtime::{Net, Socket, SocketOption, SocketSpec};

/// Returns the options of a socket of this kind: its defaults, then those of the caller, which override them.
pub(super) fn options<K: Domain>(options: &[SocketOption]) -> Arc<[SocketOption]> {
    let of_kind = K::NO_DELAY.then_some(SocketOption::NoDelay(true));
    of_kind.into_iter().chain(options.iter().copied()).collect()
}

/// One attempt: the operation of opening a socket and connecting it.
///
/// It owns the socket, so dropping it closes the socket.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) struct Connecting<R: Net, K> {
    to: Address,
    from: Option<Address>,
    options: Arc<[SocketOption]>,
    /// The socket while it is connecting; `None` before the first poll.
    socket: Option<R::Socket>,
    operation: FallibleOperation<io::Error>,
    kind: PhantomData<K>,
}

impl<R: Net, K: Domain> Connecting<R, K> {
    /// Creates an attempt, which opens its socket when it is first polled.
    pub(super) fn new(
        to: Address,
        from: Option<Address>,
        options: Arc<[SocketOption]>,
    ) -> Connecting<R, K> {
        Connecting {
            to,
            from,
            options,
            socket: None,
            operation: FallibleOperation::new(),
            kind: PhantomData,
        }
    }

    /// Opens the socket and begins to connect it.
    fn open(&self) -> io::Result<R::Socket> {
        let purpose = SocketSpec::Connect {
            to: &self.to,
            from: self.from.as_ref(),
        };
        R::socket(purpose, &self.options)
    }

    /// Opens the socket on the first call, and polls it until it is connected.
    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SocketStream<R, K>>> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.open()?,
        };
        match socket.poll_connected(cx) {
            Poll::Ready(outcome) => {
                outcome?;
                Poll::Ready(Ok(SocketStream::of(Connection::new(socket))))
            }
            Poll::Pending => {
                self.socket = Some(socket);
                poll_state::waits_for(Wait::Connection);
                Poll::Pending
            }
        }
    }
}

impl<R: Net, K: Domain> Future for Connecting<R, K> {
    type Output = io::Result<SocketStream<R, K>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut operation = std::mem::replace(&mut this.operation, FallibleOperation::new());
        let outcome = operation.poll(cx, |cx| this.poll_connected(cx));
        this.operation = operation;
        outcome
    }
}
