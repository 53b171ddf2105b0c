//! Programs with planted bugs: a corpus that shows what the simulator finds.
//!
//! Each module is a small program on anyrt, as an application would have it, with one bug. Its function `run`
//! takes a [`Version`]: [`Version::Buggy`] has the bug, [`Version::Correct`] is the same program without it.
//! `run` panics if the program has done something wrong, or never returns. `tests/corpus.rs` has the table of
//! what finds each bug.
//!
//! What survives the crash of a host, such as a journal, is on the disk of the host.

pub mod accept_loop;
pub mod clock_drift;
pub mod condition_if;
pub mod duplicate_datagram;
pub mod half_frame;
pub mod header_and_body;
pub mod journal_after_ack;
pub mod last_state;
pub mod late_answer;
pub mod lease;
pub mod lost_object;
pub mod lost_request;
pub mod lost_wakeup;
pub mod opposite_locks;
pub mod pool_permit;
pub mod short_read;
pub mod shutdown;
pub mod stale_cache;
pub mod transfer;
pub mod two_polls;

mod support;

/// A version of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// Without the bug.
    Correct,
    /// With the bug.
    Buggy,
}

impl Version {
    /// Returns whether it has the bug.
    pub fn is_buggy(self) -> bool {
        self == Version::Buggy
    }
}
