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

use slab::Slab;

/// No slot.
const NONE: usize = usize::MAX;

/// An empty queue gives its memory back if it has more slots than this.
const KEPT: usize = 64;

/// Waiters that ask for an `A`.
pub(super) struct Queue<A> {
    slots: Slab<Slot<A>>,
    first: usize,
    last: usize,
    waiting: usize,
}

struct Slot<A> {
    ask: A,
    before: usize,
    after: usize,
    /// None once it is granted.
    waker: Option<Waker>,
}

impl<A> Queue<A> {
    pub(super) const fn new() -> Queue<A> {
        Queue {
            slots: Slab::new(),
            first: NONE,
            last: NONE,
            waiting: 0,
        }
    }

    /// How many wait. Those that are granted do not.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the waiter asks for that waits longest.
    pub(super) fn first(&self) -> Option<&A> {
        Some(&self.slots.get(self.first)?.ask)
    }

    /// Puts a waiter at the end, and gives its key.
    pub(super) fn push(&mut self, ask: A, waker: Waker) -> usize {
        let key = self.slots.insert(Slot {
            ask,
            before: self.last,
            after: NONE,
            waker: Some(waker),
        });
        match self.slots.get_mut(self.last) {
            Some(last) => last.after = key,
            None => self.first = key,
        }
        self.last = key;
        self.waiting += 1;
        key
    }

    /// Grants the first waiter what it asks for; gives the waker to wake.
    pub(super) fn grant_first(&mut self) -> Option<Waker> {
        let waker = self.slots.get_mut(self.first)?.waker.take();
        self.unlink(self.first);
        waker
    }

    pub(super) fn is_granted(&self, key: usize) -> bool {
        self.slots[key].waker.is_none()
    }

    /// Whether the waiter would be woken through this waker.
    pub(super) fn wakes(&self, key: usize, waker: &Waker) -> bool {
        let kept = self.slots[key].waker.as_ref();
        kept.is_some_and(|kept| kept.will_wake(waker))
    }

    /// Gives a waiter another waker; the old one comes out.
    pub(super) fn replace_waker(&mut self, key: usize, waker: Waker) -> Option<Waker> {
        self.slots[key].waker.replace(waker)
    }

    /// Takes a waiter out: what it asked for, and its waker, unless it was granted.
    pub(super) fn remove(&mut self, key: usize) -> (A, Option<Waker>) {
        if !self.is_granted(key) {
            self.unlink(key);
        }
        let slot = self.slots.remove(key);
        if self.slots.is_empty() && self.slots.capacity() > KEPT {
            self.slots = Slab::new();
        }
        (slot.ask, slot.waker)
    }

    /// Wakes all who wait, the oldest first; of these nobody is in a queue any more.
    #[cold]
    pub(super) fn wake(mut self) {
        while let Some(waker) = self.grant_first() {
            waker.wake();
        }
    }

    fn unlink(&mut self, key: usize) {
        let Slot { before, after, .. } = self.slots[key];
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
        self.waiting -= 1;
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
        if let Some(first) = self.first {
            first.wake();
            self.rest.into_iter().for_each(Waker::wake);
        }
    }
}
