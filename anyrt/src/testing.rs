//! Utilities for testing asynchronous code.

use std::io;

use anyrt_core::testing;

use crate::Ambient;

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

/// Returns a TCP port on the loopback interface that is not in use, a different one in each call.
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
    testing::free_tcp_port()
}

/// Returns a UDP port on the loopback interface that is not in use, a different one in each call.
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
    testing::free_udp_port()
}
