//! The deadline and the cancellation that apply to the calling code.

use anyrt_core::cancel::{self, Cancelled};

use crate::Instant;

/// Returns the earliest deadline that applies to the calling code.
///
/// It is [`Instant::FAR_FUTURE`] if there is none, and [`Instant::FAR_PAST`] if the code is
/// cancelled already. Scopes outside of a shield do not count.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::Instant;
/// use std::time::Duration;
///
/// anyrt::run(async {
///     assert_eq!(anyrt::current_effective_deadline(), Instant::FAR_FUTURE);
///     let deadline = anyrt::now() + Duration::from_secs(10);
///     let inside = async { anyrt::current_effective_deadline() };
///     assert_eq!(anyrt::move_on_at(deadline, inside).await, Some(deadline));
/// });
/// ```
#[inline]
pub fn current_effective_deadline() -> Instant {
    cancel::current_effective_deadline()
}

/// Returns whether an operation that is started here would be cancelled at once, because an enclosing
/// scope is cancelled.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert_eq!(scope.run(async { anyrt::has_pending_cancellation() }).await, Ok(true));
/// });
/// ```
#[inline]
pub fn has_pending_cancellation() -> bool {
    cancel::has_pending_cancellation()
}

/// Returns why the calling code is cancelled, or `None` if it is not.
///
/// Code inside a clean-up or another shield is not cancelled: call this before it.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     assert!(anyrt::current_cancellation().is_none());
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel_with("shutting down");
///     let why = scope.run(async { anyrt::current_cancellation() }).await;
///     assert_eq!(why.unwrap().unwrap().reason(), Some("shutting down"));
/// });
/// ```
#[inline]
pub fn current_cancellation() -> Option<Cancelled> {
    cancel::current_cancellation()
}
