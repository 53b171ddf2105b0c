//! A slab with a doubly linked list through its entries, for queues of waiting tasks. The owner's lock guards
//! it.

use std::ops::{Index, IndexMut};

use slab::Slab;

/// A key that no entry has.
pub(crate) const NONE: usize = usize::MAX;

/// The number of entries above which an empty list frees its memory.
const KEPT: usize = 64;

/// A slab whose entries can be linked in a list, in the order of arrival.
///
/// An entry is in the list from [`push`](LinkedSlab::push) to [`take_out`](LinkedSlab::take_out), and keeps
/// its key and its value until [`remove`](LinkedSlab::remove). Entries are reused, so waiting does not allocate.
pub(crate) struct LinkedSlab<T> {
    entries: Slab<Entry<T>>,
    first: usize,
    last: usize,
    len: usize,
}

/// An entry. `before` and `after` are the keys of its neighbours while it is in the list.
struct Entry<T> {
    value: T,
    before: usize,
    after: usize,
}

impl<T> LinkedSlab<T> {
    pub(crate) const fn new() -> LinkedSlab<T> {
        LinkedSlab {
            entries: Slab::new(),
            first: NONE,
            last: NONE,
            len: 0,
        }
    }

    /// Returns the number of entries in the list.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the first key of the list, or [`NONE`] if it is empty.
    #[inline]
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Returns the key after this one in the list, or [`NONE`] after the last.
    #[inline]
    pub(crate) fn after(&self, key: usize) -> usize {
        self.entries[key].after
    }

    /// Adds an entry at the end of the list. Returns its key.
    #[inline]
    pub(crate) fn push(&mut self, value: T) -> usize {
        let key = self.entries.insert(Entry {
            value,
            before: self.last,
            after: NONE,
        });
        match self.entries.get_mut(self.last) {
            Some(last) => last.after = key,
            None => self.first = key,
        }
        self.last = key;
        self.len += 1;
        key
    }

    /// Unlinks an entry; it must be in the list. Its value stays.
    #[inline]
    pub(crate) fn take_out(&mut self, key: usize) {
        let Entry { before, after, .. } = self.entries[key];
        match self.entries.get_mut(before) {
            Some(entry) => entry.after = after,
            None => self.first = after,
        }
        match self.entries.get_mut(after) {
            Some(entry) => entry.before = before,
            None => self.last = before,
        }
        self.len -= 1;
    }

    /// Frees an entry; it must not be in the list. Returns its value.
    #[inline]
    pub(crate) fn remove(&mut self, key: usize) -> T {
        let entry = self.entries.remove(key);
        if self.entries.is_empty() && self.entries.capacity() > KEPT {
            self.entries = Slab::new();
        }
        entry.value
    }
}

impl<T> Index<usize> for LinkedSlab<T> {
    type Output = T;

    #[inline]
    fn index(&self, key: usize) -> &T {
        &self.entries[key].value
    }
}

impl<T> IndexMut<usize> for LinkedSlab<T> {
    #[inline]
    fn index_mut(&mut self, key: usize) -> &mut T {
        &mut self.entries[key].value
    }
}
