//! The state of one handle of a stream.

use crate::loom::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The state of one handle, kept in the handle itself.
///
/// Both atomics are written only under the lock of the stream, which orders everything that matters. Relaxed
/// loads without the lock are hints, for `Debug`.
pub(in crate::stream::memory) struct Handle {
    pub(in crate::stream::memory) id: usize,
    /// Set once, by `close`. Handles that are closed from the start are never counted.
    closed: AtomicBool,
    /// The number of entries in the queues that wait on this handle, or are settled and not fetched. Lets
    /// `close` skip the search for them.
    waiting: AtomicUsize,
}

impl Handle {
    pub(super) fn new(id: usize) -> Handle {
        Handle {
            id,
            closed: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Creates the handle of a clone of a closed handle. It needs no id: nothing waits on it.
    pub(in crate::stream::memory) fn closed() -> Handle {
        let handle = Handle::new(0);
        handle.close();
        handle
    }

    #[inline]
    pub(in crate::stream::memory) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Closes the handle. Returns false if it was closed before.
    pub(super) fn close(&self) -> bool {
        let before = self.is_closed();
        self.closed.store(true, Ordering::Relaxed);
        !before
    }

    /// Returns whether any operation on this handle has an entry.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Counts a new entry. Not a read-modify-write operation, since the lock of the stream is held.
    pub(in crate::stream::memory) fn count_in(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting + 1, Ordering::Relaxed);
    }

    /// Counts an entry as removed.
    pub(in crate::stream::memory) fn count_out(&self) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.waiting.store(waiting - 1, Ordering::Relaxed);
    }
}
