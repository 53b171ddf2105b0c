//! What a stream consists of, and each change to it. All of it happens under the lock; what is to
//! be woken or dropped is given back, for afterwards.
//!
//! # Invariants
//!
//! 1. Receivers wait only while the buffer is empty and no sender waits.
//! 2. Senders wait only while the buffer is full.
//! 3. An object is in one place: with its sender, in a waiting sender's slot, in the buffer, in
//!    the slot of the receiver that it was handed to, or with its receiver.
//! 4. What is handed over is older than what is in the buffer, except for what came back; and
//!    that lies at the front of the buffer, in the order in which it was sent.

use std::collections::VecDeque;
use std::mem;
use std::task::{Poll, Waker};

use super::MemoryObjectStreamStatistics;
use super::queue::{Queue, Waiter};
use crate::loom::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::loom::{Mutex, MutexGuard, lock};
use crate::stream::{ReceiveError, SendError, TryReceiveError, TrySendError};
use crate::wake::{WakerSlot, poll_locked, wake_all};

/// What all handles of a stream share.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
}

pub(super) struct State<T> {
    capacity: usize,
    buffer: VecDeque<T>,
    /// The serials of those at the front of the buffer that were handed over and came back.
    returned: VecDeque<u64>,
    /// How many objects are handed over, and not fetched yet. They may come back, so the stream
    /// has not ended.
    handed: usize,
    next_serial: u64,
    senders: usize,
    receivers: usize,
    next_handle: usize,
    /// Senders that wait with an object.
    pub(super) sending: Queue<T, Sent<T>>,
    /// Receivers that wait for one.
    pub(super) receiving: Queue<(), Received<T>>,
}

pub(super) type Sent<T> = Result<(), SendError<T>>;

/// An object that was handed over, with its place in the stream.
pub(super) type Received<T> = Result<(u64, T), ReceiveError>;

/// What is left to do when the lock is released: wake these, and drop those.
#[must_use]
pub(super) struct Later<D> {
    wakers: Vec<Waker>,
    dropped: D,
}

/// What a receiver leaves that does not wait any longer: an object that nobody is left for, or its
/// waker.
pub(super) type Unwanted<T> = (Option<T>, Option<Waker>);

impl<D> Later<D> {
    pub(super) fn carry_out(self) {
        wake_all(self.wakers.into_iter());
        drop(self.dropped);
    }
}

impl Later<()> {
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

    /// Does something under the lock, or leaves the waker in the slot that it returns.
    pub(super) fn poll<O>(
        &self,
        waker: &Waker,
        attempt: impl FnMut(&mut State<T>) -> Result<O, &mut WakerSlot>,
    ) -> Poll<O> {
        poll_locked(&self.state, waker, attempt)
    }
}

impl<T> State<T> {
    /// Puts the object into the buffer, if there is no more to it; most often there is not.
    #[inline]
    pub(super) fn send_plainly(&mut self, handle: &Handle, item: T) -> Result<(), T> {
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

    /// Hands the object to the receiver that has waited longest, who is to be woken, or puts it
    /// into the buffer.
    pub(super) fn send(
        &mut self,
        handle: &Handle,
        item: T,
    ) -> Result<Option<Waker>, TrySendError<T>> {
        if handle.is_closed() {
            return Err(TrySendError::Closed(item));
        }
        if self.receivers == 0 {
            return Err(TrySendError::Broken(item));
        }
        if let Some(key) = self.receiving.first() {
            let serial = self.next_serial;
            self.next_serial += 1;
            return Ok(self.hand_over(key, serial, item));
        }
        if self.buffer.len() < self.capacity {
            self.buffer.push_back(item);
            return Ok(None);
        }
        Err(TrySendError::WouldBlock(item))
    }

    /// Takes the oldest object out of the buffer, if there is no more to it; most often there is
    /// not.
    #[inline]
    pub(super) fn receive_plainly(&mut self, handle: &Handle) -> Option<T> {
        let plain = self.sending.is_empty() && self.returned.is_empty() && !handle.is_closed();
        if plain { self.buffer.pop_front() } else { None }
    }

    /// Takes the oldest object. The sender that has waited longest gets the room, and is to be
    /// woken.
    pub(super) fn receive(
        &mut self,
        handle: &Handle,
    ) -> Result<(T, Option<Waker>), TryReceiveError> {
        if handle.is_closed() {
            return Err(TryReceiveError::Closed);
        }
        let oldest = self.buffer.pop_front();
        if !self.returned.is_empty() {
            self.returned.pop_front();
        }
        let next = match self.sending.first() {
            Some(key) if oldest.is_none() || self.buffer.len() < self.capacity => {
                Some(self.sending.settle(key, Ok(())))
            }
            _ => None,
        };
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

    /// Where the buffer is known to be empty, and no sender waits.
    fn has_ended(&self) -> bool {
        self.senders == 0 && self.handed == 0
    }

    fn hand_over(&mut self, receiver: usize, serial: u64, item: T) -> Option<Waker> {
        self.handed += 1;
        let ((), waker) = self.receiving.settle(receiver, Ok((serial, item)));
        waker
    }

    /// What became of a waiting sender, which has no slot afterwards; or its waker, while it waits.
    pub(super) fn fetch_sent(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Result<Sent<T>, &mut WakerSlot> {
        let Some(sent) = self.sending.fetch(key) else {
            return Err(self.sending.waker(key));
        };
        handle.count_out();
        Ok(sent)
    }

    /// What became of a waiting receiver, which has no slot afterwards; or its waker, while it waits.
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
            self.handed -= 1;
            wakers = self.end_if_over();
            item
        });
        Ok((received, Later::waking(wakers)))
    }

