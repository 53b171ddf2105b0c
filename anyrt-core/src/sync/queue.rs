//! A queue of waiters in order of arrival, for `fair_queue.rs` and `event.rs`.
//!
//! A waiter has an entry in a slab, and finds it by its key in constant time:
//!
//! ```text
//!   push ──▶ waiting (linked, with its waker) ──grant_first──▶ granted (unlinked) ──remove──▶ gone
//!                 └──────────────────────remove──────────────────────────────────────────────▲
//! ```
//!
//! A granted entry stays in the slab until its waiter has polled or is dropped; `remove` is called exactly
//! once for each key. The queue has no lock: its owner protects it with one, and must release that lock
//! before it wakes or drops a waker that a method returns.

use std::task::Waker;

use crate::linked_slab::{LinkedSlab, NONE};
use crate::wake::{WakerSlot, wake_all};

/// A queue of waiters with requests of type `A`.
pub(super) struct Queue<A>(LinkedSlab<Waiter<A>>);

struct Waiter<A> {
    ask: A,
    /// Empty once the request is granted: the only record of that state.
    waker: WakerSlot,
}

impl<A> Queue<A> {
    pub(super) const fn new() -> Queue<A> {
        Queue(LinkedSlab::new())
    }

    /// Returns the number of waiters. Granted ones are not counted.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.0.len()
    }

    /// Returns the request of the first waiter.
    #[inline]
    pub(super) fn first(&self) -> Option<&A> {
        match self.0.first() {
            NONE => None,
            first => Some(&self.0[first].ask),
        }
    }

    /// Appends a waiter, and returns its key.
    pub(super) fn push(&mut self, ask: A, waker: Waker) -> usize {
        // Never empty here, so an empty slot means granted.
        let waker = WakerSlot::with(waker);
        self.0.push(Waiter { ask, waker })
    }

    /// Grants the request of the first waiter, and returns the waker to wake.
    pub(super) fn grant_first(&mut self) -> Option<Waker> {
        let first = self.0.first();
        if first == NONE {
            return None;
        }
        // Unlinked, but not removed: the waiter finds the entry in its next poll, or when it is dropped.
        self.0.take_out(first);
        self.0[first].waker.take()
    }

    /// Returns whether the request of this waiter was granted.
    pub(super) fn is_granted(&self, key: usize) -> bool {
        self.0[key].waker.is_empty()
    }

    /// Returns the waker of a waiter that is not granted.
    pub(super) fn waker(&mut self, key: usize) -> &mut WakerSlot {
        &mut self.0[key].waker
    }

    /// Removes a waiter. Returns its request, and its waker unless it was granted.
    pub(super) fn remove(&mut self, key: usize) -> (A, Option<Waker>) {
        // `grant_first` has unlinked a granted entry already.
        if !self.is_granted(key) {
            self.0.take_out(key);
        }
        let Waiter { ask, mut waker } = self.0.remove(key);
        (ask, waker.take())
    }

    /// Wakes all waiters, the oldest first. The queue must be detached: its waiters no longer use their keys.
    #[cold]
    pub(super) fn wake(mut self) {
        wake_all(std::iter::from_fn(|| self.grant_first()));
    }
}

/// Wakers to wake after a lock is released, the oldest first.
///
/// The first is kept apart, so that the usual case of one waker does not allocate.
#[derive(Default)]
pub(super) struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl Wakers {
    pub(super) fn push(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.rest.extend(waker);
        }
    }

    #[inline]
    pub(super) fn wake(self) {
        if self.rest.is_empty() {
            if let Some(first) = self.first {
                first.wake();
            }
        } else {
            wake_all(self.first.into_iter().chain(self.rest));
        }
    }
}
