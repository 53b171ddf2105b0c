//! Cases about signals and processes.
//!
//! A part of `anyrt-conformance`, which mounts it; see there. Behaviour that changes the state of a whole
//! process is tested by separate programs, in `tests/apps`.

#![cfg(any(unix, windows))]
#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

#[cfg(unix)]
pub mod processes_end;
#[cfg(unix)]
pub mod processes_open;
#[cfg(unix)]
pub mod processes_pipes;
#[cfg(unix)]
pub mod processes_run;
#[cfg(unix)]
mod processes_support;
#[cfg(windows)]
pub mod processes_windows;
#[cfg(windows)]
pub mod processes_windows_end;
#[cfg(windows)]
pub mod processes_windows_program;
#[cfg(unix)]
pub mod signals;

use anyrt_conformance_kit::{erased, folder, support};
