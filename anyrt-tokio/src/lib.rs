//! The tokio backend of anyrt.
//!
//! This crate is glue: it tells `anyrt-core` how tokio starts tasks, reads its clock, makes timers
//! and runs functions that block. Scopes, groups and every other rule live in the core, so they
//! mean the same here as on the other backends. Applications use it through the crate `anyrt` with
//! the feature `tokio`; libraries that are generic over the runtime name [`Tokio`] as `R`.
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
//! # What maps to what
//!
//! | anyrt | tokio |
//! | --- | --- |
//! | a run | a runtime of its own, or one that you name by its handle |
//! | a task | `Handle::spawn`; the `JoinHandle` is dropped, which detaches |
//! | the clock | `tokio::time::Instant`, so a paused clock is obeyed |
//! | a timer | `tokio::time::Sleep`, pinned in place, apart from the task's budget |
//! | a function that blocks | `Handle::spawn_blocking` |
//! | a descriptor, a socket | `AsyncFd` around it, with the features `descriptors` and `net` (Unix systems) |
//! | the end of a run | tasks that are left are dropped; functions that block are not waited for |
//!
//! # What is special here
//!
//! - Nothing works on a thread without a tokio runtime: there is no global one to fall back on.
//! - Inside a runtime that your application has started itself, everything works without
//!   [`Builder`]; enable its drivers (`enable_all`). Without the timer, waiting for time panics, and
//!   without I/O, opening a socket does: tokio does not say beforehand what is enabled.
//! - A native task on a worker of the multi-threaded runtime that calls into a run of that runtime, through a
//!   portal or a `RunHandle`, does so by `tokio::task::block_in_place`. In a `LocalSet` that panics.
//! - A runtime cannot be entered from within a task of another tokio runtime: tokio panics.

mod blocking;
#[cfg(all(feature = "descriptors", unix))]
mod reactor;
mod runtime;
mod spawn;
mod time;

pub use self::blocking::Call;
#[cfg(all(feature = "descriptors", unix))]
pub use self::reactor::Registered;
pub use self::runtime::{Builder, Tokio};
pub use self::spawn::Handle;
pub use self::time::Timer;
