//! The state of a stream, and each change to it.
//!
//! All methods of [`State`] run under the lock of the stream. They wake and drop nothing, since wakers and
//! objects run foreign code: they return both, often as a [`Later`], for the caller to handle after the
//! unlock.
//!
//! ```text
//!   sender ──send──▶ buffer ──receive──▶ receiver
//!      │                ▲ └ returned objects first
//!      │ (full)         │ (when there is room)
//!      └──▶ entry in `sending`
//!      │
//!      │ (a receiver waits)                         ┌─fetch_received─▶ receiver
//!      └──▶ handed over: entry in `receiving` ──────┤
//!                                                   └─dropped─▶ give_back: next waiter, or buffer
//! ```
//!
//! # Invariants
//!
//! 1. Receivers wait only while the buffer is empty and no sender waits.
//! 2. Senders wait only while the buffer is full.
//! 3. An object is in exactly one place: with its sender, in the entry of a waiting sender, in the buffer, in
//!    the entry of the receiver that it was handed to, or with its receiver.
//! 4. Objects that are handed over are older than those in the buffer, because they are handed over only
//!    while the buffer is empty. An object that is returned goes to the front of the buffer; several returned
//!    ones are in the order in which they were sent, which their serial numbers record.

mod closing;
mod handle;
mod later;
mod waiting;

pub(super) use self::handle::Handle;
pub(super) use self::later::{Later, Unwanted};

use std::collections::VecDeque;
use std::task::{Poll, Waker};

use super::queue::Queue;
use super::statistics::MemoryObjectStreamStatistics;
use crate::loom::{Mutex, MutexGuard, lock};
use crate::stream::{ReceiveError, SendError, TryReceiveError, TrySendError};
use crate::wake::{WakerSlot, poll_locked};

/// The state that all handles of a stream share.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
}

/// The protected state. `sending` and `receiving` are never both non-empty (invariants 1 and 2).
pub(super) struct State<T> {
    capacity: usize,
    buffer: VecDeque<T>,
    /// The serial numbers of the returned objects, which are the first ones in the buffer.
    returned: VecDeque<u64>,
    /// The number of objects that are handed over and not fetched yet. They may be returned, so the stream
    /// has not ended while there are any.
    handed: usize,
    next_serial: u64,
    senders: usize,
    receivers: usize,
    next_handle: usize,
    /// The senders that wait for room, each with its object.
    pub(super) sending: Queue<T, Sent<T>>,
    /// The receivers that wait for an object.
    pub(super) receiving: Queue<(), Received<T>>,
}

/// The outcome of a waiting sender. Errors return the object.
pub(super) type Sent<T> = Result<(), SendError<T>>;

