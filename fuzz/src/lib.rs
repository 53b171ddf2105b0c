//! What the streams of anyrt promise, checked with inputs that nobody thought of.
//!
//! Each check takes an input that says everything: the bytes, how the stream inside cuts them into
//! reads and makes the reader wait, and what is done with the stream. It runs that without a
//! runtime, poll by poll, and compares with a model that is simple because it sees all of the bytes
//! at once. A promise that is broken is a panic.
//!
//! The fuzz targets hand inputs over that libFuzzer has bred; the tests here some thousands of
//! random ones, the same each time. How to run the targets is written in `CONTRIBUTING.md`.

pub mod buffered;
pub mod content;
pub mod polling;
pub mod scripted;
pub mod stapled;
pub mod text;

#[cfg(test)]
mod tests;
