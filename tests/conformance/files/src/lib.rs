//! Cases about files, folders and paths.
//!
//! A part of `anyrt-conformance`, which mounts it; see there. Some use files that only Unix has, such
//! as `/dev/full`: they need the capability `unix_files`.

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
#[cfg(unix)]
pub mod files_paths_unix;
pub mod files_reading;
#[cfg(unix)]
pub mod files_sockets;
pub mod files_spooled;
pub mod files_temporary;
pub mod files_temporary_removal;
pub mod files_waiting;
pub mod files_whole;
mod system;

use anyrt_conformance_kit::{cancel_everywhere, disk, erased, folder, harness, support};
