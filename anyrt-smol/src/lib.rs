//! The smol backend of anyrt.
//!
//! This crate connects `anyrt-core` to smol: it starts tasks, reads the clock, creates timers and runs
//! functions that block. Scopes, groups and all other rules are implemented in the core, so that they
//! are the same on every backend. Applications use it through the crate `anyrt` with the feature `smol`;
//! libraries that are generic over the runtime name [`Smol`] as `R`.
//!
//! ```
//! use anyrt_core::runtime::{Enter, Spawn};
//! use anyrt_smol::{Builder, Smol};
//!
//! let answer = Builder::new().block_on(async {
//!     let handle = Smol::current().expect("a runtime is running");
//!     assert_eq!(Smol::name(&handle), "smol");
//!     42
//! });
//! assert_eq!(answer.unwrap(), 42);
//! ```
//!
//! # How anyrt maps to smol
//!
//! | anyrt | smol |
//! | --- | --- |
//! | a run | a new executor, driven on the calling thread, and on more threads on request |
//! | a task | `Executor::spawn` and `detach`; outside a run, `smol::spawn` |
//! | the clock | the system's monotonic clock |
//! | a timer | `smol::Timer` |
//! | a function that blocks | `smol::unblock`, detached when its future is dropped |
//! | a descriptor, a socket | `smol::Async` around it, with the features `descriptors` and `net` (on Windows, for sockets) |
//! | the end of a run | remaining tasks are dropped; functions that block are not waited for |
//!
//! # Differences from other backends
//!
//! - The reactor is global, so everything works on any thread. Inside `smol::block_on` without a run,
//!   tasks are spawned on smol's global executor.
//! - A run has one executor thread by default: the calling one. The global executor has one thread too,
//!   unless the environment variable `SMOL_THREADS` sets another number.

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
pub use self::runtime::{Builder, Smol};
pub use self::spawn::Handle;
pub use self::time::Timer;
