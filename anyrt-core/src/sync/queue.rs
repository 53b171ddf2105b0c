//! Waiters in the order of their arrival.
//!
//! A waiter has a slot, which it finds by its key in one step, wherever it stands:
//!
//! ```text
//!   push ──▶ waiting (in the list, with its waker) ──grant_first──▶ granted ──remove──▶ gone
//!                 └──────────────────────remove───────────────────────────────────────────▲
//! ```
//!
//! A granted slot has left the list; it stays until its waiter has seen it, or has gone away.
//! Whoever calls holds a lock, and wakes and drops the wakers that come out after it.

use std::task::Waker;

use crate::chain::{Chain, NONE};
use crate::wake::{WakerSlot, wake_all};

/// Waiters that ask for an `A`.
pub(super) struct Queue<A>(Chain<Waiter<A>>);

struct Waiter<A> {
    ask: A,
    /// Empty once it is granted.
    waker: WakerSlot,
}

impl<A> Queue<A> {
    pub(super) const fn new() -> Queue<A> {
        Queue(Chain::new())
    }

    /// How many wait. Those that are granted do not.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.0.len()
    }

    /// What the waiter asks for that waits longest.
    #[inline]
    pub(super) fn first(&self) -> Option<&A> {
        match self.0.first() {
            NONE => None,
            first => Some(&self.0[first].ask),
        }
    }

    /// Puts a waiter at the end, and gives its key.
    pub(super) fn push(&mut self, ask: A, waker: Waker) -> usize {
        let waker = WakerSlot::with(waker);
        self.0.push(Waiter { ask, waker })
    }

    /// Grants the first waiter what it asks for; gives the waker to wake.
    pub(super) fn grant_first(&mut self) -> Option<Waker> {
        let first = self.0.first();
        if first == NONE {
            return None;
        }
        self.0.take_out(first);
        self.0[first].waker.take()
    }

    pub(super) fn is_granted(&self, key: usize) -> bool {
        self.0[key].waker.is_empty()
    }

    /// The waker of a waiter that was not granted.
    pub(super) fn waker(&mut self, key: usize) -> &mut WakerSlot {
        &mut self.0[key].waker
    }

    /// Takes a waiter out: what it asked for, and its waker, unless it was granted.
    pub(super) fn remove(&mut self, key: usize) -> (A, Option<Waker>) {
        if !self.is_granted(key) {
            self.0.take_out(key);
        }
        let Waiter { ask, mut waker } = self.0.remove(key);
        (ask, waker.take())
    }

    /// Wakes all who wait, the oldest first; of these nobody is in a queue any more.
    #[cold]
    pub(super) fn wake(mut self) {
        wake_all(std::iter::from_fn(|| self.grant_first()));
    }
}

/// Wakers to be woken once a lock has been released, the oldest first.
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
