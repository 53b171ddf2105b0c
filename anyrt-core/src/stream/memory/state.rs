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

use std::collections::VecDeque;
use std::mem;
use std::task::{Poll, Waker};

use super::MemoryObjectStreamStatistics;
use super::queue::{Queue, Waiter};
use crate::loom::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::loom::{Mutex, MutexGuard, lock};
use crate::stream::{ReceiveError, SendError, TryReceiveError, TrySendError};
use crate::wake::{WakerSlot, poll_locked, wake_all};

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

/// The work to do after the lock is released: wake the wakers, then drop the values.
#[must_use]
pub(super) struct Later<D> {
    wakers: Vec<Waker>,
    dropped: D,
}

/// The remains of a receiver that was dropped: an object without a receiver, or its waker.
pub(super) type Unwanted<T> = (Option<T>, Option<Waker>);

impl<D> Later<D> {
    /// Wakes and drops everything. The lock of the stream must not be held.
    pub(super) fn carry_out(self) {
        // In this order: a destructor may panic, and the woken tasks must not depend on that.
        wake_all(self.wakers.into_iter());
        drop(self.dropped);
    }
}

impl Later<()> {
    /// Creates a `Later` that only wakes.
    fn waking(wakers: Vec<Waker>) -> Later<()> {
        Later {
            wakers,
            dropped: (),
        }
    }
}

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

    /// Returns whether no object can come any more, provided that the buffer is empty and no sender waits.
    fn has_ended(&self) -> bool {
        self.senders == 0 && self.handed == 0
    }

    /// Settles a waiting receiver with an object, and returns its waker.
    fn hand_over(&mut self, receiver: usize, serial: u64, item: T) -> Option<Waker> {
        // Counted until it is fetched or given back: until then the stream has not ended.
        self.handed += 1;
        let ((), waker) = self.receiving.settle(receiver, Ok((serial, item)));
        waker
    }

    /// Returns the outcome of a waiting sender and removes its entry; or returns its waker slot while it
    /// waits.
    pub(super) fn fetch_sent(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Result<Sent<T>, &mut WakerSlot> {
        // A settled sender has its outcome, even if its handle was closed since.
        let Some(sent) = self.sending.fetch(key) else {
            return Err(self.sending.waker(key));
        };
        handle.count_out();
        Ok(sent)
    }

    /// Returns the outcome of a waiting receiver and removes its entry; or returns its waker slot while it
    /// waits.
    pub(super) fn fetch_received(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Result<(Result<T, ReceiveError>, Later<()>), &mut WakerSlot> {
        let Some(received) = self.receiving.fetch(key) else {
            return Err(self.receiving.waker(key));
        };
        handle.count_out();
        let mut wakers = Vec::new();
        let received = received.map(|(_, item)| {
            // This object cannot be returned any more. If it was the last, the other receivers are at the
            // end.
            self.handed -= 1;
            wakers = self.end_if_over();
            item
        });
        Ok((received, Later::waking(wakers)))
    }

    /// Takes back an object that was handed over: the next waiting receiver gets it, or it goes to its place
    /// at the front of the buffer.
    pub(super) fn give_back(&mut self, serial: u64, item: T) -> Later<Option<T>> {
        self.handed -= 1;
        let mut later = Later {
            wakers: Vec::new(),
            dropped: None,
        };
        // No receiver is left, so the object is dropped.
        if self.receivers == 0 {
            later.dropped = Some(item);
        } else if let Some(key) = self.receiving.first() {
            later.wakers.extend(self.hand_over(key, serial, item));
        } else {
            // Ordered by serial number, so that returned objects keep the order in which they were sent.
            let place = self.returned.partition_point(|other| *other < serial);
            self.returned.insert(place, serial);
            self.buffer.insert(place, item);
        }
        later
    }

    /// Removes a waiting sender that is dropped.
    pub(super) fn stop_sending(&mut self, handle: &Handle, key: usize) -> Waiter<T, Sent<T>> {
        handle.count_out();
        self.sending.remove(key)
    }

    /// Removes a waiting receiver that is dropped. An object that it was handed is passed on.
    pub(super) fn stop_receiving(&mut self, handle: &Handle, key: usize) -> Later<Unwanted<T>> {
        handle.count_out();
        let mut wakers = Vec::new();
        let dropped = match self.receiving.remove(key) {
            // Handed over, and not fetched: pass it on.
            Waiter::Settled(Ok((serial, item))) => {
                let later = self.give_back(serial, item);
                wakers = later.wakers;
                (later.dropped, None)
            }
            // Still waiting: only the waker is left, to be dropped after the unlock.
            Waiter::Waiting((), mut waker, _) => (None, waker.take()),
            _ => (None, None),
        };
        Later { wakers, dropped }
    }

    pub(super) fn new_sender(&mut self) -> Handle {
        self.senders += 1;
        self.new_handle()
    }

    pub(super) fn new_receiver(&mut self) -> Handle {
        self.receivers += 1;
        self.new_handle()
    }

    fn new_handle(&mut self) -> Handle {
        self.next_handle += 1;
        Handle::new(self.next_handle)
    }

    /// Closes a sender: settles the calls that wait on this handle and, if it was the last sender, all
    /// waiting receivers.
    pub(super) fn close_sender(&mut self, handle: &Handle) -> Later<()> {
        let mut wakers = Vec::new();
        if handle.close() {
            self.senders -= 1;
            if handle.has_waiting() {
                // Only the calls on this handle.
                let closed = |item| Err(SendError::Closed(item));
                wakers = self.sending.settle_all(Some(handle.id), closed);
            }
            // Receivers may wait although objects are handed over; then the last `fetch` ends the stream.
            wakers.append(&mut self.end_if_over());
        }
        Later::waking(wakers)
    }

    /// Closes a receiver: settles the calls that wait on this handle and, if it was the last receiver, all
    /// waiting senders. Then the buffer is cleared too.
    pub(super) fn close_receiver(&mut self, handle: &Handle) -> Later<VecDeque<T>> {
        let mut wakers = Vec::new();
        let mut dropped = VecDeque::new();
        if handle.close() {
            self.receivers -= 1;
            if handle.has_waiting() {
                // Only the calls on this handle. Objects that were handed to them stay with them.
                let closed = |()| Err(ReceiveError::Closed);
                wakers = self.receiving.settle_all(Some(handle.id), closed);
            }
            if self.receivers == 0 {
                // All senders. Each gets its object back with the error.
                let broken = |item| Err(SendError::Broken(item));
                wakers.append(&mut self.sending.settle_all(None, broken));
                dropped = mem::take(&mut self.buffer);
                self.returned.clear();
            }
        }
        Later { wakers, dropped }
    }

    /// Settles all waiting receivers, if the stream has ended.
    #[inline]
    fn end_if_over(&mut self) -> Vec<Waker> {
        if !self.has_ended() {
            return Vec::new();
        }
        let ended = |()| Err(ReceiveError::EndOfStream);
        self.receiving.settle_all(None, ended)
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

/// The state of one handle, kept in the handle itself.
///
/// Both atomics are written only under the lock of the stream, which orders everything that matters. Relaxed
/// loads without the lock are hints, for `Debug`.
pub(super) struct Handle {
    pub(super) id: usize,
    /// Set once, by `close`. Handles that are closed from the start are never counted.
    closed: AtomicBool,
    /// The number of entries in the queues that wait on this handle, or are settled and not fetched. Lets
    /// `close` skip the search for them.
    waiting: AtomicUsize,
}

impl Handle {
    fn new(id: usize) -> Handle {
        Handle {
            id,
            closed: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Creates the handle of a clone of a closed handle. It needs no id: nothing waits on it.
    pub(super) fn closed() -> Handle {
        let handle = Handle::new(0);
        handle.close();
        handle
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Closes the handle. Returns false if it was closed before.
    fn close(&self) -> bool {
        let before = self.is_closed();
        self.closed.store(true, Ordering::Relaxed);
        !before
    }

    /// Returns whether any operation on this handle has an entry.
    fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Counts a new entry. Not a read-modify-write operation, since the lock of the stream is held.
    pub(super) fn count_in(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting + 1, Ordering::Relaxed);
    }

    /// Counts an entry as removed.
    pub(super) fn count_out(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting - 1, Ordering::Relaxed);
    }
}
