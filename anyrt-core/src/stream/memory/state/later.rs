//! The work that is left for after the unlock.

use std::task::Waker;

use crate::wake::wake_all;

/// The work to do after the lock is released: wake the wakers, then drop the values.
#[must_use]
pub(in crate::stream::memory) struct Later<D> {
    pub(super) wakers: Vec<Waker>,
    pub(super) dropped: D,
}

/// The remains of a receiver that was dropped: an object without a receiver, or its waker.
pub(in crate::stream::memory) type Unwanted<T> = (Option<T>, Option<Waker>);

impl<D> Later<D> {
    /// Wakes and drops everything. The lock of the stream must not be held.
    pub(in crate::stream::memory) fn carry_out(self) {
        // In this order: a destructor may panic, and the woken tasks must not depend on that.
        wake_all(self.wakers.into_iter());
        drop(self.dropped);
    }
}

impl Later<()> {
    /// Creates a `Later` that only wakes.
    pub(super) fn waking(wakers: Vec<Waker>) -> Later<()> {
        Later {
            wakers,
            dropped: (),
        }
    }
}
