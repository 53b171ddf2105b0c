//! The waiters on one side of a stream, in order of arrival.
//!
//! ```text
//!   push_back ──▶ Waiting (linked) ──settle──▶ Settled (unlinked) ──fetch──▶ gone
//!                    └───────────────remove───────────┴──────────────────────▲
//! ```
//!
//! A waiter has an entry in a slab, with a key that stays valid until `fetch` or `remove`, one of which is
//! called exactly once. A waiting entry is also linked, so that it can be unlinked at the front or anywhere
//! in constant time. All methods run under the lock of the stream; wakers and objects that they return must
//! be woken or dropped after the unlock.

use std::mem;
use std::task::Waker;

use crate::linked_slab::{LinkedSlab, NONE};
use crate::wake::WakerSlot;

/// A queue of waiters. A waiter brings a `W` (a sender its object) and receives an outcome `O`.
pub(super) struct Queue<W, O>(LinkedSlab<Waiter<W, O>>);

/// An entry of the queue.
pub(super) enum Waiter<W, O> {
    /// The value that the waiter brought, its waker, and the id of the handle it waits on.
    /// The outcome, which the waiter has not fetched yet.
    Waiting(W, WakerSlot, usize),
    Settled(O),
    /// Only within `settle_all`, while the entry changes.
    Vacant,
}

impl<W, O> Queue<W, O> {
    pub(super) fn new() -> Queue<W, O> {
        Queue(LinkedSlab::new())
    }

    /// Returns the number of waiters without an outcome.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends a waiter, and returns its key.
    pub(super) fn push_back(&mut self, brought: W, waker: Waker, handle: usize) -> usize {
        self.0
            .push(Waiter::Waiting(brought, WakerSlot::with(waker), handle))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.first() == NONE
    }

    /// Returns the key of the waiter that has waited longest.
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        let first = self.0.first();
        (first != NONE).then_some(first)
    }

    /// Settles a waiter. Returns the value that it brought, and the waker to wake.
    #[inline]
    pub(super) fn settle(&mut self, key: usize, outcome: O) -> (W, Option<Waker>) {
        self.0.take_out(key);
        match mem::replace(&mut self.0[key], Waiter::Settled(outcome)) {
            Waiter::Waiting(brought, mut waker, _) => (brought, waker.take()),
            _ => unreachable!("only who waits is in the chain"),
        }
    }

    /// Settles all waiters, or those of one handle. Returns the wakers to wake.
    pub(super) fn settle_all(
        &mut self,
        on: Option<usize>,
        mut outcome: impl FnMut(W) -> O,
    ) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut next = self.0.first();
        // Ends: `next` only moves forward in the list. It is read before the entry is unlinked.
        while next != NONE {
            let key = next;
            next = self.0.after(key);
            let waiter = &mut self.0[key];
            *waiter = match mem::replace(waiter, Waiter::Vacant) {
                Waiter::Waiting(brought, mut waker, handle) if on.is_none_or(|on| on == handle) => {
                    wakers.extend(waker.take());
                    Waiter::Settled(outcome(brought))
                }
                waiter => waiter,
            };
            if let Waiter::Settled(_) = waiter {
                self.0.take_out(key);
            }
        }
        wakers
    }

    /// Returns the outcome of a waiter and removes its entry. Returns `None` while it waits.
    pub(super) fn fetch(&mut self, key: usize) -> Option<O> {
        if let Waiter::Waiting(..) = self.0[key] {
            return None;
        }
        match self.0.remove(key) {
            Waiter::Settled(outcome) => Some(outcome),
            _ => unreachable!("a slot that is kept is not vacant"),
        }
    }

    /// Returns the waker of a waiter that is not settled.
    pub(super) fn waker(&mut self, key: usize) -> &mut WakerSlot {
        match &mut self.0[key] {
            Waiter::Waiting(_, waker, _) => waker,
            _ => unreachable!("it waits"),
        }
    }

    /// Removes the entry of a waiter that is dropped before it has fetched its outcome.
    pub(super) fn remove(&mut self, key: usize) -> Waiter<W, O> {
        if let Waiter::Waiting(..) = self.0[key] {
            self.0.take_out(key);
        }
        self.0.remove(key)
    }
}
