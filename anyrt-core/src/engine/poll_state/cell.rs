//! The record that frames set around each poll: all that operations need to know, one load away.
//!
//! Everything in it is `Copy` and has no destructor, so that access compiles to plain loads and
//! stores. What owns memory (the current task, the open frames) sits in its siblings.

use crate::instant::Instant;

/// Something inside is to be cancelled, as far as was known when the innermost frame was entered.
pub(crate) const CANCELLED: u32 = 1;
/// The part of `CANCELLED` that does not come from the entries: a plain scope's own deadline, or
/// a branch's own flag, inside the innermost visible entry.
pub(crate) const LOCAL_CANCELLED: u32 = 1 << 1;
/// A task of ours, or the main future of a run, is being polled on this thread.
pub(crate) const IN_TASK: u32 = 1 << 2;
/// The lowest visible entry, or this place itself, stands at a task's root, with no shield between.
pub(crate) const AT_ROOT: u32 = 1 << 3;
/// A destructor is being run in a poll. It is inside no frame, and yet the thread is not free.
pub(crate) const IN_DESTRUCTOR: u32 = 1 << 4;
/// The low bits are flags; the backend's tag lies above.
const TAG_SHIFT: u32 = 8;

/// What a frame sees around it, and sets for what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    flags: u32,
    /// How many entries, counted from the bottom, do not reach here: a shield or a task's root
    /// stands between.
    pub(crate) base: u32,
    /// Which frame is the innermost; zero outside every frame. Never used twice.
    pub(crate) serial: u64,
    /// The earliest deadline of plain scopes inside the innermost visible entry. Those cannot be
    /// moved, so whoever finds his own deadline later needs no timer.
    pub(crate) local_deadline: Instant,
}

impl Surroundings {
    pub(super) const OUTSIDE: Surroundings = Surroundings {
        flags: 0,
        base: 0,
        serial: 0,
        local_deadline: Instant::FAR_FUTURE,
    };

    #[inline]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    #[must_use]
    pub(crate) fn with(mut self, flag: u32, on: bool) -> Surroundings {
        self.flags = (self.flags & !flag) | if on { flag } else { 0 };
        self
    }

    /// What a task sees: it starts afresh.
    #[inline]
    pub(crate) fn of_task(serial: u64, entries: u32, tag: u8) -> Surroundings {
        Surroundings {
            flags: IN_TASK | AT_ROOT | (u32::from(tag) << TAG_SHIFT),
            base: entries,
            serial,
            local_deadline: Instant::FAR_FUTURE,
        }
    }

    #[inline]
    pub(crate) fn tag(&self) -> u8 {
        (self.flags >> TAG_SHIFT) as u8
    }

    /// What a plain scope sets that is not cancelled.
    #[inline]
    pub(crate) fn in_scope(self, serial: u64, deadline: Instant) -> Surroundings {
        Surroundings {
            serial,
            local_deadline: self.local_deadline.min(deadline),
            ..self
        }
    }

    /// What stands behind a shield here.
    #[inline]
    pub(crate) fn shielded(self, entries: u32) -> Surroundings {
        Surroundings {
            base: entries,
            local_deadline: Instant::FAR_FUTURE,
            ..self
        }
        .with(CANCELLED | LOCAL_CANCELLED | AT_ROOT, false)
    }

    /// Whether this is what a thread has that polls nothing.
    #[inline]
    pub(super) fn is_bare(&self) -> bool {
        self.serial == 0 && self.flags == 0 && self.base == 0
    }

    /// Whether any frame is being polled on this thread.
    #[inline]
    pub(crate) fn inside(&self) -> bool {
        self.serial != 0
    }

    /// Whether a future is being polled on this thread, or a destructor run in a poll. A frame in a destructor
    /// is not the outermost.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.inside() || self.has(IN_DESTRUCTOR)
    }

    /// The same place as seen by destructors: nothing is cancelled, nothing is limited.
    pub(crate) fn outside(self, entries: u32) -> Surroundings {
        Surroundings {
            serial: 0,
            ..self.shielded(entries)
        }
        .with(IN_DESTRUCTOR, self.is_busy())
    }
}
