use std::mem;
use std::task::Waker;

use crate::chain::{Chain, NONE};

/// Who waits on one side of a stream, in order of arrival.
///
/// A waiter has a slot until it fetches its outcome. While it has none, its slot is also in the
/// chain, from which it can be taken at the front or anywhere.
pub(super) struct Queue<W, O>(Chain<Waiter<W, O>>);

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

impl<W, O> Queue<W, O> {
    pub(super) fn new() -> Queue<W, O> {
        Queue(Chain::new())
    }

    /// How many have no outcome yet.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push_back(&mut self, brought: W, waker: Waker, handle: usize) -> usize {
        self.0.push(Waiter::Waiting(brought, waker, handle))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.first() == NONE
    }

    /// Who has waited longest.
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        let first = self.0.first();
        (first != NONE).then_some(first)
    }

    /// Gives one that waits its outcome. What it brought, and its waker, are for the caller.
    #[inline]
    pub(super) fn settle(&mut self, key: usize, outcome: O) -> (W, Waker) {
        self.0.take_out(key);
        match mem::replace(&mut self.0[key], Waiter::Settled(outcome)) {
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
        let mut next = self.0.first();
        while next != NONE {
            let key = next;
            next = self.0.after(key);
            let waiter = &mut self.0[key];
            *waiter = match mem::replace(waiter, Waiter::Vacant) {
                Waiter::Waiting(brought, waker, handle) if on.is_none_or(|on| on == handle) => {
                    wakers.push(waker);
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

    /// Looks into the slot, which is free afterwards if there was an outcome.
    pub(super) fn fetch(&mut self, key: usize, waker: &Waker) -> Fetched<O> {
        match &self.0[key] {
            Waiter::Waiting(_, old, _) if old.will_wake(waker) => Fetched::Waiting,
            Waiter::Waiting(..) => Fetched::WaitingElsewhere,
            _ => match self.0.remove(key) {
                Waiter::Settled(outcome) => Fetched::Settled(outcome),
                _ => unreachable!("a slot that is kept is not vacant"),
            },
        }
    }

    /// Gives one that still waits another waker, and back the one before; or that one itself, if
    /// there is an outcome by now.
    pub(super) fn wake_by(&mut self, key: usize, waker: Waker) -> Result<Waker, Waker> {
        match &mut self.0[key] {
            Waiter::Waiting(_, old, _) => Ok(mem::replace(old, waker)),
            _ => Err(waker),
        }
    }

    /// Frees the slot of somebody who does not wait any longer.
    pub(super) fn remove(&mut self, key: usize) -> Waiter<W, O> {
        if let Waiter::Waiting(..) = self.0[key] {
            self.0.take_out(key);
        }
        self.0.remove(key)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::task::Waker;

    use super::{Fetched, Queue};

    #[test]
    fn a_waker_is_replaced_while_there_is_no_outcome() {
        let waker = Waker::noop();
        let mut queue = Queue::<(), u8>::new();
        let key = queue.push_back((), waker.clone(), 0);
        assert!(queue.wake_by(key, waker.clone()).is_ok());
        let ((), _) = queue.settle(key, 1);
        assert!(queue.wake_by(key, waker.clone()).is_err());
        assert!(matches!(queue.fetch(key, waker), Fetched::Settled(1)));
    }
}
