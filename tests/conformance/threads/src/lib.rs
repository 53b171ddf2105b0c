//! Cases about threads: blocking calls, calls back, portals.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod blocking;
pub mod engine_threads;
pub mod portals_calls;
pub mod portals_end;
pub mod portals_everywhere;
pub mod portals_runs;
pub mod threads_back;
pub mod threads_calls;
pub mod threads_cancelled;
pub mod threads_everywhere;
pub mod threads_limited;
mod threads_support;

use anyrt_conformance_kit::{cancel_everywhere, capability, erased, kinds, limits, support};
