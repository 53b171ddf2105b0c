use std::mem;
use std::task::Waker;

use crate::chain::{Chain, NONE};
use crate::wake::WakerSlot;

/// Who waits on one side of a stream, in order of arrival.
///
/// A waiter has a slot until it fetches its outcome. While it has none, its slot is also in the
/// chain, from which it can be taken at the front or anywhere.
pub(super) struct Queue<W, O>(Chain<Waiter<W, O>>);

/// What is in a slot.
pub(super) enum Waiter<W, O> {
    /// It brought this, is to be woken so, and waits on the handle with this number.
    Waiting(W, WakerSlot, usize),
    Settled(O),
    /// For a moment, under the lock.
    Vacant,
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
        self.0
            .push(Waiter::Waiting(brought, WakerSlot::with(waker), handle))
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
    pub(super) fn settle(&mut self, key: usize, outcome: O) -> (W, Option<Waker>) {
        self.0.take_out(key);
        match mem::replace(&mut self.0[key], Waiter::Settled(outcome)) {
            Waiter::Waiting(brought, mut waker, _) => (brought, waker.take()),
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

    /// The outcome of a waiter, whose slot is free then; none while it waits.
    pub(super) fn fetch(&mut self, key: usize) -> Option<O> {
        if let Waiter::Waiting(..) = self.0[key] {
            return None;
        }
        match self.0.remove(key) {
            Waiter::Settled(outcome) => Some(outcome),
            _ => unreachable!("a slot that is kept is not vacant"),
        }
    }

    /// The waker of one that waits.
    pub(super) fn waker(&mut self, key: usize) -> &mut WakerSlot {
        match &mut self.0[key] {
            Waiter::Waiting(_, waker, _) => waker,
            _ => unreachable!("it waits"),
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
