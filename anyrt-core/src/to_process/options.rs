//! [`Options`].

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::{self, CallOptions};
use super::error::WorkerError;
use crate::loom::Arc;
use crate::runtime::Descriptors;
use crate::sync::CapacityLimiter;

/// Options for a function in a worker process.
#[must_use = "options do nothing until something is run with them"]
pub struct Options<R> {
    call: CallOptions,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Descriptors> Options<R> {
    /// Creates the options of [`run`](super::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_process::{self, Options};
    ///
    /// #[anyrt::process_fn]
    /// fn double(n: u32) -> u32 {
    ///     2 * n
    /// }
    ///
    /// to_process::serve();
    /// let doubled = anyrt::run(Options::new().run(double, 21));
    /// assert_eq!(doubled.unwrap(), 42);
    /// ```
    pub fn new() -> Options<R> {
        Options {
            call: CallOptions::default(),
            runtime: PhantomData,
        }
    }

    /// Sets whether a cancelled call kills its worker, and with it the function. Otherwise a cancelled call
    /// waits for the function, and gets its result.
    ///
    /// Processes that the function has started are killed with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_process::{self, Options};
    /// use std::time::Duration;
    ///
    /// #[anyrt::process_fn]
    /// fn spin(_: ()) {
    ///     loop {
    ///         std::hint::spin_loop();
    ///     }
    /// }
    ///
    /// to_process::serve();
    /// let call = Options::new().kill_on_cancel(true).run(spin, ());
    /// let ended = anyrt::run(async {
    ///     anyrt::move_on_after(Duration::from_millis(50), call).await
    /// });
    /// assert!(ended.is_none());
    /// ```
    pub fn kill_on_cancel(mut self, kill: bool) -> Options<R> {
        self.call.kills = kill;
        self
    }

    /// Sets the limiter to use instead of the [run's](super::current_default_limiter).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use anyrt::to_process::{self, Options};
    /// use std::sync::Arc;
    ///
    /// #[anyrt::process_fn]
    /// fn double(n: u32) -> u32 {
    ///     2 * n
    /// }
    ///
    /// to_process::serve();
    /// let two_at_once = Arc::new(CapacityLimiter::new(2));
    /// let doubled = anyrt::run(Options::new().limiter(&two_at_once).run(double, 21));
    /// assert_eq!(doubled.unwrap(), 42);
    /// ```
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Options<R> {
        self.call.limiter = Some(limiter.clone());
        self
    }

    /// Runs a function in a worker process; see [`run`](fn@super::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](fn@super::run), or as [`kill_on_cancel`](Options::kill_on_cancel) describes.
    ///
    /// # Errors
    ///
    /// As [`run`](fn@super::run).
    ///
    /// # Panics
    ///
    /// As [`run`](fn@super::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::to_process::{self, Options};
    ///
    /// #[anyrt::process_fn]
    /// fn area((width, height): (f64, f64)) -> Option<f64> {
    ///     (width >= 0.0 && height >= 0.0).then_some(width * height)
    /// }
    ///
    /// to_process::serve();
    /// let found = anyrt::run(Options::new().run(area, (2.0, 3.0)));
    /// assert_eq!(found.unwrap(), Some(6.0));
    /// ```
    pub fn run<F, A, T>(
        self,
        function: F,
        argument: A,
    ) -> impl Future<Output = Result<T, WorkerError>> + Send
    where
        F: Fn(A) -> T + Send + 'static,
        A: Serialize + Send,
        T: DeserializeOwned + Send,
    {
        const {
            assert!(
                size_of::<F>() == 0,
                "a worker process has its own memory: the function must not be a pointer, and must not capture"
            );
        }
        call::run::<R, F, A, T>(self.call, function, argument)
    }
}

impl<R: Descriptors> Default for Options<R> {
    fn default() -> Self {
        Options::new()
    }
}

impl<R> Clone for Options<R> {
    fn clone(&self) -> Self {
        Options {
            call: self.call.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Options<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("kill_on_cancel", &self.call.kills)
            .field("limiter", &self.call.limiter)
            .finish_non_exhaustive()
    }
}
