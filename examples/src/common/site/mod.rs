//! The files of a directory over HTTP: everything about a response except waiting, so that it does not
//! depend on the runtime.
//!
//! [`Search`] is the parsed request. Its search blocks, and belongs on a worker thread. [`answer`] makes
//! a response from the result, a [`Finding`].

mod answer;
mod listing;
mod mime;
mod name;
mod place;
mod range;
mod version;

pub use self::answer::{Content, Finding, Search, answer, unavailable};
