//! The tokio backend of anyrt.
//!
//! This crate connects `anyrt-core` to tokio: it starts tasks, reads the clock, creates timers and runs
//! functions that block. Scopes, groups and all other rules are implemented in the core, so that they
//! are the same on every backend. Applications use it through the crate `anyrt` with the feature
//! `tokio`; libraries that are generic over the runtime name [`Tokio`] as `R`.
//!
//! ```
//! use anyrt_core::runtime::{Enter, Spawn};
//! use anyrt_tokio::{Builder, Tokio};
//!
//! let answer = Builder::multi_thread().block_on(async {
//!     let handle = Tokio::current().expect("a runtime is running");
//!     assert_eq!(Tokio::name(&handle), "tokio");
//!     42
//! });
//! assert_eq!(answer.unwrap(), 42);
//! ```
//!
//! # How anyrt maps to tokio
//!
//! | anyrt | tokio |
//! | --- | --- |
//! | a run | a new runtime, or an existing one that is given by its handle |
//! | a task | `Handle::spawn`; the `JoinHandle` is dropped, which detaches |
//! | the clock | `tokio::time::Instant`, which may be paused |
//! | a timer | `tokio::time::Sleep`, pinned in place, outside of the task's budget |
//! | a function that blocks | `Handle::spawn_blocking` |
//! | a descriptor, a socket | `AsyncFd` around it, with the features `descriptors` and `net`; on Windows, a `TcpStream` around any socket |
//! | the end of a run | remaining tasks are dropped; functions that block are not waited for |
//!
//! # Differences from other backends
//!
//! - Nothing works on a thread without a tokio runtime: there is no global runtime.
//! - Inside a runtime that the application has started, everything works without [`Builder`]. Enable its
//!   drivers (`enable_all`). Without the timer, waiting for time panics, and without I/O, opening a
//!   socket panics: tokio does not report in advance what is enabled.
//! - A native task on a worker of the multi-threaded runtime that calls into a run of that runtime,
//!   through a portal or a `RunHandle`, uses `tokio::task::block_in_place`. In a `LocalSet` that panics.
//! - A runtime cannot be entered from within a task of another tokio runtime: tokio panics.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
#[cfg(all(feature = "descriptors", unix))]
mod reactor;
#[cfg(all(feature = "descriptors", windows))]
#[path = "reactor_windows.rs"]
mod reactor;
mod runtime;
mod spawn;
mod time;

pub use self::blocking::Call;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
pub use self::reactor::Registered;
pub use self::runtime::{Builder, Tokio};
pub use self::spawn::Handle;
pub use self::time::Timer;
