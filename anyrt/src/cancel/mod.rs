//! Cancel scopes, shields and clean-up: the functions of `anyrt_core::cancel` for the ambient runtime.

mod checkpoint;
mod cleanup;
mod current;
mod limits;

pub use self::checkpoint::{cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled};
pub use self::cleanup::{finally, shield, with_resource};
pub use self::current::{
    current_cancellation, current_effective_deadline, has_pending_cancellation,
};
pub use self::limits::{fail_after, fail_at, move_on_after, move_on_at, wait_for};

use anyrt_core::cancel;

use crate::Ambient;

/// A cancel scope. Cancelling it interrupts the code inside it, and nothing else.
///
/// A scope is for one future: [`run`](CancelScope::run) consumes it. With its
/// [`handle`](CancelScope::handle), any task or thread can cancel it, move its deadline, or switch its
/// shield, before and while it runs.
///
/// Where no handle is needed, [`move_on_after`] and [`fail_after`] do the same without allocating.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     let handle = scope.handle();
///     let ended = scope.run(async {
///         handle.cancel_with("enough");
///         anyrt::sleep_forever().await;
///     });
///     assert_eq!(ended.await.unwrap_err().reason(), Some("enough"));
/// });
/// ```
pub type CancelScope = cancel::CancelScope<Ambient>;
