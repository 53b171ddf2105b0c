//! The behaviour of anyrt, in numbered rules. There is no code here.
//!
#![doc = include_str!("../rules.md")]
