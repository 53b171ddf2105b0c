//! Structured concurrency and I/O for Rust: the same code runs on tokio, async-std or smol.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use std::{fs, io, time::Duration};
//!
//! async fn count_lines(paths: [&'static str; 2]) -> Result<usize, Box<dyn std::error::Error>> {
//!     let count = anyrt::task_group(async |tg| {
//!         let tasks = paths.map(|path| {
//!             tg.spawn(async move {
//!                 let text = anyrt::to_thread::run(move || fs::read_to_string(path)).await?;
//!                 Ok::<_, io::Error>(text.lines().count())
//!             })
//!         });
//!         let mut lines = 0;
//!         for task in tasks {
//!             lines += task.value().await;
//!         }
//!         Ok(lines)
//!     });
//!     // After an error, the time limit or a cancellation from outside, nothing is left running.
//!     Ok(anyrt::fail_after(Duration::from_secs(5), count).await??)
//! }
//!
//! let lines = anyrt::run(count_lines(["Cargo.toml", "src/lib.rs"])).unwrap();
//! assert!(lines > 100);
//! ```
//!
//! Groups ([`task_group`]) and cancel scopes ([`CancelScope`], [`move_on_after`], [`fail_after`]) are
//! the core of the library. [`finally`], [`with_resource`] and [`shield`] make clean-up reliable.
//! [`race`] and [`gather`] run futures concurrently. The section *Cancel safety* of each function
//! describes the effect of cancelling it, or of dropping its future before it completes.
//!
//! The documentation refers to numbered [rules], which define the behaviour.
//!
//! # Features
//!
//! | feature | contents |
//! | --- | --- |
//! | `tokio` | the backend [tokio](https://docs.rs/tokio), and the module `anyrt::tokio` with conversions |
//! | `smol` | the backend [smol](https://docs.rs/smol), and the module `anyrt::smol` with conversions |
//! | `async-std` | the backend async-std (discontinued, RUSTSEC-2025-0052), and `anyrt::async_std` |
//! | `sim` | a backend that simulates, for tests, and the module `anyrt::sim` with its options |
//! | `descriptors` | waiting until a descriptor can be read or written, in the module `anyrt::descriptors`; empty on systems other than Unix |
//! | `net` | sockets and name lookup, in the module `anyrt::net`; implies `descriptors`; for Unix systems and Windows |
//! | `process` | child processes, in the module `anyrt::process`; implies `descriptors`; for Unix systems and Windows |
//! | `to_process` | functions that run in worker processes, in the module `anyrt::to_process`; implies `process`; for Unix systems and Windows |
//! | `signals` | signals that are sent to the process, in the module `anyrt::signals`; implies `descriptors`; for Unix systems, and in part for Windows |
//! | `fs` | files, folders and paths, in `anyrt::fs`; temporary ones, in `anyrt::temp` |
//! | `glob` | paths that match a pattern, in `anyrt::fs`; implies `fs` |
//! | `tls` | encrypted streams, in `anyrt::tls`, by [rustls](https://docs.rs/rustls) |
//! | `idna` | international host names, in their form of IDNA 2008 |
//! | `tracing` | a span for each task, and events, for the crate [tracing](https://docs.rs/tracing): see [`task`] |
//! | `monitor` | a live view of a run for `anyrt-top` and other programs: `serve_monitor` in [`task`]; implies `net`; empty on systems other than Unix |
//! | `tokio-io` | adapters from byte streams to tokio's I/O traits and back, in [`interop`]; no runtime |
//! | `hyper` | adapters of byte streams, the clock and groups for hyper 1, in [`interop`]; no runtime |
//! | `tower` | services that connect and layers with time limits, in [`interop`] |
//! | `quinn` | QUIC with quinn, in [`interop`]; implies `net` |
//! | `hickory` | DNS with hickory, in [`interop`]; implies `net` |
//!
//! No feature is on by default. Libraries enable none of the backends; applications enable the one that
//! they run on. Features are additive. With several backends, a run chooses one: see [`Builder`].
//!
//! # How code finds its backend
//!
//! Code inside a run uses the backend of the run. Elsewhere the backend is found in this order: tokio,
//! if the thread is inside a tokio runtime; async-std, if the thread polls one of its tasks; then smol
//! and async-std, which have global executors and reactors. So anyrt also works in applications that
//! started a runtime themselves. With one backend enabled there is no search, and the calls are direct.
//!
//! # Simulated runs
//!
//! With the feature `sim`, usually of a dev-dependency, the same code also runs in a simulation: in one thread, on
//! virtual time, in an order that a seed decides, over a network in memory. The same seed gives the same run.
//! Simulated are the test `sim` of each [`#[anyrt::test]`](macro@test), runs on [`Backend::Sim`], runs with
//! `ANYRT_BACKEND=sim` in the environment, and runs of a `Config` of the module `anyrt::sim`. A run is simulated by
//! default only if no other backend is enabled. The environment variable `ANYRT_SIM_SEED` sets the seed of runs
//! without a `Config`; without it, the seed is 0. `ANYRT_SIM_TRACE` names a file for the timeline of the run: a page
//! for a browser, with hosts, packets, tasks and faults.
//!
//! Files are those of a disk in memory, which each host of the simulation has; `std::fs` still uses those of the system.
//! Threads for functions that block are those of the system. Its sockets, descriptors, worker processes and signals are
//! not available: they return [`Unsupported`](std::io::ErrorKind::Unsupported). Its programs are not started either: a
//! test registers functions in place of them, with `anyrt::sim::Simulation::program`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ambient;
mod backend;
mod cancel;
mod combine;
mod entry;
mod group;
#[cfg(all(feature = "monitor", unix))]
mod monitor;
#[cfg(not(all(feature = "monitor", unix)))]
#[path = "without_monitor.rs"]
mod monitor;
mod portal;
mod time;