    /// One that was handed over is not wanted: the next receiver gets it, or whoever comes next.
    pub(super) fn give_back(&mut self, serial: u64, item: T) -> Later<Option<T>> {
        self.handed -= 1;
        let mut later = Later {
            wakers: Vec::new(),
            dropped: None,
        };
        if self.receivers == 0 {
            later.dropped = Some(item);
        } else if let Some(key) = self.receiving.first() {
            later.wakers.extend(self.hand_over(key, serial, item));
        } else {
            let place = self.returned.partition_point(|other| *other < serial);
            self.returned.insert(place, serial);
            self.buffer.insert(place, item);
        }
        later
    }

    /// A sender does not wait any longer.
    pub(super) fn stop_sending(&mut self, handle: &Handle, key: usize) -> Waiter<T, Sent<T>> {
        handle.count_out();
        self.sending.remove(key)
    }

    /// A receiver does not wait any longer; what it was handed is passed on.
    pub(super) fn stop_receiving(&mut self, handle: &Handle, key: usize) -> Later<Unwanted<T>> {
        handle.count_out();
        let mut wakers = Vec::new();
        let dropped = match self.receiving.remove(key) {
            Waiter::Settled(Ok((serial, item))) => {
                let later = self.give_back(serial, item);
                wakers = later.wakers;
                (later.dropped, None)
            }
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

    /// Ends what waits on this handle, and with the last sender what waits to receive.
    pub(super) fn close_sender(&mut self, handle: &Handle) -> Later<()> {
        let mut wakers = Vec::new();
        if handle.close() {
            self.senders -= 1;
            if handle.has_waiting() {
                let closed = |item| Err(SendError::Closed(item));
                wakers = self.sending.settle_all(Some(handle.id), closed);
            }
            wakers.append(&mut self.end_if_over());
        }
        Later::waking(wakers)
    }

    /// Ends what waits on this handle, and with the last receiver what waits to send. Then nobody
    /// will ask for what is in the buffer.
    pub(super) fn close_receiver(&mut self, handle: &Handle) -> Later<VecDeque<T>> {
        let mut wakers = Vec::new();
        let mut dropped = VecDeque::new();
        if handle.close() {
            self.receivers -= 1;
            if handle.has_waiting() {
                let closed = |()| Err(ReceiveError::Closed);
                wakers = self.receiving.settle_all(Some(handle.id), closed);
            }
            if self.receivers == 0 {
                let broken = |item| Err(SendError::Broken(item));
                wakers.append(&mut self.sending.settle_all(None, broken));
                dropped = mem::take(&mut self.buffer);
                self.returned.clear();
            }
        }
        Later { wakers, dropped }
    }

    /// Receivers that wait learn that nothing will come.
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

/// The part of a handle that its stream knows. Written under the stream's lock only, which is all
/// the ordering that there has to be.
pub(super) struct Handle {
    pub(super) id: usize,
    closed: AtomicBool,
    /// How many operations on this handle have a slot.
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

    /// A closed one needs no number: nothing waits on it.
    pub(super) fn closed() -> Handle {
        let handle = Handle::new(0);
        handle.close();
        handle
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// False if it was closed before.
    fn close(&self) -> bool {
        let before = self.is_closed();
        self.closed.store(true, Ordering::Relaxed);
        !before
    }

    fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    pub(super) fn count_in(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting + 1, Ordering::Relaxed);
    }

    pub(super) fn count_out(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting - 1, Ordering::Relaxed);
    }
}
