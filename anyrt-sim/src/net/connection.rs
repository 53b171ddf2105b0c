//! Connections: two pipes, one for each direction.
//!
//! ```text
//!   side 0 ──send──▶ in flight ──arrival──▶ buffer ──receive──▶ side 1
//!   side 0 ◀─receive── buffer ◀──arrival── in flight ◀──send── side 1
//! ```
//!
//! The bytes in flight and in the buffer together are at most the window: a sender waits for room. Arrivals
//! in one direction are in order, as a stream's are; the end of a direction is in that order too.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anyrt_core::net::Address;

use super::wake;
use crate::host::Incarnation;

/// The most bytes in flight and in the buffer of a direction.
const WINDOW: usize = 256 * 1024;

/// The side that connected.
pub(super) const CONNECTED: usize = 0;
/// The side that was accepted.
pub(super) const ACCEPTED: usize = 1;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) addresses: [Address; 2],
    hosts: [Arc<Incarnation>; 2],
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    handshake: Handshake,
    /// The task that waits for the handshake.
    connecting: Option<Waker>,
    /// The pipe to each side.
    pipes: [Pipe; 2],
    sides: [Side; 2],
}

#[derive(Clone, Copy, Debug, Default)]
enum Handshake {
    #[default]
    Begun,
    Complete,
    Failed(io::ErrorKind),
}

/// The state of a side.
#[derive(Debug, Default)]
struct Side {
    /// Whether the peer has reset the connection, as far as this side has learned.
    reset: bool,
    /// The error of the reset, which is returned once.
    error: Option<io::ErrorKind>,
    /// Whether the socket was dropped.
    dropped: bool,
    /// Whether receiving was shut down.
    deaf: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    buffer: VecDeque<u8>,
    in_flight: usize,
    last_arrival: u64,
    /// Whether the sender has ended its direction.
    ended: bool,
    /// Whether the end has arrived.
    end_arrived: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn room(&self) -> usize {
        WINDOW.saturating_sub(self.buffer.len() + self.in_flight)
    }

    /// Returns the time at which a packet may arrive: after all earlier ones.
    fn arrival(&mut self, at: u64) -> u64 {
        self.last_arrival = at.max(self.last_arrival + 1);
        self.last_arrival
    }
}

