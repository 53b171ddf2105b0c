//! Fuzzing: the contracts of anyrt's streams, checked with arbitrary inputs.
//!
//! Each check takes an input that determines everything: the bytes, how the stream inside cuts them into
//! reads and makes the reader wait, and the operations on the stream. It runs the operations without a
//! runtime, poll by poll, and compares with a model that is simple because it sees all of the bytes at
//! once. It panics if the contract is broken.
//!
//! The fuzz targets run inputs that libFuzzer generates; the tests here run some thousands of random ones,
//! the same each time. How to run the targets is written in `CONTRIBUTING.md`.

pub mod buffered;
pub mod content;
pub mod polling;
pub mod scripted;
pub mod stapled;
pub mod text;

#[cfg(test)]
mod tests;
