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
//! A [`CapacityLimiter`] limits the number of concurrent functions: 40 for each run by default. A limit above
//! that of the runtime's pool (about 500 threads) has no effect.
//!
//! The name of a call is kept by this module ([`current_name`]): only system-specific calls can rename a
//! running thread, and none of them is available in safe code everywhere.
//!
//! A worker thread is not inside the run: it has no current task and no current scope, and it may start
//! another run. [`from_thread`](super::from_thread) calls back into the run.

use std::fmt;
use std::marker::PhantomData;

use super::call::Worker;
pub use super::future::{ToThread, ToThreadCancellable};
use crate::context::RunVar;
use crate::engine::Cancelled;
use crate::error::NoRun;
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityLimiter;

/// The default limit of concurrent functions on worker threads in a run.
const DEFAULT_LIMIT: usize = 40;

static DEFAULT_LIMITER: RunVar<Arc<CapacityLimiter>> =
    RunVar::with_default(|| Arc::new(CapacityLimiter::new(DEFAULT_LIMIT)));

/// Runs a blocking function on a worker thread, and waits for its return value.
///
/// The function sees the context variables of the caller; changes stay in the function. A panic of the
/// function continues in the caller. Calls beyond the [limit](current_default_limiter) wait in order of
/// arrival.
///
/// # Cancel safety
///
/// Until the function has been handed over, a cancelled or dropped call loses its place, and the function
/// never runs. After that, a cancelled caller waits until the function has returned (rule C6), because
/// nothing can interrupt it. If the future is dropped, the function continues, and the run ends after it
/// (rule C10): its value is dropped on a worker thread, and a panic goes to the run's `unhandled` hook.
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

/// Returns the limiter that calls in the current run use by default. It starts with 40 tokens; the number can
/// be changed while the run is active.
///
/// A function has its token until it returns, even if it was abandoned. A function that calls back into the
/// run and waits there for another function needs two tokens, so the limit must leave room for both.
///
/// An application that entered its runtime without anyrt has no such limiter; its calls are limited by the
/// pool of the runtime alone.
///
/// # Errors
///
/// [`NoRun`] outside of every run.
pub fn current_default_limiter() -> Result<Arc<CapacityLimiter>, NoRun> {
    DEFAULT_LIMITER.get().map_err(|_| NoRun::outside())
}

/// Returns the limiter of the current run, if there is a run.
pub(super) fn default_limiter() -> Option<Arc<CapacityLimiter>> {
    DEFAULT_LIMITER.get().ok()
}

/// Returns the name of the current `to_thread` call, or `None` on any other thread.
///
/// The operating system and [`std::thread::Thread::name`] use the name that the pool gave to the worker
/// thread.
pub fn current_name() -> Option<Arc<str>> {
    Worker::current()?.name
}

/// Options for a function on a worker thread.
#[must_use = "options do nothing until something is run with them"]
pub struct Options<R> {
    /// `None` for the limiter of the run.
    pub(super) limiter: Option<Arc<CapacityLimiter>>,
    pub(super) name: Option<Arc<str>>,
    pub(super) abandons: bool,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Options<R> {
    /// Creates the options that [`run`](fn@run) uses.
    pub fn new() -> Options<R> {
        Options {
            limiter: None,
            name: None,
            abandons: false,
            runtime: PhantomData,
        }
    }

    /// Sets the limiter to use instead of the [run's](current_default_limiter).
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Options<R> {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Abandons the function when the caller is cancelled or dropped: the caller is released at once. The
    /// value of the function is dropped when it returns, and its token stays taken until then.
    ///
    /// The end of the run does not wait for the function either, so it may outlive the run.
    pub fn abandon_on_cancel(mut self) -> Options<R> {
        self.abandons = true;
        self
    }

    /// Sets the name of this call; see [`current_name`].
    pub fn name(mut self, name: impl Into<String>) -> Options<R> {
        self.name = Some(name.into().into());
        self
    }

    /// Runs a function on a worker thread; see [`run`](fn@run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](fn@run), or as described at [`abandon_on_cancel`](Options::abandon_on_cancel).
    ///
    /// # Panics
    ///
    /// As [`run`](fn@run).
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
    pub fn run_cancellable<F, T>(self, f: F) -> ToThreadCancellable<R, F, T>
    where
        F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
        T: Send + 'static,
    {
        ToThreadCancellable::new(self.run(f))
    }
}

impl<R: Runtime> Default for Options<R> {
    fn default() -> Self {
        Options::new()
    }
}

impl<R> Clone for Options<R> {
    fn clone(&self) -> Self {
        Options {
            limiter: self.limiter.clone(),
            name: self.name.clone(),
            abandons: self.abandons,
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Options<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("abandon_on_cancel", &self.abandons)
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}
