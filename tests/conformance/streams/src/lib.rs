//! Cases about streams that need no sockets: objects, bytes, buffered and text streams, files.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod buffered_streams;
pub mod byte_streams;
pub mod byte_streams_everywhere;
mod byte_streams_support;
pub mod file_streams;
pub mod file_streams_everywhere;
mod file_streams_support;
pub mod memory_streams;
pub mod memory_streams_end;
pub mod memory_streams_everywhere;
pub mod memory_streams_hand_over;
pub mod memory_streams_left;
pub mod memory_streams_stress;
pub mod text_streams;

use anyrt_conformance_kit::{
    cancel_everywhere, check_byte_pipe, check_byte_stream, erased, support,
};
