//! Limits of time: interrupting a future, and waiting for one.

use std::time::Duration;

use anyrt_core::cancel;

use crate::futures::{Fail, MoveOn, Scope, WaitFor};
use crate::{Ambient, Instant};

/// Runs a future for at most `limit`, counted from its first poll. Returns `None` if it was interrupted.
///
/// A limit of zero interrupts the future at its first wait. If an enclosing scope is cancelled, the call
/// does not return: the cancellation propagates outwards.
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let limit = Duration::from_millis(5);
///     assert_eq!(anyrt::move_on_after(limit, async { 1 }).await, Some(1));
///     assert!(anyrt::move_on_after(limit, anyrt::sleep_forever()).await.is_none());
/// });
/// ```
#[inline]
pub fn move_on_after<F: Future>(limit: Duration, future: F) -> Scope<F, MoveOn> {
    cancel::move_on_after::<Ambient, F>(limit, future)
}

/// Runs a future until `deadline` at most. Returns `None` if it was interrupted. See [`move_on_after`].
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     // A deadline in the past cancels on entry.
///     assert!(anyrt::move_on_at(anyrt::now(), anyrt::checkpoint()).await.is_none());
/// });
/// ```
#[inline]
pub fn move_on_at<F: Future>(deadline: Instant, future: F) -> Scope<F, MoveOn> {
    cancel::move_on_at::<Ambient, F>(deadline, future)
}

/// Runs a future for at most `limit`, counted from its first poll. Returns an error if it was
/// interrupted.
///
/// It works like [`move_on_after`], apart from its output.
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future was interrupted.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let limit = Duration::from_millis(5);
///     let call = anyrt::fail_after(limit, anyrt::sleep_forever()).reason("no answer");
///     assert_eq!(call.await.unwrap_err().to_string(), "the time limit passed: no answer");
/// });
/// ```
#[inline]
pub fn fail_after<F: Future>(limit: Duration, future: F) -> Scope<F, Fail> {
    cancel::fail_after::<Ambient, F>(limit, future)
}

/// Runs a future until `deadline` at most. Returns an error if it was interrupted. See [`fail_after`].
///
/// # Cancel safety
///
/// Dropping the returned future drops the future in it, without clean-up code.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future was interrupted.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let deadline = anyrt::now() + Duration::from_secs(10);
///     assert_eq!(anyrt::fail_at(deadline, async { "in time" }).await, Ok("in time"));
/// });
/// ```
#[inline]
pub fn fail_at<F: Future>(deadline: Instant, future: F) -> Scope<F, Fail> {
    cancel::fail_at::<Ambient, F>(deadline, future)
}

/// Waits for a future for at most `limit`, and leaves it untouched if it is still pending then.
///
/// Unlike [`fail_after`] it interrupts nothing: the future can be awaited again.
///
/// # Cancel safety
///
/// Cancel safe: dropping the returned future leaves `future` as it is.
///
/// # Errors
///
/// Returns [`Elapsed`](crate::Elapsed) if the future is still pending at the limit. A limit of zero
/// polls it once.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// let group = anyrt::run(anyrt::task_group(async |tg| {
///     let mut slow = tg.spawn(anyrt::sleep(Duration::from_millis(20)));
///     while anyrt::wait_for(Duration::from_millis(5), &mut slow).await.is_err() {
///         // Still running: report it, and go on waiting.
///     }
///     assert!(slow.is_finished());
/// }));
/// assert!(group.is_ok());
/// ```
#[inline]
pub fn wait_for<F: Future + Unpin>(limit: Duration, future: &mut F) -> WaitFor<'_, F> {
    cancel::wait_for::<Ambient, F>(limit, future)
}
