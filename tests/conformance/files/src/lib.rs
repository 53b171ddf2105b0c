//! Cases about files, folders and paths.
//!
//! A part of `anyrt-conformance`, which mounts it; see there. They use files that Unix has, such as
//! `/dev/full`.

#![cfg(unix)]
#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod bytes;
pub mod files_everywhere;
pub mod files_lines;
pub mod files_listing;
pub mod files_lost;
pub mod files_open;
pub mod files_paths;
pub mod files_reading;
pub mod files_spooled;
pub mod files_temporary;
pub mod files_temporary_removal;
pub mod files_waiting;
pub mod files_whole;

use anyrt_conformance_kit::{cancel_everywhere, disk, erased, folder, harness, support};
