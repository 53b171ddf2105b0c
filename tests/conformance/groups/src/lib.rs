//! Cases about task groups: children, failures, handles, `start`, combinators, contexts, options.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod combine;
pub mod combine_races;
mod combine_support;
pub mod context;
pub mod context_run;
pub mod engine_granted;
pub mod engine_granted_races;
pub mod engine_left;
pub mod engine_left_carried;
pub mod engine_left_forgotten;
pub mod engine_starting;
pub mod groups;
pub mod groups_cancel;
pub mod groups_combine;
pub mod groups_failures;
pub mod groups_handles;
pub mod groups_handles_cancel;
pub mod groups_handles_values;
pub mod groups_in_place;
pub mod groups_panics;
pub mod groups_scope;
pub mod groups_start;
pub mod groups_start_kinds;
pub mod groups_start_scopes;
pub mod introspection;
pub mod introspection_tree;
pub mod introspection_waiting;
pub mod options;
pub mod testing;

use anyrt_conformance_kit::{erased, kinds, limits, on_each_kind, support};
