//! The marks of a thread for which an operation leaves its fast path.

use std::cell::Cell;

/// A scope, deadline or shield was changed on this thread during the current outermost poll. Set by the
/// change; cleared by the outermost frame when it is left.
const DIRTY: u8 = 1;
/// A hook observes the operations that begin on this thread. Set and cleared by `observe`, and by its guard.
const OBSERVED: u8 = 1 << 1;

/// The marks of a thread, in one byte, so that operations test all of them at once.
pub(super) struct Marks(Cell<u8>);

impl Marks {
    pub(super) const fn new() -> Marks {
        Marks(Cell::new(0))
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.0.get() != 0
    }

    #[inline]
    pub(super) fn is_dirty(&self) -> bool {
        self.0.get() & DIRTY != 0
    }

    #[inline]
    pub(super) fn set_dirty(&self) {
        self.0.set(self.0.get() | DIRTY);
    }

    #[inline]
    pub(super) fn clear_dirty(&self) {
        self.0.set(self.0.get() & !DIRTY);
    }

    #[inline]
    pub(super) fn is_observed(&self) -> bool {
        self.0.get() & OBSERVED != 0
    }

    pub(super) fn set_observed(&self, on: bool) {
        let others = self.0.get() & !OBSERVED;
        self.0.set(others | if on { OBSERVED } else { 0 });
    }
}
