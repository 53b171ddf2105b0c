//! The numbers of the signals that all systems, or programs of the runtime, know.

/// The number of SIGKILL, which is the same on every system that has it. On Windows it stands for killing a process.
pub(super) const KILL: i32 = 9;

/// The number of SIGTERM, which is the same on every system that has it.
pub(super) const TERM: i32 = 15;
