//! The files of a directory, as HTTP gives them to clients: everything about an answer but what
//! waits, so that it does not matter what it runs on.
//!
//! [`Search`] is what a request wants. Finding it blocks, and belongs on a worker thread. What
//! comes of it, a [`Finding`], is made a response by [`answer`].

mod answer;
mod listing;
mod mime;
mod name;
mod place;
mod range;
mod version;

pub use self::answer::{Content, Finding, Search, answer, unavailable};
