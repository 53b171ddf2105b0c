//! Utilities for testing asynchronous code.

use std::io;

use anyrt_core::testing;
#[cfg(not(all(feature = "net", any(unix, windows))))]
use anyrt_core::testing as ports;

use crate::Ambient;
#[cfg(all(feature = "net", any(unix, windows)))]
use crate::ambient::ports;

pub use anyrt_core::testing::{Sequencer, SequencerError};

/// Waits until every other task of the run waits for something: a timer, I/O, a thread, another task.
///
/// Several tasks may wait in it at once. Only tasks of anyrt count. On a real runtime this is a
/// heuristic: it returns when no task was polled for some milliseconds. Programs must not rely on it for
/// correctness; a test may use it to let other tasks reach the point where they wait.
///
/// Outside of a run there are no tasks to wait for, and it returns after these milliseconds.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static READY: AtomicBool = AtomicBool::new(false);
///
/// let done = anyrt::run(anyrt::task_group(async |tg| {
///     tg.spawn(async {
///         READY.store(true, Ordering::Relaxed);
///         anyrt::sleep_forever().await
///     });
///     anyrt::testing::wait_all_tasks_blocked().await;
///     assert!(READY.load(Ordering::Relaxed));
///     tg.cancel();
/// }));
/// assert!(done.is_ok());
/// ```
pub async fn wait_all_tasks_blocked() {
    testing::wait_all_tasks_blocked::<Ambient>().await;
}

/// Runs a future, and asserts that it passes a checkpoint: that it observes cancellation, and lets other tasks run.
///
/// Each operation of anyrt does both, also one that is ready at once: it observes cancellation when it begins, and
/// yields when its task has used up its budget (rules C4 and C11 in `docs/rules.md`). A future of another crate does both
/// where it is pending. [`checkpoint_if_cancelled`](crate::checkpoint_if_cancelled) and
/// [`cancel_shielded_checkpoint`](crate::cancel_shielded_checkpoint) do one of them each. Operations of tasks that the
/// future spawns do not count.
///
/// # Cancel safety
///
/// As cancel safe as the future. Nothing is asserted if it is dropped before it completes.
///
/// # Panics
///
/// When the future completes without a checkpoint. The message names the place of this call.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::sync::Mutex;
/// use anyrt::testing::assert_checkpoints;
///
/// let mutex = Mutex::new(7);
/// let value = anyrt::run(assert_checkpoints(async { *mutex.lock().await }));
/// assert_eq!(value, 7);
/// ```
///
/// ```should_panic
/// # if anyrt::Backend::available().is_empty() { panic!() }
/// anyrt::run(anyrt::testing::assert_checkpoints(async { 6 * 7 }));
/// ```
#[track_caller]
pub fn assert_checkpoints<F: Future>(future: F) -> impl Future<Output = F::Output> {
    testing::assert_checkpoints(future)
}

/// Runs a future, and asserts that it passes no checkpoint: that it neither observes cancellation nor lets other tasks
/// run, so that no other task of a runtime with one thread can intervene.
///
/// See [`assert_checkpoints`].
///
/// # Cancel safety
///
/// As cancel safe as the future.
///
/// # Panics
///
/// At the end of the poll in which the future passes a checkpoint. The message names the place of this call.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::testing::assert_no_checkpoints;
///
/// async fn add(total: &mut u32, more: u32) -> u32 {
///     *total += more;
///     *total
/// }
///
/// let mut total = 1;
/// let sum = anyrt::run(assert_no_checkpoints(add(&mut total, 2)));
/// assert_eq!(sum, 3);
/// ```
#[track_caller]
pub fn assert_no_checkpoints<F: Future>(future: F) -> impl Future<Output = F::Output> {
    testing::assert_no_checkpoints(future)
}

/// Returns a TCP port on the loopback interface that is not in use, a different one in each call.
///
/// In a simulation it is a port of the simulated host, as long as the feature `net` is enabled.
///
/// # Errors
///
/// Returns the error of the operating system.
///
/// # Examples
///
/// ```
/// use std::net::TcpListener;
///
/// let port = anyrt::testing::free_tcp_port()?;
/// TcpListener::bind(("127.0.0.1", port))?;
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn free_tcp_port() -> io::Result<u16> {
    ports::free_tcp_port()
}

/// Returns a UDP port on the loopback interface that is not in use, a different one in each call.
///
/// In a simulation it is a port of the simulated host, as long as the feature `net` is enabled.
///
/// # Errors
///
/// Returns the error of the operating system.
///
/// # Examples
///
/// ```
/// use std::net::UdpSocket;
///
/// let port = anyrt::testing::free_udp_port()?;
/// UdpSocket::bind(("127.0.0.1", port))?;
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn free_udp_port() -> io::Result<u16> {
    ports::free_udp_port()
}
