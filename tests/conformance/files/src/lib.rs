//! Cases about files, folders and paths.
//!
//! A part of `anyrt-conformance`, which mounts it; see there. They use files that Unix has, such as
//! `/dev/full`.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod bytes;
pub mod files_everywhere;
pub mod files_lines;
#[cfg(unix)]
pub mod files_listing;
#[cfg(unix)]
pub mod files_lost;
#[cfg(unix)]
pub mod files_open;
#[cfg(unix)]
pub mod files_paths;
pub mod files_reading;
pub mod files_spooled;
#[cfg(unix)]
pub mod files_temporary;
#[cfg(unix)]
pub mod files_temporary_removal;
pub mod files_waiting;
#[cfg(unix)]
pub mod files_whole;

use anyrt_conformance_kit::{cancel_everywhere, disk, erased, folder, harness, support};
