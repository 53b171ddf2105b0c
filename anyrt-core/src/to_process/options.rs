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
    pub fn kill_on_cancel(mut self, kill: bool) -> Options<R> {
        self.call.kills = kill;
        self
    }

    /// Sets the limiter to use instead of the [run's](super::current_default_limiter).
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
