//! Worker processes: functions that run in another process.
//!
//! A worker is another process of this program's executable. It recognizes itself by its standard input and
//! environment (`crate::role`). In it, `serve` at the start of `main` moves the socket to another descriptor,
//! puts the null device in its place, and calls functions on the main thread. Another thread waits for the other
//! end to close, and then kills the process group; every worker leads one (rules [W7](crate::rules#w7) and
//! [W8](crate::rules#w8)).
//!
//! A program that has not called `serve` starts no workers, and a worker that starts a run without serving exits.
//! Otherwise a program without the set-up could start processes without end (rules [W2](crate::rules#w2) and
//! [W3](crate::rules#w3)). In tests the worker is the test program, which runs one test: `#[anyrt::test]` begins
//! with `serve`, and passes the name of the test (rule [W5](crate::rules#w5)).
//!
//! `#[anyrt::process_fn]` registers a function with `inventory` under the hash of its type. The program and
//! the worker are the same executable, which a hash of all functions confirms. Values are MessagePack with
//! the names of fields; only `codec` depends on that.
//!
//! # Files
//!
//! | file | contents |
//! | --- | --- |
//! | `options`, `error` | the API for callers |
//! | `registry` | the functions that may be called, by their types |
//! | `codec` | arguments and results as bytes |
//! | `call` | one call: a token, a worker, the answer |
//! | `worker` | a worker, as seen by the program: starting, communication, ending |
//! | `pool` | the idle workers of a run |
//! | `serve` | the code of the worker itself |
//! | `os`, `windows` | for Unix and for Windows: both ends of the channel |
//!
//! # The protocol on the socket
//!
//! A frame is its length in 8 bytes, little-endian, and a body.
//!
//! | from | frame |
//! | --- | --- |
//! | the program | the marker, without a length |
//! | the worker | a hash of all functions |
//! | the program | the key of a function in 8 bytes, and the argument |
//! | the worker | the kind of the answer in one byte, and the result, or a text |
//!
//! On Unix the marker is there before the worker starts. On Windows the worker first connects, and proves that it is the
//! one that was started; see `windows/mod.rs`. There the job of the worker ends it with the program, without a thread.
//!
//! # Ownership
//!
//! A worker is owned by one call, or is idle in the pool. It is returned only after the call has read its whole
//! answer. If a call ends in any other way, its worker is killed, so a call never reads the answer of another
//! (rule [W15](crate::rules#w15)). A request that was not read completely, which a reset reports, is sent to
//! another worker; after that a call is never repeated (rule [W12](crate::rules#w12)).
//!
//! The pool is a run variable. It is closed when the run's main task has ended (`engine/at_end.rs`), early
//! enough for the run to wait until its workers are reaped.

mod call;
mod codec;
mod error;
mod limiter;
mod options;
#[cfg(unix)]
mod os;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod os;
mod pool;
#[doc(hidden)]
pub mod registry;
mod serve;
mod worker;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::codec::CodecError;
pub use self::error::WorkerError;
pub use self::limiter::current_default_limiter;
pub use self::options::Options;
pub use self::serve::serve;
#[doc(hidden)]
pub use self::serve::serve_in_test;
use crate::runtime::Descriptors;

/// Runs a function in a worker process, and returns its result.
///
/// The function must be marked with `#[anyrt::process_fn]`. The call reuses an idle worker of the run, or
/// starts one. Calls beyond the [limit](current_default_limiter) wait in order of arrival.
///
/// # Cancel safety
///
/// Once the request has been sent, a cancelled caller waits for the function and gets its result, unless
/// [`Options::kill_on_cancel`] is set. Otherwise a cancelled or dropped call ends at once, and a worker that it
/// has is killed.
///
/// # Errors
///
/// [`WorkerError`]. An `Err` of the function is a result like any other.
///
/// # Panics
///
/// If the function panics, with the text of its panic. The worker remains usable.
pub fn run<R, F, A, T>(
    function: F,
    argument: A,
) -> impl Future<Output = Result<T, WorkerError>> + Send
where
    R: Descriptors,
    F: Fn(A) -> T + Send + 'static,
    A: Serialize + Send,
    T: DeserializeOwned + Send,
{
    Options::<R>::new().run(function, argument)
}

/// Returns whether this process is a worker.
///
/// # Examples
///
/// ```
/// anyrt::to_process::serve();
/// assert!(!anyrt::to_process::is_worker());
/// ```
pub fn is_worker() -> bool {
    crate::role::is_worker()
}
