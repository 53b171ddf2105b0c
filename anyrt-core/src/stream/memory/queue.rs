use std::mem;
use std::task::Waker;

use slab::Slab;

/// Who waits on one side of a stream, in order of arrival.
///
/// A waiter has a slot until it fetches its outcome. While it has none, its slot is also in a
/// chain, from which it can be taken at the front or anywhere. Slots are used again, so that
/// waiting does not allocate.
pub(super) struct Queue<W, O> {
    slots: Slab<Slot<W, O>>,
    first: usize,
    last: usize,
    len: usize,
}

struct Slot<W, O> {
    waiter: Waiter<W, O>,
    before: usize,
    after: usize,
}

/// What is in a slot.
pub(super) enum Waiter<W, O> {
    /// It brought this, is to be woken so, and waits on the handle with this number.
    Waiting(W, Waker, usize),
    Settled(O),
    /// For a moment, under the lock.
    Vacant,
}

/// What a waiter finds in its slot.
pub(super) enum Fetched<O> {
    Settled(O),
    Waiting,
    /// It waits, and has another waker than the current one.
    WaitingElsewhere,
}

/// No slot.
pub(super) const NONE: usize = usize::MAX;

impl<W, O> Queue<W, O> {
    pub(super) fn new() -> Queue<W, O> {
        Queue {
            slots: Slab::new(),
            first: NONE,
            last: NONE,
            len: 0,
        }
    }

    /// How many have no outcome yet.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, brought: W, waker: Waker, handle: usize) -> usize {
        let key = self.slots.insert(Slot {
            waiter: Waiter::Waiting(brought, waker, handle),
            before: self.last,
            after: NONE,
        });
        match self.last {
            NONE => self.first = key,
            last => self.slots[last].after = key,
        }
        self.last = key;
        self.len += 1;
        key
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Who has waited longest.
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first)
    }

    /// Gives one that waits its outcome. What it brought, and its waker, are for the caller.
    #[inline]
    pub(super) fn settle(&mut self, key: usize, outcome: O) -> (W, Waker) {
        self.unchain(key);
        match mem::replace(&mut self.slots[key].waiter, Waiter::Settled(outcome)) {
            Waiter::Waiting(brought, waker, _) => (brought, waker),
            _ => unreachable!("only who waits is in the chain"),
        }
    }

    /// Gives an outcome to those that wait, on this handle if one is named.
    pub(super) fn settle_all(
        &mut self,
        on: Option<usize>,
        mut outcome: impl FnMut(W) -> O,
    ) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut next = self.first;
        while next != NONE {
            let key = next;
            let slot = &mut self.slots[key];
            next = slot.after;
            slot.waiter = match mem::replace(&mut slot.waiter, Waiter::Vacant) {
                Waiter::Waiting(brought, waker, handle) if on.is_none_or(|on| on == handle) => {
                    wakers.push(waker);
                    Waiter::Settled(outcome(brought))
                }
                waiter => waiter,
            };
            if let Waiter::Settled(_) = slot.waiter {
                self.unchain(key);
            }
        }
        wakers
    }

    /// Looks into the slot, which is free afterwards if there was an outcome.
    pub(super) fn fetch(&mut self, key: usize, waker: &Waker) -> Fetched<O> {
        match &self.slots[key].waiter {
            Waiter::Waiting(_, old, _) if old.will_wake(waker) => Fetched::Waiting,
            Waiter::Waiting(..) => Fetched::WaitingElsewhere,
            _ => match self.slots.remove(key).waiter {
                Waiter::Settled(outcome) => Fetched::Settled(outcome),
                _ => unreachable!("a slot that is kept is not vacant"),
            },
        }
    }

    /// Gives one that still waits another waker, and back the one that is not needed.
    pub(super) fn wake_by(&mut self, key: usize, waker: Waker) -> Waker {
        match &mut self.slots[key].waiter {
            Waiter::Waiting(_, old, _) => mem::replace(old, waker),
            _ => waker,
        }
    }

    /// Frees the slot of somebody who does not wait any longer.
    pub(super) fn remove(&mut self, key: usize) -> Waiter<W, O> {
        if let Waiter::Waiting(..) = self.slots[key].waiter {
            self.unchain(key);
        }
        self.slots.remove(key).waiter
    }

    fn unchain(&mut self, key: usize) {
        let Slot { before, after, .. } = self.slots[key];
        match before {
            NONE => self.first = after,
            before => self.slots[before].after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.slots[after].before = before,
        }
        self.len -= 1;
    }
}
