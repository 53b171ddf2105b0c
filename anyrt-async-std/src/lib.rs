//! The async-std backend of anyrt.
//!
//! async-std is discontinued ([RUSTSEC-2025-0052]). This crate exists for applications that run on
//! it today: with anyrt in between, the next move costs one line. New applications take another
//! backend.
//!
//! This crate is glue: it tells `anyrt-core` how async-std starts tasks, reads its clock, makes
//! timers and runs functions that block. Scopes, groups and every other rule live in the core, so
//! they mean the same here as on the other backends. Applications use it through the crate `anyrt`
//! with the feature `async-std`; libraries that are generic over the runtime name [`AsyncStd`] as
//! `R`.
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
//! # What maps to what
//!
//! | anyrt | async-std |
//! | --- | --- |
//! | a run | `task::block_on`; tasks run on threads that the whole process shares |
//! | a task | `task::spawn`; the `JoinHandle` is dropped, which detaches |
//! | the clock | the system's monotonic clock |
//! | a timer | `async_io::Timer`, on the reactor that async-std itself uses |
//! | a function that blocks | `task::spawn_blocking`; dropping its future detaches |
//! | a descriptor, a socket | `async_io::Async` around it, on the reactor that async-std itself uses, with the features `descriptors` and `net` (Unix systems) |
//! | the end of a run | the shared threads go on, and so do functions that block |
//!
//! # What is special here
//!
//! - The executor and the reactor are global, so everything works on any thread.
//! - The number of executor threads and their name are read once per process, from the environment
//!   variables `ASYNC_STD_THREAD_COUNT` and `ASYNC_STD_THREAD_NAME`; a run cannot change them.
//! - A task on one of these threads that calls into a run blocks the thread. The last one of them is not
//!   blocked: the call is refused there.
//!
//! [RUSTSEC-2025-0052]: https://rustsec.org/advisories/RUSTSEC-2025-0052

mod blocking;
#[cfg(all(feature = "descriptors", unix))]
mod reactor;
mod runtime;
mod spawn;
mod time;

pub use self::blocking::Call;
#[cfg(all(feature = "descriptors", unix))]
pub use self::reactor::Registered;
pub use self::runtime::{AsyncStd, Builder};
pub use self::spawn::Handle;
pub use self::time::Timer;
