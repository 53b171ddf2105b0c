//! Cases about synchronisation: locks, events, conditions, semaphores, limiters, barriers.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]

pub mod sync_conditions;
pub mod sync_events;
pub mod sync_limiters;
pub mod sync_locks;
pub mod sync_semaphores;
pub mod sync_stress;
mod sync_support;

use anyrt_conformance_kit::{cancel_everywhere, erased, harness, random, support};