#[doc(hidden)]
pub mod __private;
#[cfg(all(feature = "descriptors", unix))]
pub mod descriptors;
pub mod from_thread;
#[cfg(feature = "fs")]
pub mod fs;
pub mod futures;
pub mod interop;
#[cfg(all(feature = "net", any(unix, windows)))]
pub mod net;
#[cfg(all(feature = "process", any(unix, windows)))]
pub mod process;
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
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(all(feature = "to_process", any(unix, windows)))]
pub mod to_process;
pub mod to_thread;

// The text of the rules.
#[doc(inline)]
pub use anyrt_core::rules;

// Starting a run.
pub use self::backend::{Backend, ParseBackendError};
pub use self::entry::{Builder, run, run_on};
pub use anyrt_core::task::{RunOptions, Unhandled};
#[cfg(all(feature = "to_process", any(unix, windows)))]
pub use anyrt_macros::process_fn;
pub use anyrt_macros::{main, test};

// Tasks and their groups.
pub use self::group::{GroupOptions, TaskGroup, local_task_group, scoped_task_group, task_group};
pub use anyrt_core::task::{
    GroupOutput, LocalTaskGroup, ScopedTaskGroup, Started, TaskBuilder, TaskHandle, TaskOutput,
    TaskStatus,
};

// Concurrent futures.
pub use self::combine::{
    as_completed, gather, map_concurrent, race, race_ok, try_gather, try_map_concurrent,
};

// Cancellation, time limits and clean-up.
pub use self::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled,
    current_cancellation, current_effective_deadline, fail_after, fail_at, finally,
    has_pending_cancellation, move_on_after, move_on_at, shield, wait_for, with_resource,
};
pub use anyrt_core::cancel::{CancelHandle, Leased};

// Time.
pub use self::time::{Interval, interval, now, sleep, sleep_forever, sleep_until};
pub use anyrt_core::time::Instant;

// Object streams between tasks; the rest is in `stream`.
pub use anyrt_core::stream::memory_object_stream;

// From threads into runs; the rest is in `to_thread` and `from_thread`.
pub use self::portal::{
    BlockingPortal, BlockingPortalProvider, ProvidedPortal, start_blocking_portal,
};
pub use anyrt_core::thread::{
    PortalOptions, PortalResource, PortalStarted, PortalTask, ResourceScope,
};

// Context variables of tasks.
pub use anyrt_core::context::{Context, ContextVar, RunVar};

// Errors.
pub use anyrt_core::context::RunVarError;
pub use anyrt_core::error::{
    Busy, CallError, Cancelled, Cause, Elapsed, Failures, GroupError, NoRun, NoRuntime,
    PortalStartError, RunError, SpawnError, StartError, TaskError, ValueError, WouldBlock,
};

// The ambient runtime, for code that is generic over the runtime.
#[cfg(all(feature = "net", any(unix, windows)))]
pub use self::ambient::AmbientSocket;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
pub use self::ambient::AmbientSource;
pub use self::ambient::{Ambient, AmbientCall, AmbientHandle, AmbientTimer};

/// A handle with which other threads re-enter a run.
///
/// Tasks that are spawned through it belong to the run as a whole, and are cancelled when the main
/// future of the run ends.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let answer = anyrt::run(async {
///     let run = anyrt::RunHandle::current().unwrap();
///     anyrt::to_thread::run(move || run.block_on(async { 6 * 7 })).await
/// });
/// assert_eq!(answer, Ok(42));
/// ```
pub type RunHandle = anyrt_core::task::RunHandle<Ambient>;

/// The backend async-std: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "async-std")]
#[doc(inline)]
pub use anyrt_async_std as async_std;
/// The backend that simulates: its options, the outcomes of simulated runs, and its marker.
///
/// [`Config`](sim::Config) has the options. [`Config::run`](sim::Config::run) returns everything that is known of a
/// simulated run; a [`Builder`] that is made from a configuration runs with it as any backend does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let day = Duration::from_secs(24 * 60 * 60);
/// let program = || async move {
///     anyrt::race(vec![anyrt::sleep(day), anyrt::sleep(day)]).await;
///     anyrt::Backend::current()
/// };
/// let config = anyrt::sim::Config::new(7);
/// let outcome = config.run(program());
/// assert!(outcome.stats.elapsed >= day);
/// assert_eq!(outcome.unwrap(), Some(anyrt::Backend::Sim));
///
/// let backend = anyrt::Builder::from(config).run(program())?;
/// assert_eq!(backend, Some(anyrt::Backend::Sim));
/// # Ok::<_, anyrt::RunError>(())
/// ```
#[cfg(feature = "sim")]
#[doc(inline)]
pub use anyrt_sim as sim;
/// The backend smol: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "smol")]
#[doc(inline)]
pub use anyrt_smol as smol;
/// The backend tokio: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "tokio")]
#[doc(inline)]
pub use anyrt_tokio as tokio;

/// The programs in the README. They need a backend to run.
#[cfg(all(
    doctest,
    any(
        feature = "tokio",
        feature = "smol",
        feature = "async-std",
        feature = "sim"
    )
))]
// The file in the package, or in the repository.
#[doc = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", env!("CARGO_PKG_README")))]
struct Readme;
