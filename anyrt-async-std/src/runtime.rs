//! The marker type of async-std, and the builder that starts a run on it.

use std::io;

use anyrt_core::runtime::Enter;

/// The marker type of this backend: the `R` of code that is generic over the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AsyncStd;

/// Options of a run on async-std.
///
/// There are none: all runs share the executor of the process, which never ends.
///
/// # Examples
///
/// ```
/// use anyrt_async_std::Builder;
/// use anyrt_core::runtime::Enter;
///
/// let builder = Builder::new();
/// assert_eq!(builder.block_on(async { 1 + 1 }).unwrap(), 2);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until something is run with it"]
pub struct Builder(());

impl Builder {
    /// Creates a builder that uses the executor of the process.
    ///
    /// The main future is polled on the calling thread, tasks on the shared threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_async_std::Builder;
    /// use anyrt_core::{RunOptions, run};
    ///
    /// let answer = run(&Builder::new(), RunOptions::new(), async { 6 * 7 });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    pub fn new() -> Builder {
        Builder(())
    }
}

impl Enter for Builder {
    type Runtime = AsyncStd;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        Ok(async_std::task::block_on(future))
    }
}
