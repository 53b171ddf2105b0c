//! A datagram socket that is shared between tasks, any of which may close it.
//!
//! [`DatagramSocket`](super::DatagramSocket) and
//! [`ConnectedDatagramSocket`](super::ConnectedDatagramSocket) own one. Systems do not wake tasks that wait
//! for a socket without a peer when it is closed, so closing is done here:
//!
//! 1. `close` takes the socket out of the mutex, so that later operations find none;
//! 2. it sets `closed`;
//! 3. it wakes the tasks that wait. They find `closed`, fail, and drop their `Arc`s of the socket; the last
//!    of them closes the descriptor.

use std::io;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::engine::{Operation, Wait, deliver, poll_state};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Arc, Mutex, lock};
use crate::stream::{ReceiveError, SendError};
use crate::sync::{ResourceGuard, ResourceUse};

/// The socket, and its two sides with at most one task each.
#[derive(Debug)]
pub(super) struct Packets<S> {
    /// `None` once closed. Pending operations have clones of the `Arc`.
    socket: Mutex<Option<Arc<S>>>,
    /// Set by `close` (release) before it wakes the waiting tasks, never cleared; read in
    /// [`SideGuard::check`] (acquire).
    closed: AtomicBool,
    receiving: Side,
    sending: Side,
}

/// One direction of the socket: receiving or sending.
#[derive(Debug)]
struct Side {
    /// Admits one operation at a time, so that `waiting` holds one waker at most.
    guard: ResourceGuard,
    /// The task that waits on this side. Set by [`SideGuard::wait`], taken by `close` or when the guard is dropped.
    waiting: AtomicWaker,
    /// The state in which a waiting task is shown.
    wait: Wait,
    /// Creates the error of an operation on a closed socket.
    closed: fn() -> io::Error,
}

impl<S> Packets<S> {
    /// Creates the shared state of an open socket.
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

    /// Returns the socket, or an error if it is closed.
    pub(super) fn socket(&self) -> io::Result<Arc<S>> {
        let socket = lock(&self.socket).clone();
        socket.ok_or_else(|| ReceiveError::Closed.into())
    }

    /// Closes the socket and wakes the waiting tasks. Closing it again has no effect.
    pub(super) fn close(&self) {
        let socket = lock(&self.socket).take();
        self.closed.store(true, Ordering::Release);
        drop(socket);
        self.receiving.waiting.wake();
        self.sending.waiting.wake();
    }

    /// Begins an operation that receives.
    pub(super) async fn receiving(&self) -> io::Result<SideGuard<'_, S>> {
        self.begin(&self.receiving).await
    }

    /// Begins an operation that sends.
    pub(super) async fn sending(&self) -> io::Result<SideGuard<'_, S>> {
        self.begin(&self.sending).await
    }

    /// Begins an operation on one side; fails if the socket is closed or the side is in use.
    async fn begin<'a>(&'a self, side: &'a Side) -> io::Result<SideGuard<'a, S>> {
        let mut operation = Operation::New;
        std::future::poll_fn(|cx| operation.begin(cx)).await;
        let socket = deliver(self.socket().map_err(|_| (side.closed)())).await?;
        let inside = side.guard.enter()?;
        Ok(SideGuard {
            packets: self,
            side,
            socket,
            _inside: inside,
        })
    }
}

/// The exclusive right to use one side of the socket, for one operation that has begun.
#[derive(Debug)]
pub(super) struct SideGuard<'a, S> {
    packets: &'a Packets<S>,
    side: &'a Side,
    socket: Arc<S>,
    _inside: ResourceUse<'a>,
}

impl<S> SideGuard<'_, S> {
    /// Polls `attempt` until it is ready or the socket is closed.
    pub(super) async fn wait<T>(
        &self,
        mut attempt: impl FnMut(&S, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> io::Result<T> {
        let outcome = std::future::poll_fn(|cx| {
            self.check()?;
            let outcome = attempt(&self.socket, cx);
            if outcome.is_pending() {
                self.side.waiting.register(cx.waker());
                // Checked again after registering: a `close` that came before sees no waker, but has set
                // `closed`; a `close` that comes later finds the waker.
                self.check()?;
                poll_state::waits_for(self.side.wait);
            }
            outcome
        });
        deliver(outcome.await).await
    }

    /// Returns an error if the socket is closed.
    fn check(&self) -> io::Result<()> {
        // Pairs with the release store in `close`: a task that `close` has woken finds the flag.
        if self.packets.closed.load(Ordering::Acquire) {
            return Err((self.side.closed)());
        }
        Ok(())
    }
}

impl<S> Drop for SideGuard<'_, S> {
    fn drop(&mut self) {
        // Still under the guard, which is dropped after this body, so this cannot remove the waker of the
        // next operation.
        drop(self.side.waiting.take());
    }
}
