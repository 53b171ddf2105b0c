//! From a task to a worker thread.
//!
//! Calls go through the runtime's own pool of threads, which is where its users expect blocking
//! code. How many of them are at work at once is limited by a
//! [`CapacityLimiter`](crate::sync::CapacityLimiter): 40 in each run unless said otherwise, see
//! [`current_default_limiter`].
//!
//! A worker thread is not inside the run: no task and no scope is found there, and it may start a
//! run of its own. [`from_thread`](crate::from_thread) leads back.

use anyrt_core::error::Cancelled;
use anyrt_core::thread::to_thread;

use crate::Ambient;
use crate::futures::{ToThread, ToThreadCancellable};

pub use anyrt_core::thread::to_thread::{current_default_limiter, current_name};

/// Runs a function that blocks on a worker thread, and waits for what it returns.
///
/// Context variables go along: the function sees the caller's values, and what it sets stays
/// there. A panic of the function continues in the caller. Calls beyond the
/// [limit](current_default_limiter) wait in the order of their arrival.
///
/// # Cancel safety
///
/// Until the function has been handed over, cancelling or dropping the call gives up its place,
/// and the function never runs. After that, a cancelled caller waits until the function has
/// returned, because nothing can interrupt it; see [`Options::abandon_on_cancel`]. Dropped from
/// outside, the function goes on, and the run ends after it: its value is dropped on a worker
/// thread, a panic goes to the run's `unhandled` hook.
///
/// # Panics
///
/// With the panic of the function, and where no runtime is at hand.
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

/// Runs a function that may give up when its caller is cancelled; what it then hands back counts
/// as the cancellation.
///
/// The function asks [`check_cancelled`](crate::from_thread::check_cancelled) from time to time, and
/// returns its error. The future does not complete then: the scope that was cancelled gives
/// [`Cancelled`], as for every other operation.
///
/// # Cancel safety
///
/// As [`run`].
///
/// # Panics
///
/// As [`run`]; and if the function hands back a cancellation while its caller is not cancelled.
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
///             // Looks a little further.
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

/// How a function is to run on a worker thread: with which limiter, under which name, and what
/// becomes of it when the caller is cancelled.
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
