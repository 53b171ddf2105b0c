//! Cases about signals and processes.
//!
//! A part of `anyrt-conformance`, which mounts it; see there. Behaviour that changes the state of a whole
//! process is tested by separate programs, in `tests/apps`.

#![cfg(unix)]
#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod processes_end;
pub mod processes_open;
pub mod processes_pipes;
pub mod processes_run;
mod processes_support;
pub mod signals;

use anyrt_conformance_kit::{erased, folder, support};
