//! The parts that the cases of the conformance suite are made of: the runtime that they run on, the harness
//! that runs them, and tools.
//!
//! A part of `anyrt-conformance`; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "checks panic where a rule is broken: that is what they are for"
)]

pub mod cancel_everywhere;
pub mod capability;
mod cases;
mod check;
pub mod disk;
pub mod erased;
pub mod folder;
mod gate;
pub mod harness;
pub mod kinds;
mod left;
pub mod limits;
pub mod random;
pub mod support;

pub use self::check::{check_byte_pipe, check_byte_stream};
