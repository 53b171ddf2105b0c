//! Checkpoints: yielding, and observing cancellation.

use anyrt_core::cancel;

use crate::futures::{Checkpoint, Shield};

/// Lets other tasks run, and observes cancellation.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     for block in [[0_u8; 64]; 3] {
///         let _sum: u32 = block.iter().copied().map(u32::from).sum();
///         anyrt::checkpoint().await; // lets other tasks run during a long computation
///     }
/// });
/// ```
#[inline]
pub fn checkpoint() -> Checkpoint {
    cancel::checkpoint()
}

/// Observes cancellation without yielding.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert!(scope.run(anyrt::checkpoint_if_cancelled()).await.is_err());
/// });
/// ```
#[inline]
pub fn checkpoint_if_cancelled() -> Checkpoint {
    cancel::checkpoint_if_cancelled()
}

/// Lets other tasks run, and ignores the cancellation of enclosing scopes.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(async {
///     let scope = anyrt::CancelScope::new();
///     scope.handle().cancel();
///     assert!(scope.run(anyrt::cancel_shielded_checkpoint()).await.is_ok());
/// });
/// ```
#[inline]
pub fn cancel_shielded_checkpoint() -> Shield<Checkpoint> {
    cancel::cancel_shielded_checkpoint()
}
