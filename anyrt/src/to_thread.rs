//! Calls from a task to a worker thread.
//!
//! Calls go through the runtime's own thread pool for blocking code. A
//! [`CapacityLimiter`](crate::sync::CapacityLimiter) limits how many run at once: 40 in each run by
//! default, see [`current_default_limiter`].
//!
//! A worker thread is not inside the run: it has no current task and no scope, and it may start another
//! run. [`from_thread`](crate::from_thread) calls back into the run.

use anyrt_core::error::Cancelled;
use anyrt_core::thread::to_thread;

use crate::Ambient;
use crate::futures::{ToThread, ToThreadCancellable};

pub use anyrt_core::thread::to_thread::{current_default_limiter, current_name};

/// Runs a function that blocks on a worker thread, and returns its result.
///
/// The function sees the caller's context variables; its changes to them are not visible to the caller.
/// A panic of the function continues in the caller. Calls beyond the [limit](current_default_limiter)
/// wait in the order of their arrival.
///
/// # Cancel safety
///
/// Until the function has been handed over, cancelling or dropping the call gives up its place, and the
/// function never runs. After that, a cancelled caller waits until the function has returned, because
/// nothing can interrupt it; see [`Options::abandon_on_cancel`]. If the call is dropped from outside,
/// the function continues, and the run ends after it. Its value is dropped on a worker thread; a panic
/// goes to the run's `unhandled` hook.
///
/// # Panics
///
/// Panics with the panic of the function, or if there is no runtime.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let length = anyrt::run(async {
///     let path = std::env::current_exe()?;
///     anyrt::to_thread::run(move || std::fs::metadata(path)).await
/// });
/// assert!(length.unwrap().len() > 0);
/// ```
#[inline]
pub fn run<F, T>(f: F) -> ToThread<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    to_thread::run::<Ambient, F, T>(f)
}

/// Runs a function that may give up when its caller is cancelled. An error that it then returns counts
/// as the cancellation.
///
/// The function calls [`check_cancelled`](crate::from_thread::check_cancelled) from time to time, and
/// returns its error. Then the future does not complete: the cancelled scope returns [`Cancelled`], as
/// for every other operation.
///
/// # Cancel safety
///
/// As for [`run`].
///
/// # Panics
///
/// As for [`run`]. Also panics if the function returns a cancellation while its caller is not cancelled.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::{from_thread, to_thread};
/// use std::time::Duration;
///
/// let found = anyrt::run(async {
///     let search = to_thread::run_cancellable(|| {
///         loop {
///             from_thread::check_cancelled()?;
///             // Continues the search.
///             # if false { return Ok(1) }
///         }
///     });
///     anyrt::move_on_after(Duration::from_millis(10), search).await
/// });
/// assert_eq!(found, None);
/// ```
#[inline]
pub fn run_cancellable<F, T>(f: F) -> ToThreadCancellable<F, T>
where
    F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
    T: Send + 'static,
{
    to_thread::run_cancellable::<Ambient, F, T>(f)
}

/// Options of a function that runs on a worker thread: its limiter, its name, and the behaviour when the
/// caller is cancelled.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::sync::Arc;
/// use anyrt::{sync::CapacityLimiter, to_thread};
///
/// let lookups = Arc::new(CapacityLimiter::new(4));
/// let name = anyrt::run(async {
///     let options = to_thread::Options::new().limiter(&lookups).name("lookup");
///     options.abandon_on_cancel().run(to_thread::current_name).await
/// });
/// assert_eq!(name.as_deref(), Some("lookup"));
/// ```
pub type Options = to_thread::Options<Ambient>;
