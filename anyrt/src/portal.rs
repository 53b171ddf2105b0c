//! Portals: a way into a run for threads outside of it.

use anyrt_core::error::RunError;
use anyrt_core::thread;

use crate::{Ambient, Builder};

/// Lets threads outside of a run start tasks in it, and wait for them.
///
/// It is opened in the run with [`open`](thread::BlockingPortal::open), or with a run of its own by
/// [`start_blocking_portal`]. Cheap to clone; clones can go to any number of threads.
///
/// Context variables go along with every call, as the calling thread sees them.
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

/// Starts a run on a thread of its own, and lends a portal into it to `f`.
///
/// When `f` returns, the portal is stopped, its tasks are waited for, and run and thread end. When
/// `f` panics, the tasks are cancelled first. [`PortalOptions`](crate::PortalOptions) has names and
/// options for it.
///
/// It can be called from anywhere. Called by a task, it blocks the thread that polls it.
///
/// # Blocking
///
/// Blocks this thread for as long as `f` does, and until the run has ended.
///
/// # Errors
///
/// [`RunError`] if the backend is not there, or cannot do what the builder asks for, and if the
/// operating system refuses a thread.
///
/// # Panics
///
/// With the panic of `f`, or of what the run left behind.
///
/// # Examples
///
/// Something async is held open for blocking code:
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

/// Provides a portal with a run of its own to whoever needs one: the first user starts it, the
/// last one to leave ends it, and in between all share it.
///
/// For libraries that are called by blocking code, from several threads, and need a run now and
/// then. Cheap to clone.
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

/// A portal that a [`BlockingPortalProvider`] has lent; derefs to it.
///
/// The last one to be dropped stops the portal, and waits until its run and thread have ended;
/// unless that is inside the run itself, where waiting would never end.
pub type ProvidedPortal = thread::ProvidedPortal<Ambient>;
