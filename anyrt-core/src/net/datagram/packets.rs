//! A datagram socket that can be shared, and closed by any of those who share it.

use std::io;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::engine::{Operation, Wait, deliver, poll_state};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Arc, Mutex, lock};
use crate::stream::{ReceiveError, SendError};
use crate::sync::{ResourceGuard, ResourceUse};

/// The socket, and who uses it.
///
/// Systems have no way to wake those who wait for a socket without a peer. So closing it takes it
/// from here and wakes them; the last one who lets go of it closes the descriptor.
#[derive(Debug)]
pub(super) struct Packets<S> {
    socket: Mutex<Option<Arc<S>>>,
    /// Set when the socket has been taken away, before anybody is woken.
    closed: AtomicBool,
    receiving: Side,
    sending: Side,
}

#[derive(Debug)]
struct Side {
    guard: ResourceGuard,
    /// Whoever waits on this side, to be woken when the socket is closed.
    waiting: AtomicWaker,
    wait: Wait,
    closed: fn() -> io::Error,
}

impl<S> Packets<S> {
    pub(super) fn new(socket: S) -> Packets<S> {
        let side = |action, wait, closed| Side {
            guard: ResourceGuard::new(action),
            waiting: AtomicWaker::new(),
            wait,
            closed,
        };
        Packets {
            socket: Mutex::new(Some(Arc::new(socket))),
            closed: AtomicBool::new(false),
            receiving: side("receiving from", Wait::Datagram, || {
                ReceiveError::Closed.into()
            }),
            sending: side("sending to", Wait::Sending, || SendError::Closed(()).into()),
        }
    }

    /// The socket, if it is not closed.
    pub(super) fn socket(&self) -> io::Result<Arc<S>> {
        let socket = lock(&self.socket).clone();
        socket.ok_or_else(|| ReceiveError::Closed.into())
    }

    /// Closes it, if nobody has, and wakes those who wait.
    pub(super) fn close(&self) {
        let socket = lock(&self.socket).take();
        self.closed.store(true, Ordering::Release);
        drop(socket);
        self.receiving.waiting.wake();
        self.sending.waiting.wake();
    }

    /// Begins to receive, as an operation.
    pub(super) async fn receiving(&self) -> io::Result<Turn<'_, S>> {
        self.begin(&self.receiving).await
    }

    /// Begins to send, as an operation.
    pub(super) async fn sending(&self) -> io::Result<Turn<'_, S>> {
        self.begin(&self.sending).await
    }

    async fn begin<'a>(&'a self, side: &'a Side) -> io::Result<Turn<'a, S>> {
        let mut operation = Operation::New;
        std::future::poll_fn(|cx| operation.begin(cx)).await;
        let socket = deliver(self.socket().map_err(|_| (side.closed)())).await?;
        let inside = side.guard.enter()?;
        Ok(Turn {
            packets: self,
            side,
            socket,
            _inside: inside,
        })
    }
}

/// The right to use one side of the socket, for one operation that has begun.
#[derive(Debug)]
pub(super) struct Turn<'a, S> {
    packets: &'a Packets<S>,
    side: &'a Side,
    socket: Arc<S>,
    _inside: ResourceUse<'a>,
}

impl<S> Turn<'_, S> {
    /// Waits for what `attempt` does, or for the socket to be closed.
    pub(super) async fn wait<T>(
        &self,
        mut attempt: impl FnMut(&S, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> io::Result<T> {
        let outcome = std::future::poll_fn(|cx| {
            self.check()?;
            let outcome = attempt(&self.socket, cx);
            if outcome.is_pending() {
                self.side.waiting.register(cx.waker());
                // Whoever closes it after this look finds the waker.
                self.check()?;
                poll_state::waits_for(self.side.wait);
            }
            outcome
        });
        deliver(outcome.await).await
    }

    fn check(&self) -> io::Result<()> {
        // Pairs with the store in `close`.
        if self.packets.closed.load(Ordering::Acquire) {
            return Err((self.side.closed)());
        }
        Ok(())
    }
}

impl<S> Drop for Turn<'_, S> {
    fn drop(&mut self) {
        // Nobody waits here any more, and the next one has not come: the guard is still held.
        drop(self.side.waiting.take());
    }
}
