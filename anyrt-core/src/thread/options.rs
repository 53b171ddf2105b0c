//! The options of calls to worker threads, and their default limiter.

use std::fmt;
use std::marker::PhantomData;

use crate::context::RunVar;
use crate::error::NoRun;
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityLimiter;

/// The default limit of concurrent functions on worker threads in a run.
const DEFAULT_LIMIT: usize = 40;

static DEFAULT_LIMITER: RunVar<Arc<CapacityLimiter>> =
    RunVar::with_default(|| Arc::new(CapacityLimiter::new(DEFAULT_LIMIT)));

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
///
/// # Examples
///
/// ```
/// # anyrt::run(async {
/// let limiter = anyrt::to_thread::current_default_limiter().unwrap();
/// assert_eq!(limiter.total(), 40);
/// limiter.set_total(100);
/// # });
/// ```
pub fn current_default_limiter() -> Result<Arc<CapacityLimiter>, NoRun> {
    DEFAULT_LIMITER.get().map_err(|_| NoRun::outside())
}

/// Returns the limiter of the current run, if there is a run.
pub(super) fn default_limiter() -> Option<Arc<CapacityLimiter>> {
    DEFAULT_LIMITER.get().ok()
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
    /// Creates the options that [`to_thread::run`](super::to_thread::run) uses.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_thread::Options;
    ///
    /// # anyrt::run(async {
    /// assert_eq!(Options::new().run(|| 6 * 7).await, 42);
    /// # });
    /// ```
    pub fn new() -> Options<R> {
        Options {
            limiter: None,
            name: None,
            abandons: false,
            runtime: PhantomData,
        }
    }

    /// Sets the limiter to use instead of the [run's](current_default_limiter).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use anyrt::to_thread::Options;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let one_at_a_time = Arc::new(CapacityLimiter::new(1));
    /// let call = async || {
    ///     let limiter = one_at_a_time.clone();
    ///     Options::new().limiter(&one_at_a_time).run(move || limiter.statistics().borrowed).await
    /// };
    /// assert_eq!(anyrt::gather((call(), call())).await, (1, 1));
    /// # });
    /// ```
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Options<R> {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Abandons the function when the caller is cancelled or dropped: the caller is released at once. The
    /// value of the function is dropped when it returns, and its token stays taken until then.
    ///
    /// The end of the run does not wait for the function either, so it may outlive the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_thread::Options;
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let (sender, receiver) = mpsc::channel::<()>();
    /// let blocked = Options::new().abandon_on_cancel().run(move || receiver.recv());
    /// let ended = anyrt::move_on_after(Duration::from_millis(5), blocked).await;
    /// assert!(ended.is_none(), "the caller did not wait for the thread");
    /// drop(sender);
    /// # });
    /// ```
    pub fn abandon_on_cancel(mut self) -> Options<R> {
        self.abandons = true;
        self
    }

    /// Sets the name of this call; see [`current_name`](super::to_thread::current_name).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_thread::{self, Options};
    ///
    /// # anyrt::run(async {
    /// let name = Options::new().name("index").run(to_thread::current_name).await;
    /// assert_eq!(name.as_deref(), Some("index"));
    /// # });
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Options<R> {
        self.name = Some(name.into().into());
        self
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
