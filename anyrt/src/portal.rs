//! Portals: threads outside of a run start tasks in it.

use anyrt_core::error::RunError;
use anyrt_core::thread;

use crate::{Ambient, Builder};

/// A portal, with which threads outside of a run start tasks in it, and wait for them.
///
/// It is opened inside a run with [`open`](thread::BlockingPortal::open), or with a new run by
/// [`start_blocking_portal`]. It is cheap to clone, and clones can be moved to any number of threads.
///
/// Every call passes on the context variables of the calling thread.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::{BlockingPortal, to_thread};
/// use std::{convert::Infallible, thread, time::Duration};
///
/// let sum = anyrt::run(BlockingPortal::open(async |portal| {
///     let thread = thread::spawn(move || {
///         let slow = portal.spawn(async {
///             anyrt::sleep(Duration::from_millis(1)).await;
///             40
///         })?;
///         Ok::<_, anyrt::CallError>(portal.call(async { 2 })? + slow.wait()?)
///     });
///     let sum = to_thread::run(move || thread.join().unwrap()).await;
///     Ok::<_, Infallible>(sum)
/// }));
/// assert_eq!(sum.unwrap(), Ok(42));
/// ```
pub type BlockingPortal = thread::BlockingPortal<Ambient>;

/// Starts a run on a new thread, and lends a portal into it to `f`.
///
/// When `f` returns, the portal is stopped, its tasks are waited for, and the run and its thread end. If
/// `f` panics, the tasks are cancelled first. [`PortalOptions`](crate::PortalOptions) has names and
/// options for it.
///
/// It can be called from anywhere. In a task, it blocks the thread that polls the task.
///
/// # Blocking
///
/// Blocks this thread until `f` has returned and the run has ended.
///
/// # Errors
///
/// Returns a [`RunError`] if the backend is not enabled, does not support an option of the builder, or
/// if the operating system cannot start a thread.
///
/// # Panics
///
/// Panics with the panic of `f`, or of the run.
///
/// # Examples
///
/// An async object is kept open for blocking code:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::{Builder, start_blocking_portal, to_thread};
///
/// let result = start_blocking_portal(&Builder::new(), |portal| {
///     let counter = portal.hold(async |holding| {
///         let numbers = vec![1, 2, 3];
///         holding.until_released(numbers.len()).await;
///         drop(numbers);
///         "closed"
///     });
///     let counter = counter.unwrap();
///     assert_eq!(*counter, 3);
///     assert_eq!(counter.close(), Ok("closed"));
///     portal.call(async { to_thread::run(|| 6 * 7).await })
/// });
/// assert_eq!(result.unwrap(), Ok(42));
/// ```
pub fn start_blocking_portal<T>(
    builder: &Builder,
    f: impl FnOnce(&BlockingPortal) -> T,
) -> Result<T, RunError> {
    thread::start_blocking_portal(builder, f)
}

/// Provides a portal with its own run, on demand. The first user starts the run, the last one to leave
/// ends it, and all users in between share it.
///
/// It is for libraries that are called by blocking code, from several threads, and need a run
/// occasionally. It is cheap to clone.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::{BlockingPortalProvider, Builder};
///
/// let provider = BlockingPortalProvider::new(Builder::new());
/// let portal = provider.portal().unwrap();
/// assert_eq!(portal.call(async { 6 * 7 }), Ok(42));
/// ```
pub type BlockingPortalProvider = thread::BlockingPortalProvider<Builder>;

/// A portal that a [`BlockingPortalProvider`] has lent. It derefs to the portal.
///
/// Dropping the last one stops the portal, and waits until its run and thread have ended. Inside the run
/// itself, dropping it does not wait, since that would never end.
pub type ProvidedPortal = thread::ProvidedPortal<Ambient>;
