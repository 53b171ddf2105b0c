//! The runtime-neutral core of anyrt: structured concurrency over small facet traits.
//!
//! Applications and libraries use the facade, the crate `anyrt`. This crate is for authors of backends, who
//! implement the traits in [`runtime`], and for code that stays generic over the backend. Every item here
//! that needs a runtime has a type parameter for it, which the facade fills in.
//!
//! # Modules
//!
//! | module | contents | rules |
//! | --- | --- | --- |
//! | [`runtime`] | the interface of backends | |
//! | `engine` | polls tasks and scopes and carries cancellation | [C1 to C12](rules#c1) |
//! | [`cancel`] | scopes, shields, clean-up | [C1 to C12](rules#c1) |
//! | [`task`] | groups, handles, runs, the tree of live tasks | [G1 to G14](rules#g1) |
//! | [`combine`] | `race`, `gather` and similar combinators, in place | [G12](rules#g12) |
//! | [`time`] | the run's clock, sleeping | |
//! | [`thread`] | worker threads | |
//! | `fs` | files, folders and paths, with the feature `fs` | [F1 to F22](rules#f1) |
//! | `temp` | temporary files and folders, with the feature `fs` | [T1 to T5](rules#t1) |
//! | [`stream`] | streams of bytes and of objects, and their wrappers | |
//! | `descriptors` | waiting for descriptors of the operating system, with the feature `descriptors` | |
//! | `signals` | signals that are sent to the process, with the feature `signals` | [S1 to S10](rules#s1) |
//! | `process` | child processes, with the feature `process` | [P1 to P22](rules#p1) |
//! | `to_process` | worker processes, with the feature `to_process` | [W1 to W18](rules#w1) |
//! | `net` | sockets and names, with the feature `net` | |
//! | `monitor` | a live view of a run for other programs, with the feature `monitor` | |
//! | `tls` | encrypted streams, with the feature `tls` | |
//! | [`sync`] | locks, events and other synchronization | |
//! | [`context`] | context variables and run variables | [G14](rules#g14) |
//! | [`testing`] | help for tests | |
//! | [`error`] | the error types that several modules share | |
//! | [`rules`] | the text of the rules, without code | |
//!
//! The [rules](mod@rules) define the behaviour, and `ARCHITECTURE.md` is the map of this crate and the others.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Models are for the tests of this crate.
#![cfg_attr(docsrs, doc(auto_cfg(hide(loom))))]

mod attributes;
pub mod cancel;
pub mod combine;
pub mod context;
#[cfg(all(feature = "descriptors", unix))]
pub mod descriptors;
mod disk;
mod engine;
pub mod error;
#[cfg(feature = "fs")]
pub mod fs;
#[cfg(any(feature = "net", feature = "tls"))]
mod host;
mod instant;
mod linked_slab;
mod loom;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(feature = "monitor", unix))]
pub mod monitor;
#[cfg(feature = "net")]
pub mod net;
#[cfg(all(feature = "process", any(unix, windows)))]
pub mod process;
mod role;
pub mod rules;
pub mod runtime;
#[cfg(any(
    all(any(feature = "process", feature = "signals"), unix),
    all(feature = "signals", windows)
))]
pub mod signals;
pub mod stream;
pub mod sync;
pub mod task;
#[cfg(feature = "fs")]
pub mod temp;
pub mod testing;
pub mod thread;
pub mod time;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(all(feature = "to_process", any(unix, windows)))]
pub mod to_process;
mod unwind;
mod wake;

pub use self::error::{NoRuntime, RunError};
pub use self::task::{RunOptions, run};
