//! The async-std backend of anyrt.
//!
//! async-std is discontinued ([RUSTSEC-2025-0052]). This crate is for applications that run on it today:
//! with anyrt, moving to another backend changes one line. New applications should use another backend.
//!
//! This crate connects `anyrt-core` to async-std: it starts tasks, reads the clock, creates timers and
//! runs functions that block. Scopes, groups and all other rules are implemented in the core, so that
//! they are the same on every backend. Applications use it through the crate `anyrt` with the feature
//! `async-std`; libraries that are generic over the runtime name [`AsyncStd`] as `R`.
//!
//! ```
//! use anyrt_async_std::{AsyncStd, Builder};
//! use anyrt_core::runtime::{Enter, Spawn};
//!
//! let answer = Builder::new().block_on(async {
//!     let handle = AsyncStd::current().expect("a runtime is running");
//!     assert_eq!(AsyncStd::name(&handle), "async-std");
//!     42
//! });
//! assert_eq!(answer.unwrap(), 42);
//! ```
//!
//! # How anyrt maps to async-std
//!
//! | anyrt | async-std |
//! | --- | --- |
//! | a run | `task::block_on`; tasks run on threads that the whole process shares |
//! | a task | `task::spawn`; the `JoinHandle` is dropped, which detaches |
//! | the clock | the system's monotonic clock |
//! | a timer | `async_io::Timer`, on the reactor that async-std itself uses |
//! | a function that blocks | `task::spawn_blocking`; dropping its future detaches |
//! | a descriptor, a socket | `async_io::Async` around it, on the reactor that async-std itself uses, with the features `descriptors` and `net` (on Windows, for sockets) |
//! | the end of a run | the shared threads continue, and so do functions that block |
//!
//! # Differences from other backends
//!
//! - The executor and the reactor are global, so everything works on any thread.
//! - The number of executor threads and their name are read once per process, from the environment
//!   variables `ASYNC_STD_THREAD_COUNT` and `ASYNC_STD_THREAD_NAME`; a run cannot change them.
//! - A task on an executor thread that calls into a run blocks the thread. The last such thread is never
//!   blocked: the call returns an error there.
//!
//! [RUSTSEC-2025-0052]: https://rustsec.org/advisories/RUSTSEC-2025-0052

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
pub use self::runtime::{AsyncStd, Builder};
pub use self::spawn::Handle;
pub use self::time::Timer;