/// The outcome of a waiting receiver: an object with its serial number, or an error.
pub(super) type Received<T> = Result<(u64, T), ReceiveError>;

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize) -> Shared<T> {
        let state = State {
            capacity,
            buffer: VecDeque::new(),
            returned: VecDeque::new(),
            handed: 0,
            next_serial: 0,
            senders: 0,
            receivers: 0,
            next_handle: 0,
            sending: Queue::new(),
            receiving: Queue::new(),
        };
        Shared {
            state: Mutex::new(state),
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Attempts something under the lock. If the attempt returns a waker slot, stores the waker there.
    pub(super) fn poll<O>(
        &self,
        waker: &Waker,
        attempt: impl FnMut(&mut State<T>) -> Result<O, &mut WakerSlot>,
    ) -> Poll<O> {
        poll_locked(&self.state, waker, attempt)
    }
}

impl<T> State<T> {
    /// Pushes the object into the buffer, in the common case that nothing else has to be done. Returns the
    /// object otherwise.
    #[inline]
    pub(super) fn send_plainly(&mut self, handle: &Handle, item: T) -> Result<(), T> {
        // Everything that `send` checks, in one condition without branches for errors.
        let plain = self.buffer.len() < self.capacity
            && self.receiving.is_empty()
            && self.receivers > 0
            && !handle.is_closed();
        if !plain {
            return Err(item);
        }
        self.buffer.push_back(item);
        Ok(())
    }

    /// Hands the object to the receiver that has waited longest, and returns its waker, or pushes it into the
    /// buffer.
    pub(super) fn send(
        &mut self,
        handle: &Handle,
        item: T,
    ) -> Result<Option<Waker>, TrySendError<T>> {
        // 1. Errors, which return the object.
        if handle.is_closed() {
            return Err(TrySendError::Closed(item));
        }
        if self.receivers == 0 {
            return Err(TrySendError::Broken(item));
        }
        // 2. A receiver waits, so the buffer is empty: hand over.
        if let Some(key) = self.receiving.first() {
            // Numbered only now: an object from the buffer is never handed over, so it needs no number.
            let serial = self.next_serial;
            self.next_serial += 1;
            return Ok(self.hand_over(key, serial, item));
        }
        // 3. Room in the buffer, or else the caller has to wait.
        if self.buffer.len() < self.capacity {
            self.buffer.push_back(item);
            return Ok(None);
        }
        Err(TrySendError::WouldBlock(item))
    }

    /// Pops the oldest object of the buffer, in the common case that nothing else has to be done.
    #[inline]
    pub(super) fn receive_plainly(&mut self, handle: &Handle) -> Option<T> {
        // With no waiting sender and no returned object, only the buffer changes.
        let plain = self.sending.is_empty() && self.returned.is_empty() && !handle.is_closed();
        if plain { self.buffer.pop_front() } else { None }
    }

    /// Receives the oldest object. The sender that has waited longest gets the free room, and its waker is
    /// returned.
    pub(super) fn receive(
        &mut self,
        handle: &Handle,
    ) -> Result<(T, Option<Waker>), TryReceiveError> {
        if handle.is_closed() {
            return Err(TryReceiveError::Closed);
        }
        // 1. The oldest object is in the buffer, or else with the first waiting sender.
        let oldest = self.buffer.pop_front();
        // A returned object is always at the front, so its serial number goes with it.
        if !self.returned.is_empty() {
            self.returned.pop_front();
        }
        // 2. Serve the first sender, if there is room now, or if the buffer was empty: with capacity 0, its
        //    object goes to the caller directly. Returned objects may still fill the buffer after the pop.
        let next = match self.sending.first() {
            Some(key) if oldest.is_none() || self.buffer.len() < self.capacity => {
                Some(self.sending.settle(key, Ok(())))
            }
            _ => None,
        };
        // 3. The object of the served sender goes to the back of the buffer, unless it is the only one.
        match (oldest, next) {
            (Some(oldest), Some((next, waker))) => {
                self.buffer.push_back(next);
                Ok((oldest, waker))
            }
            (Some(oldest), None) => Ok((oldest, None)),
            (None, Some((next, waker))) => Ok((next, waker)),
            (None, None) if self.has_ended() => Err(TryReceiveError::EndOfStream),
            (None, None) => Err(TryReceiveError::WouldBlock),
        }
    }

    /// Settles a waiting receiver with an object, and returns its waker.
    fn hand_over(&mut self, receiver: usize, serial: u64, item: T) -> Option<Waker> {
        // Counted until it is fetched or given back: until then the stream has not ended.
        self.handed += 1;
        let ((), waker) = self.receiving.settle(receiver, Ok((serial, item)));
        waker
    }

    pub(super) fn statistics(&self) -> MemoryObjectStreamStatistics {
        MemoryObjectStreamStatistics {
            capacity: self.capacity,
            buffered: self.buffer.len(),
            open_senders: self.senders,
            open_receivers: self.receivers,
            waiting_senders: self.sending.len(),
            waiting_receivers: self.receiving.len(),
        }
    }
}
