//! The record that frames set around each poll: all state that operations need, one load away.
//!
//! It is `Copy` and has no destructor, so access compiles to plain loads and stores. State that owns memory
//! (the current task, the open frames) is in its siblings. Each bit of `flags` is set by a frame for the code
//! inside it, and read by operations and frames there; the record is private to its thread.

use crate::instant::Instant;

/// The code inside is cancelled, as far as was known when the innermost frame was entered.
pub(crate) const CANCELLED: u32 = 1;
/// The part of `CANCELLED` that does not come from the open frames: a plain scope's deadline, or a branch's
/// own flag, inside the innermost visible frame.
pub(crate) const LOCAL_CANCELLED: u32 = 1 << 1;
/// An anyrt task, or the main future of a run, is being polled on this thread.
pub(crate) const IN_TASK: u32 = 1 << 2;
/// The lowest visible frame, or the code itself, is at a task's root, with no shield in between.
pub(crate) const AT_ROOT: u32 = 1 << 3;
/// A destructor is running in a poll. It is inside no frame, but the thread is not free.
pub(crate) const IN_DESTRUCTOR: u32 = 1 << 4;
/// The number of bits below the backend's tag; those are the flags.
const TAG_SHIFT: u32 = 8;

/// The state that a frame finds, and the state that it sets for the code inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    flags: u32,
    /// The number of open frames, counted from the bottom, that do not reach here: a shield or a task's root
    /// is in between.
    pub(crate) base: u32,
    /// The serial number of the innermost frame; zero outside every frame. Never reused.
    pub(crate) serial: u64,
    /// The earliest deadline of plain scopes inside the innermost visible frame. These cannot be moved, so a
    /// scope with a later deadline needs no timer.
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

    /// Returns the surroundings inside a task, which inherits nothing.
    #[inline]
    pub(crate) fn of_task(serial: u64, entries: u32, tag: u8) -> Surroundings {
        // The frames that are open already belong to the code that polls the task, and do not reach inside.
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

    /// Returns the surroundings inside a plain scope that is not cancelled.
    #[inline]
    pub(crate) fn in_scope(self, serial: u64, deadline: Instant) -> Surroundings {
        // Plain scopes are not visible frames: the earliest of their deadlines is kept here.
        Surroundings {
            serial,
            local_deadline: self.local_deadline.min(deadline),
            ..self
        }
    }

    /// Returns the surroundings inside a shield.
    #[inline]
    pub(crate) fn shielded(self, entries: u32) -> Surroundings {
        Surroundings {
            base: entries,
            local_deadline: Instant::FAR_FUTURE,
            ..self
        }
        // Neither the frames further out nor the task can cancel the code inside.
        .with(CANCELLED | LOCAL_CANCELLED | AT_ROOT, false)
    }

    /// Returns whether these are the surroundings of a thread that polls nothing.
    #[inline]
    pub(super) fn is_bare(&self) -> bool {
        self.serial == 0 && self.flags == 0 && self.base == 0
    }

    /// Returns whether a frame is being polled on this thread.
    #[inline]
    pub(crate) fn inside(&self) -> bool {
        self.serial != 0
    }

    /// Returns whether a future is being polled on this thread, or a destructor is running in a poll. A frame
    /// in a destructor is not the outermost.
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.inside() || self.has(IN_DESTRUCTOR)
    }

    /// Returns the surroundings for destructors here: nothing is cancelled, and there is no deadline.
    pub(crate) fn outside(self, entries: u32) -> Surroundings {
        Surroundings {
            serial: 0,
            ..self.shielded(entries)
        }
        .with(IN_DESTRUCTOR, self.is_busy())
    }
}