impl Connection {
    /// Begins to connect.
    pub(super) fn connect(host: &Arc<Incarnation>, from: Address, to: Address) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            addresses: [from, to],
            hosts: [host.clone(), host.clone()],
            state: Mutex::default(),
        });
        let request = connection.clone();
        let shared = &host.shared;
        shared.deliver_at(shared.draw_certain_arrival(true), move || {
            request.requested()
        });
        connection
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers the request to connect, and answers it.
    fn requested(self: Arc<Self>) {
        let [from, to] = &self.addresses;
        let host = &self.hosts[ACCEPTED];
        let listener = host.shared.network().book.listener(host.host, to);
        let accepted = listener.is_some_and(|listener| listener.offer(&self, from));
        let shared = self.hosts[ACCEPTED].shared.clone();
        let at = shared.draw_certain_arrival(true);
        let at = self.lock().pipes[CONNECTED].arrival(at);
        shared.deliver_at(at, move || {
            let mut state = self.lock();
            state.handshake = match accepted {
                true => Handshake::Complete,
                false => Handshake::Failed(io::ErrorKind::ConnectionRefused),
            };
            let waker = state.connecting.take();
            drop(state);
            wake(waker);
        });
    }

    pub(super) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match state.handshake {
            Handshake::Complete => Poll::Ready(Ok(())),
            Handshake::Failed(kind) => Poll::Ready(Err(kind.into())),
            Handshake::Begun => {
                let old = state.connecting.replace(waker);
                drop(state);
                drop(old);
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_receive(
        &self,
        side: usize,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(kind) = state.sides[side].error.take() {
            return Poll::Ready(Err(kind.into()));
        }
        let is_deaf = state.sides[side].deaf || state.sides[side].reset;
        let pipe = &mut state.pipes[side];
        if !pipe.buffer.is_empty() && !buffer.is_empty() {
            let count = pipe.buffer.len().min(buffer.len());
            for (place, byte) in buffer.iter_mut().zip(pipe.buffer.drain(..count)) {
                *place = byte;
            }
            let writer = pipe.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Ok(count));
        }
        if pipe.end_arrived || is_deaf || buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let old = pipe.reader.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    pub(super) fn poll_send(
        self: &Arc<Self>,
        side: usize,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(kind) = state.sides[side].error.take() {
            return Poll::Ready(Err(kind.into()));
        }
        if state.sides[side].reset || state.pipes[1 - side].ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let pipe = &mut state.pipes[1 - side];
        let room = pipe.room();
        if room == 0 {
            let old = pipe.writer.replace(waker);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        let mut packet = Vec::new();
        for slice in slices {
            let count = slice.len().min(room - packet.len());
            packet.extend_from_slice(&slice[..count]);
        }
        let count = packet.len();
        pipe.in_flight += count;
        drop(state);
        if count > 0 {
            self.deliver_to(1 - side, move |connection, side| {
                connection.arrived(side, &packet);
            });
        }
        Poll::Ready(Ok(count))
    }

    /// Sends something to a side, after everything that was sent there before.
    fn deliver_to(
        self: &Arc<Self>,
        side: usize,
        deliver: impl FnOnce(&Arc<Connection>, usize) + Send + 'static,
    ) {
        if !self.hosts[1 - side].is_alive() {
            return;
        }
        let shared = &self.hosts[side].shared;
        // Drawn only now: a call that is pending draws nothing.
        let at = shared.draw_certain_arrival(true);
        let at = self.lock().pipes[side].arrival(at);
        let connection = self.clone();
        shared.deliver_at(at, move || deliver(&connection, side));
    }

    /// Delivers bytes to a side.
    fn arrived(self: &Arc<Self>, side: usize, packet: &[u8]) {
        let mut state = self.lock();
        let is_gone = state.sides[side].dropped;
        let pipe = &mut state.pipes[side];
        pipe.in_flight -= packet.len();
        if is_gone {
            drop(state);
            self.reset(1 - side);
            return;
        }
        pipe.buffer.extend(packet);
        let reader = pipe.reader.take();
        drop(state);
        wake(reader);
    }

    /// Lets a side learn, after a while, that the connection is reset.
    fn reset(self: &Arc<Self>, side: usize) {
        self.deliver_to(side, |connection, side| {
            let mut state = connection.lock();
            if mem::replace(&mut state.sides[side].reset, true) {
                return;
            }
            state.sides[side].error = Some(io::ErrorKind::ConnectionReset);
            state.pipes[side].buffer.clear();
            let wakers = [
                state.pipes[side].reader.take(),
                state.pipes[1 - side].writer.take(),
            ];
            drop(state);
            wakers.into_iter().for_each(wake);
        });
    }

    /// Ends the direction from a side.
    fn end(self: &Arc<Self>, side: usize) {
        if mem::replace(&mut self.lock().pipes[1 - side].ended, true) {
            return;
        }
        self.deliver_to(1 - side, |connection, side| {
            let mut state = connection.lock();
            state.pipes[side].end_arrived = true;
            let reader = state.pipes[side].reader.take();
            drop(state);
            wake(reader);
        });
    }

    pub(super) fn shutdown(self: &Arc<Self>, side: usize, how: Shutdown) -> io::Result<()> {
        if self.lock().sides[side].reset {
            return Err(io::ErrorKind::NotConnected.into());
        }
        if how != Shutdown::Read {
            self.end(side);
            let writer = self.lock().pipes[1 - side].writer.take();
            wake(writer);
        }
        if how != Shutdown::Write {
            let mut state = self.lock();
            state.sides[side].deaf = true;
            let reader = state.pipes[side].reader.take();
            drop(state);
            wake(reader);
        }
        Ok(())
    }

    /// Closes a side whose socket was dropped. The peer learns of a reset if something was not received.
    pub(super) fn close(self: &Arc<Self>, side: usize) {
        let mut state = self.lock();
        state.sides[side].dropped = true;
        let has_unread = !state.pipes[side].buffer.is_empty();
        let wakers = [
            state.pipes[side].reader.take(),
            state.pipes[1 - side].writer.take(),
        ];
        drop(state);
        drop(wakers);
        if has_unread {
            self.reset(1 - side);
        } else {
            self.end(side);
        }
    }

    /// Closes a side that was never accepted.
    pub(super) fn abort(self: &Arc<Self>, side: usize) {
        self.lock().sides[side].dropped = true;
        self.reset(1 - side);
    }
}
