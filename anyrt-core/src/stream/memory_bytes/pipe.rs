//! One direction of a connection: a buffer with a waker slot for each side.
//!
//! All of it happens under one lock, except waking. There is one handle for each side, so each side has at
//! most one waiting task.
//!
//! # Invariants
//!
//! 1. The receiver waits only while the buffer is empty and the sender is open. The sender waits only while
//!    the buffer is full and the receiver is open.
//! 2. Each change that ends such a wait takes the waker of that side, and wakes it after the unlock.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use crate::loom::{Mutex, lock};
use crate::stream::SendError;
use crate::wake::{WakerSlot, poll_locked, wake_all};

pub(super) struct Pipe(Mutex<State>);

struct State {
    buffer: VecDeque<u8>,
    capacity: usize,
    /// Set once, when the sender is closed: no more bytes will be sent.
    ended: bool,
    /// Set once, when the receiver is closed: no more bytes will be received.
    broken: bool,
    /// Set once, by `reset`: receiving fails instead of reporting the end.
    reset: bool,
    receiver: WakerSlot,
    sender: WakerSlot,
}

/// The two sides.
#[derive(Clone, Copy)]
enum Side {
    Receiver,
    Sender,
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Pipe {
        Pipe(Mutex::new(State {
            buffer: VecDeque::new(),
            capacity,
            ended: false,
            broken: false,
            reset: false,
            receiver: WakerSlot::new(),
            sender: WakerSlot::new(),
        }))
    }

    /// Receives as many bytes as there are and as fit into the buffers.
    pub(super) fn poll_receive(
        &self,
        cx: &Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, Side::Receiver, |state| state.receive(buffers))
    }

    /// Sends as many bytes as there is room for.
    pub(super) fn poll_send(
        &self,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, Side::Sender, |state| state.send(slices))
    }

    /// Closes the sending side.
    pub(super) fn end(&self) {
        self.change(|state| state.ended = true);
    }

    /// Closes the receiving side, and drops the buffered bytes.
    pub(super) fn break_off(&self) {
        self.change(|state| {
            state.broken = true;
            state.buffer = VecDeque::new();
        });
    }

    /// Breaks the connection for both sides.
    pub(super) fn reset(&self) {
        // Before the wakers are woken in `break_off`, so that the receiver finds the reset.
        lock(&self.0).reset = true;
        self.break_off();
    }

    /// Makes a final change, and wakes both sides: each finds out in its next poll whether it still has to
    /// wait.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.0);
        change(&mut state);
        // Both: each of these changes can end the wait of either side.
        let wakers = [state.receiver.take(), state.sender.take()];
        drop(state);
        wake_all(wakers.into_iter().flatten());
    }

    /// Attempts something for one side, or registers its waker. Bytes that moved wake the other side.
    fn poll(
        &self,
        cx: &Context<'_>,
        side: Side,
        mut attempt: impl FnMut(&mut State) -> Option<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let polled = poll_locked(&self.0, cx.waker(), |state| {
            // 1. Try; if this side has to wait, its waker is stored under the same lock.
            let outcome = match attempt(state) {
                Some(outcome) => outcome,
                None => return Err(state.slot(side)),
            };
            // 2. If bytes have moved, the other side has room, or bytes: wake it. With 0 or an error, nothing
            //    has moved.
            let other = match (side, &outcome) {
                (_, Ok(0) | Err(_)) => None,
                (Side::Receiver, _) => state.sender.take(),
                (Side::Sender, _) => state.receiver.take(),
            };
            Ok((outcome, other))
        });
        polled.map(|(outcome, other)| {
            if let Some(other) = other {
                other.wake();
            }
            outcome
        })
    }
}

impl State {
    fn slot(&mut self, side: Side) -> &mut WakerSlot {
        match side {
            Side::Receiver => &mut self.receiver,
            Side::Sender => &mut self.sender,
        }
    }

    /// Receives bytes. Returns `None` if the receiver has to wait.
    fn receive(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
        if self.reset {
            return Some(Err(io::ErrorKind::ConnectionReset.into()));
        }
        // An empty read never waits: it returns 0 at once.
        let wanted = buffers.iter().any(|buffer| !buffer.is_empty());
        // Buffered bytes are received even after the end.
        if wanted && self.buffer.is_empty() && !self.ended {
            return None;
        }
        let mut received = 0;
        for buffer in buffers {
            received += self.take_into(buffer);
        }
        Some(Ok(received))
    }

    /// Moves bytes from the ring buffer, which may consist of two parts.
    fn take_into(&mut self, buffer: &mut [u8]) -> usize {
        let (front, back) = self.buffer.as_slices();
        let from_front = front.len().min(buffer.len());
        let (first, second) = buffer.split_at_mut(from_front);
        let from_back = back.len().min(second.len());
        first.copy_from_slice(&front[..from_front]);
        second[..from_back].copy_from_slice(&back[..from_back]);
        let taken = from_front + from_back;
        self.buffer.drain(..taken);
        taken
    }

    /// Sends bytes. Returns `None` if the sender has to wait.
    fn send(&mut self, slices: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        if self.ended {
            return Some(Err(SendError::Closed(()).into()));
        }
        if self.broken {
            return Some(Err(SendError::Broken(()).into()));
        }
        // An empty write never waits: it returns 0 at once.
        let wanted = slices.iter().any(|slice| !slice.is_empty());
        if wanted && self.buffer.len() >= self.capacity {
            return None;
        }
        let mut sent = 0;
        for slice in slices {
            // Never negative: only this method adds bytes, up to the capacity.
            let room = self.capacity - self.buffer.len();
            let part = &slice[..slice.len().min(room)];
            self.buffer.extend(part);
            sent += part.len();
        }
        Some(Ok(sent))
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.0);
        f.debug_struct("Pipe")
            .field("capacity", &state.capacity)
            .field("buffered", &state.buffer.len())
            .field("ended", &state.ended)
            .field("broken", &state.broken)
            .finish_non_exhaustive()
    }
}
