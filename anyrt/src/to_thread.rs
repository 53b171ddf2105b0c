//! From a task to a worker thread.

use anyrt_core::thread::to_thread;

use crate::Ambient;
use crate::futures::ToThread;

/// Runs a function that blocks on a worker thread, and waits for what it returns.
///
/// Context variables go along: the function sees the caller's values, and what it sets stays
/// there. A panic of the function continues in the caller.
///
/// # Cancel safety
///
/// A cancelled caller waits until the function has returned, because nothing can interrupt it.
/// Dropped from outside, the function goes on, and what it returns is lost.
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
