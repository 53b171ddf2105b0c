//! Slots that are found by their key, with those that wait in a chain in the order of arrival.

use std::ops::{Index, IndexMut};

use slab::Slab;

/// No slot.
pub(crate) const NONE: usize = usize::MAX;

/// An empty chain gives its memory back if it has more slots than this.
const KEPT: usize = 64;

/// A slot is in the chain from [`push`](Chain::push) to [`take_out`](Chain::take_out), wherever it
/// stands, and keeps its key and its value until [`remove`](Chain::remove). Slots are used again, so
/// that waiting does not allocate.
pub(crate) struct Chain<T> {
    slots: Slab<Slot<T>>,
    first: usize,
    last: usize,
    len: usize,
}

struct Slot<T> {
    value: T,
    before: usize,
    after: usize,
}

impl<T> Chain<T> {
    pub(crate) const fn new() -> Chain<T> {
        Chain {
            slots: Slab::new(),
            first: NONE,
            last: NONE,
            len: 0,
        }
    }

    /// How many are in the chain.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Who has been in the chain longest; [`NONE`] if it is empty.
    #[inline]
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Who comes after this one in the chain; [`NONE`] after the last.
    #[inline]
    pub(crate) fn after(&self, key: usize) -> usize {
        self.slots[key].after
    }

    /// Takes a slot, at the end of the chain, and gives its key.
    #[inline]
    pub(crate) fn push(&mut self, value: T) -> usize {
        let key = self.slots.insert(Slot {
            value,
            before: self.last,
            after: NONE,
        });
        match self.slots.get_mut(self.last) {
            Some(last) => last.after = key,
            None => self.first = key,
        }
        self.last = key;
        self.len += 1;
        key
    }

    /// Takes a slot out of the chain, which is in it.
    #[inline]
    pub(crate) fn take_out(&mut self, key: usize) {
        let Slot { before, after, .. } = self.slots[key];
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
        self.len -= 1;
    }

    /// Gives a slot back, which is not in the chain any more.
    #[inline]
    pub(crate) fn remove(&mut self, key: usize) -> T {
        let slot = self.slots.remove(key);
        if self.slots.is_empty() && self.slots.capacity() > KEPT {
            self.slots = Slab::new();
        }
        slot.value
    }
}

impl<T> Index<usize> for Chain<T> {
    type Output = T;

    #[inline]
    fn index(&self, key: usize) -> &T {
        &self.slots[key].value
    }
}

impl<T> IndexMut<usize> for Chain<T> {
    #[inline]
    fn index_mut(&mut self, key: usize) -> &mut T {
        &mut self.slots[key].value
    }
}
