//! A slab with a doubly linked list through its slots, for queues of waiting tasks. The owner's lock guards
//! it.

use std::ops::{Index, IndexMut};

use slab::Slab;

/// A key that no slot has.
pub(crate) const NONE: usize = usize::MAX;

/// The number of slots above which an empty chain frees its memory.
const KEPT: usize = 64;

/// A slab whose slots can be linked in a chain, in the order of arrival.
///
/// A slot is in the chain from [`push`](Chain::push) to [`take_out`](Chain::take_out), and keeps its key and
/// its value until [`remove`](Chain::remove). Slots are reused, so waiting does not allocate.
pub(crate) struct Chain<T> {
    slots: Slab<Slot<T>>,
    first: usize,
    last: usize,
    len: usize,
}

/// A slot. `before` and `after` are the keys of its neighbours while it is in the chain.
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

    /// Returns the number of slots in the chain.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the first key of the chain, or [`NONE`] if it is empty.
    #[inline]
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Returns the key after this one in the chain, or [`NONE`] after the last.
    #[inline]
    pub(crate) fn after(&self, key: usize) -> usize {
        self.slots[key].after
    }

    /// Adds a slot at the end of the chain. Returns its key.
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

    /// Unlinks a slot; it must be in the chain. Its value stays.
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

    /// Frees a slot; it must not be in the chain. Returns its value.
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
