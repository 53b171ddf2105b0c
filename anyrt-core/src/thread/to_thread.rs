//! Calls from a task to a worker thread.
//!
//! # Worker threads
//!
//! Threads come from the pool of the runtime ([`Blocking`](crate::runtime::Blocking)), so they end with the
//! runtime, and a simulated runtime can replace them. A thread that has finished a call stays with the run
//! for the next one, up to 16 threads, for a fifth of a second at most. So successive calls stay on one
//! thread, instead of moving from thread to thread as with one call of the pool for each. `anyrt-bench --
//! overhead --case to_thread` compares both. Threads stay only for calls by tasks of the run: if a worker
//! thread itself enters a runtime, that runtime ends before the run, and waits for its threads.
//!
//! A [`CapacityLimiter`](crate::sync::CapacityLimiter) limits the number of concurrent functions: 40 for each
//! run by default. A limit above that of the runtime's pool (about 500 threads) has no effect.
//!
//! The name of a call is kept by this module ([`current_name`]): only system-specific calls can rename a
//! running thread, and none of them is available in safe code everywhere.
//!
//! A worker thread is not inside the run: it has no current task and no current scope, and it may start
//! another run. [`from_thread`](super::from_thread) calls back into the run.

use super::call::Worker;
pub use super::future::{ToThread, ToThreadCancellable};
pub use super::options::{Options, current_default_limiter};
use crate::engine::Cancelled;
use crate::loom::Arc;
use crate::runtime::Runtime;

/// Runs a blocking function on a worker thread, and waits for its return value.
///
/// The function sees the context variables of the caller; changes stay in the function. A panic of the
/// function continues in the caller. Calls beyond the [limit](current_default_limiter) wait in order of
/// arrival.
///
/// # Cancel safety
///
/// Until the function has been handed over, a cancelled or dropped call loses its place, and the function never
/// runs. After that, a cancelled caller waits until the function has returned (rule [C6](crate::rules#c6)),
/// because nothing can interrupt it. If the future is dropped, the function continues, and the run ends after it
/// (rule [C10](crate::rules#c10)): its value is dropped on a worker thread, and a panic goes to the run's
/// `unhandled` hook.
///
/// # Panics
///
/// With the panic of the function, and if there is no current runtime.
pub fn run<R, F, T>(f: F) -> ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Options::new().run(f)
}

/// Runs a blocking function that can be cancelled; a cancellation that it returns continues in the caller.
///
/// The function calls [`check_cancelled`](super::from_thread::check_cancelled) from time to time, and returns
/// its error. The future does not complete then: the cancelled scope returns [`Cancelled`], as with every
/// other operation.
///
/// # Cancel safety
///
/// As [`run`].
///
/// # Panics
///
/// As [`run`]; and if the function returns a cancellation while its caller is not cancelled.
pub fn run_cancellable<R, F, T>(f: F) -> ToThreadCancellable<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
    T: Send + 'static,
{
    Options::new().run_cancellable(f)
}

/// Returns the name of the current `to_thread` call, or `None` on any other thread.
///
/// The operating system and [`std::thread::Thread::name`] use the name that the pool gave to the worker
/// thread.
///
/// # Examples
///
/// ```
/// use anyrt::to_thread::{self, Options};
///
/// # anyrt::run(async {
/// assert_eq!(to_thread::current_name(), None);
/// let name = Options::new().name("index").run(to_thread::current_name).await;
/// assert_eq!(name.as_deref(), Some("index"));
/// # });
/// ```
pub fn current_name() -> Option<Arc<str>> {
    Worker::current()?.name
}

impl<R: Runtime> Options<R> {
    /// Runs a function on a worker thread; see [`run`](fn@run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](fn@run), or as described at [`abandon_on_cancel`](Options::abandon_on_cancel).
    ///
    /// # Panics
    ///
    /// As [`run`](fn@run).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_thread::Options;
    ///
    /// # anyrt::run(async {
    /// let lines = Options::new().name("count").run(|| {
    ///     let text = std::fs::read_to_string("Cargo.toml")?;
    ///     Ok::<_, std::io::Error>(text.lines().count())
    /// });
    /// assert!(lines.await.unwrap() > 3);
    /// # });
    /// ```
    pub fn run<F, T>(self, f: F) -> ToThread<R, F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        ToThread::new(self, f)
    }

    /// Runs a function that can be cancelled; see [`run_cancellable`](fn@run_cancellable).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Options::run).
    ///
    /// # Panics
    ///
    /// As [`run_cancellable`](fn@run_cancellable).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{from_thread, to_thread::Options};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let search = Options::new().name("search").run_cancellable(|| {
    ///     loop {
    ///         from_thread::check_cancelled()?;
    ///         std::thread::sleep(Duration::from_millis(1));
    ///     }
    /// });
    /// let found: Option<u64> = anyrt::move_on_after(Duration::from_millis(5), search).await;
    /// assert_eq!(found, None);
    /// # });
    /// ```
    pub fn run_cancellable<F, T>(self, f: F) -> ToThreadCancellable<R, F, T>
    where
        F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
        T: Send + 'static,
    {
        ToThreadCancellable::new(self.run(f))
    }
}
