//! Cases about cancellation: scopes, holds, time limits, checkpoints, runs, and random trees of all.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod engine_depth;
pub mod engine_fairness;
pub mod engine_memory;
pub mod engine_shared;
pub mod engine_state;
pub mod engine_stranded;
pub mod engine_wakers;
pub mod entry;
pub mod entry_outside;
pub mod everywhere;
pub mod holds;
pub mod holds_abort;
pub mod holds_adoption;
pub mod holds_groups;
pub mod holds_memory;
pub mod holds_moved;
mod holds_support;
pub mod holds_wake_ups;
pub mod low_level;
pub mod operations;
pub mod operations_outcomes;
pub mod scopes;
pub mod scopes_clean_up;
pub mod scopes_deadline;
pub mod scopes_effective_deadline;
pub mod scopes_nested;
pub mod scopes_operations;
pub mod scopes_shield;
pub mod stress;
pub mod time;
pub mod timeouts;
pub mod uniform;

use anyrt_conformance_kit::{
    cancel_everywhere, erased, harness, kinds, limits, on_each_kind, random, support,
};
