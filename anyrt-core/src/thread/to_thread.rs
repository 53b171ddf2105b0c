//! From a task to a worker thread.
//!
//! # Whose threads
//!
//! Threads come from the runtime's own pool ([`Blocking`](crate::runtime::Blocking)): that is where
//! its users look for blocking code, it ends with the runtime, and a simulated runtime can take its
//! place. But a thread that has done its work stays with the run for the next call, up to 16 of
//! them, until the run ends. So calls one after another stay on one thread, where with one call of
//! the pool for each they went from thread to thread. `anyrt-bench -- overhead --case to_thread`
//! compares it with the pools themselves.
//!
//! How many are at work at once is limited here, by a [`CapacityLimiter`]: 40 in each run unless said
//! otherwise. A limit beyond that of the runtime's pool (about 500 threads) has no effect.
//!
//! A name for one call is kept by us ([`current_name`]): only the operating system's calls can rename
//! a running thread, each system's its own, and safe code has none that works everywhere.
//!
//! A worker thread is not inside the run: no task and no scope is found there, and it may start a run
//! of its own. [`from_thread`](super::from_thread) leads back.

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

/// How many functions of a run may be at work on worker threads at once, unless said otherwise.
const DEFAULT_LIMIT: usize = 40;

static DEFAULT_LIMITER: RunVar<Arc<CapacityLimiter>> =
    RunVar::with_default(|| Arc::new(CapacityLimiter::new(DEFAULT_LIMIT)));

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
/// returned (rule C6), because nothing can interrupt it. Dropped from outside, the function goes on,
/// and the run ends after it (rule C10): its value is dropped on a worker thread, a panic goes to the
/// run's `unhandled` hook.
///
/// # Panics
///
/// With the panic of the function, and where no runtime is at hand.
pub fn run<R, F, T>(f: F) -> ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Options::new().run(f)
}

/// Runs a function that may give up when its caller is cancelled; what it then hands back counts
/// as the cancellation.
///
/// The function asks [`check_cancelled`](super::from_thread::check_cancelled) from time to time, and
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
pub fn run_cancellable<R, F, T>(f: F) -> ToThreadCancellable<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
    T: Send + 'static,
{
    Options::new().run_cancellable(f)
}

/// The limiter that calls in the current run use unless they are given another: 40 tokens to begin
/// with. The number can be changed while the run goes on.
///
/// A function has its token until it returns, also if it was abandoned. A function that calls back
/// into the run and waits there for another function needs two tokens: see that there are enough.
///
/// In an application that entered its runtime without anyrt there is no such limiter, and calls are
/// limited by the runtime's pool alone.
///
/// # Errors
///
/// [`NoRun`] outside of every run.
pub fn current_default_limiter() -> Result<Arc<CapacityLimiter>, NoRun> {
    DEFAULT_LIMITER.get().map_err(|_| NoRun::outside())
}

/// The limiter of the current run, if there is a run.
pub(super) fn default_limiter() -> Option<Arc<CapacityLimiter>> {
    DEFAULT_LIMITER.get().ok()
}

/// The name that the call was given that this thread works for; none elsewhere.
///
/// The operating system and [`std::thread::Thread::name`] know a worker thread by the name that its
/// pool gave it.
pub fn current_name() -> Option<Arc<str>> {
    Worker::current()?.name
}

/// How a function is to run on a worker thread.
#[must_use = "options do nothing until something is run with them"]
pub struct Options<R> {
    /// None for the run's.
    pub(super) limiter: Option<Arc<CapacityLimiter>>,
    pub(super) name: Option<Arc<str>>,
    pub(super) abandons: bool,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Options<R> {
    /// What [`run`] does.
    pub fn new() -> Options<R> {
        Options {
            limiter: None,
            name: None,
            abandons: false,
            runtime: PhantomData,
        }
    }

    /// Takes a token from this limiter, and not from the [run's](current_default_limiter).
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Options<R> {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Leaves the function alone when the caller is cancelled or dropped: the caller is released at once. What
    /// the function returns is then dropped, and its token stays taken until it has ended.
    ///
    /// The end of the run does not wait for it either; it may outlive the run.
    pub fn abandon_on_cancel(mut self) -> Options<R> {
        self.abandons = true;
        self
    }

    /// Names the thread for this call; see [`current_name`].
    pub fn name(mut self, name: impl Into<String>) -> Options<R> {
        self.name = Some(name.into().into());
        self
    }

    /// Runs a function on a worker thread; see [`run`](fn@run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](fn@run), or as [`abandon_on_cancel`](Options::abandon_on_cancel) says.
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

    /// Runs a function that may give up; see [`run_cancellable`](fn@run_cancellable).
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
