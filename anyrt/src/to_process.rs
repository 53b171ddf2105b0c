//! Functions that run in worker processes.
//!
//! A worker process has its own memory: a function that crashes, exhausts its memory or has to be killed
//! affects one call, and nothing else. [`run`] sends the argument to an idle worker, or to a new one,
//! calls a function that is marked with [`process_fn`](crate::process_fn) there, and returns its result.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! #[anyrt::process_fn]
//! fn average(numbers: Vec<f64>) -> Option<f64> {
//!     let sum: f64 = numbers.iter().sum();
//!     (!numbers.is_empty()).then(|| sum / numbers.len() as f64)
//! }
//!
//! anyrt::to_process::serve();
//! let found = anyrt::run(anyrt::to_process::run(average, vec![1.0, 2.0, 6.0]));
//! assert_eq!(found.unwrap(), Some(3.0));
//! ```
//!
//! # Set-up
//!
//! A worker is another process of the same program. [`serve`], as the first line of `fn main`, makes it
//! call functions instead of doing the work of the program. [`#[anyrt::main]`](crate::main) and
//! [`#[anyrt::test]`](crate::test) call it; without one of these, no worker is started. Functions are
//! registered by code that runs before `main`, with the crate `inventory`.
//!
//! # Worker processes
//!
//! - A worker serves one call after another. It starts with the program's current environment and
//!   folder, its own statics, and the null device as standard input. The output of a function goes to
//!   the standard output and error of the program; in tests, to the standard error.
//! - A worker, and the processes that its functions have started, do not outlive the run, nor the
//!   program, however the program ends. The worker leads a process group, so that Ctrl-C at a terminal
//!   does not reach it: the program decides.
//! - A worker cannot start workers.
//! - On Windows, what a function writes to the standard output in a test is dropped, and a call whose worker is
//!   killed from outside just when the request is sent may fail as [`WorkerError::Broken`].
//! - The end of a worker is seen by the end of its socket. A process that a function has forked without starting a
//!   program shares that socket: if the worker then ends without an answer, the call waits for the forked process too,
//!   unless it is cancelled with [`kill_on_cancel`](to_process::Options::kill_on_cancel).
//!
//! # Arguments and results
//!
//! They are serialized with `serde`, as MessagePack with the names of fields. As in JSON, `Some(None)`
//! is received as `None`. Long vectors of bytes are sent faster with the crate `serde_bytes`. A call
//! takes about as long as a message to another process and back; starting a worker takes some
//! milliseconds.

use anyrt_core::to_process;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use anyrt_core::to_process::{
    CodecError, WorkerError, current_default_limiter, is_worker, serve,
};

use crate::Ambient;

/// Runs a function in a worker process, and returns its result.
///
/// The function is marked with [`process_fn`](crate::process_fn). The call uses an idle worker of the
/// run, or starts one. Calls beyond the [limit](current_default_limiter) wait in the order of their
/// arrival. A worker that has been idle for 5 minutes is ended by the next call.
///
/// # Cancel safety
///
/// Until the request has been sent, a cancelled or dropped call gives up; a worker that it was starting,
/// or sending to, is killed. After that, a cancelled caller waits until the function has returned, and
/// gets its result; with [`kill_on_cancel`](to_process::Options::kill_on_cancel) the worker is killed
/// instead. If the future is dropped before completing, the worker is killed.
///
/// # Errors
///
/// Returns a [`WorkerError`]. An `Err` of the function is a result like any other.
///
/// # Panics
///
/// Panics if the function panics, with the text of its panic. The worker continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::to_process::{self, WorkerError};
///
/// #[anyrt::process_fn]
/// fn parse(text: String) -> Result<u8, String> {
///     if text.is_empty() {
///         std::process::abort(); // like a fault in a C library
///     }
///     text.parse().map_err(|error| format!("{error}"))
/// }
///
/// to_process::serve();
/// anyrt::run(async {
///     assert_eq!(to_process::run(parse, "12".to_owned()).await.unwrap(), Ok(12));
///     let refused = to_process::run(parse, "x".to_owned()).await.unwrap();
///     assert_eq!(refused, Err("invalid digit found in string".to_owned()));
///
///     let lost = to_process::run(parse, String::new()).await;
///     assert!(matches!(lost, Err(WorkerError::Broken(_))));
///     assert_eq!(to_process::run(parse, "34".to_owned()).await.unwrap(), Ok(34));
/// });
/// ```
pub fn run<F, A, T>(function: F, argument: A) -> impl Future<Output = Result<T, WorkerError>> + Send
where
    F: Fn(A) -> T + Send + 'static,
    A: Serialize + Send,
    T: DeserializeOwned + Send,
{
    to_process::run::<Ambient, F, A, T>(function, argument)
}

/// Options of a function that runs in a worker process: its limiter, and the behaviour when the call is
/// cancelled.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::to_process::{self, Options};
/// use std::time::Duration;
///
/// #[anyrt::process_fn]
/// fn search(_: ()) {
///     loop {
///         std::hint::spin_loop();
///     }
/// }
///
/// to_process::serve();
/// anyrt::run(async {
///     let call = Options::new().kill_on_cancel(true).run(search, ());
///     let found = anyrt::move_on_after(Duration::from_millis(100), call).await;
///     assert!(found.is_none());
/// });
/// ```
///
/// A function that captures, or a pointer to a function, does not compile:
///
/// ```compile_fail
/// fn double(x: u8) -> u8 {
///     2 * x
/// }
/// let pointer: fn(u8) -> u8 = double;
/// drop(anyrt::to_process::run(pointer, 1));
/// ```
pub type Options = to_process::Options<Ambient>;
