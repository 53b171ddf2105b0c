//! The handle of a scope, usable from any thread.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::engine::{Cancelled, Cause, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// A handle that controls a [`CancelScope`](super::CancelScope), or the scope of a group, from any thread.
///
/// Cheap to clone. All methods take effect at once, also for later operations in the same poll (rule
/// [C2](crate::rules#c2)), and have no effect when the scope has ended.
#[derive(Clone)]
pub struct CancelHandle {
    node: Arc<Node>,
}

impl CancelHandle {
    #[cfg(test)]
    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn new(node: Arc<Node>) -> CancelHandle {
        CancelHandle { node }
    }

    /// Cancels the scope. Further calls have no effect: the first cause wins.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// let handle = scope.handle();
    /// let ended = scope.run(async {
    ///     handle.cancel();
    ///     anyrt::sleep_forever().await;
    /// });
    /// assert!(ended.await.is_err());
    /// # });
    /// ```
    pub fn cancel(&self) {
        self.node.cancel(explicit(None));
    }

    /// Cancels the scope with a reason; see [`Cancelled::reason`].
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// scope.handle().cancel_with("the user has left");
    /// let cancelled = scope.run(anyrt::sleep_forever()).await.unwrap_err();
    /// assert_eq!(cancelled.reason(), Some("the user has left"));
    /// # });
    /// ```
    pub fn cancel_with(&self, reason: impl Into<String>) {
        self.node.cancel(explicit(Some(reason.into())));
    }

    /// Cancels the scope, and [aborts](CancelHandle::abort) it if it has not ended within `grace` (rule
    /// [C12](crate::rules#c12)).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// scope.handle().cancel_within(Duration::from_millis(10));
    /// // The shield would wait for a day. The grace ends it.
    /// let day = anyrt::sleep(Duration::from_secs(86_400));
    /// let ended = scope.run(async {
    ///     anyrt::shield(day).await;
    /// });
    /// assert!(ended.await.is_err());
    /// # });
    /// ```
    pub fn cancel_within(&self, grace: Duration) {
        self.node.set_abort_at(self.node.now() + grace);
        self.cancel();
    }

    /// Cancels the scope regardless of holds: shields, clean-ups and groups in it are dropped where they are, in
    /// the children too (rule [C12](crate::rules#c12)).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// let handle = scope.handle();
    /// let ended = scope.run(async {
    ///     let abort = async { handle.abort() };
    ///     let clean_up = anyrt::shield(anyrt::sleep_forever());
    ///     anyrt::gather((abort, clean_up)).await;
    /// });
    /// assert!(ended.await.is_err(), "the shield does not hold");
    /// # });
    /// ```
    pub fn abort(&self) {
        self.node.abort(explicit(None));
    }

    /// Moves the deadline; [`Instant::FAR_FUTURE`] removes it. A deadline that has passed cancels.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::Instant;
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new().within(Duration::from_secs(3600));
    /// let handle = scope.handle();
    /// let ended = scope.run(async {
    ///     handle.set_deadline(anyrt::now() + Duration::from_millis(1));
    ///     anyrt::sleep_forever().await;
    /// });
    /// assert!(ended.await.is_err());
    /// assert!(handle.deadline() < Instant::FAR_FUTURE);
    /// # });
    /// ```
    pub fn set_deadline(&self, deadline: Instant) {
        self.node.set_deadline(deadline);
    }

    /// Returns the deadline, or [`Instant::FAR_FUTURE`] if there is none. A deadline that was set as a length
    /// is known once the scope runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{CancelScope, Instant};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let deadline = anyrt::now() + Duration::from_secs(5);
    /// assert_eq!(CancelScope::new().deadline(deadline).handle().deadline(), deadline);
    /// assert_eq!(CancelScope::new().handle().deadline(), Instant::FAR_FUTURE);
    /// # });
    /// ```
    pub fn deadline(&self) -> Instant {
        self.node.deadline()
    }

    /// Switches the shield on or off.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// let outer = CancelScope::new();
    /// outer.handle().cancel();
    /// let ended = outer.run(async {
    ///     let inner = CancelScope::new().shielded();
    ///     let handle = inner.handle();
    ///     let commit = inner.run(async {
    ///         anyrt::checkpoint().await; // passes
    ///         handle.set_shield(false);
    ///         anyrt::checkpoint().await; // interrupted
    ///     });
    ///     commit.await
    /// });
    /// assert!(ended.await.is_err());
    /// # });
    /// ```
    pub fn set_shield(&self, on: bool) {
        self.node.set_shield(on);
    }

    /// Returns whether the shield is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// assert!(CancelScope::new().shielded().handle().is_shielded());
    /// assert!(!CancelScope::new().handle().is_shielded());
    /// ```
    pub fn is_shielded(&self) -> bool {
        self.node.is_shielded()
    }

    /// Returns whether the scope was cancelled, by any cause.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// let handle = scope.handle();
    /// handle.cancel();
    /// assert!(handle.is_cancelled());
    /// assert!(!handle.has_caught(), "nothing was interrupted yet");
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled_now()
    }

    /// Returns whether something in the scope was interrupted, and this scope caught it.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// let handle = scope.handle();
    /// handle.cancel();
    /// // A future that completes without waiting is not interrupted.
    /// assert_eq!(scope.run(async { 1 }).await, Ok(1));
    /// assert!(handle.is_cancelled() && !handle.has_caught());
    /// # });
    /// ```
    pub fn has_caught(&self) -> bool {
        self.node.is_caught()
    }

    /// Returns the cause of the scope's cancellation, if it was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{CancelScope, Cause};
    ///
    /// # anyrt::run(async {
    /// let handle = CancelScope::new().handle();
    /// assert!(handle.cancellation().is_none());
    /// handle.cancel();
    /// assert_eq!(handle.cancellation().unwrap().cause(), Cause::Explicit);
    /// # });
    /// ```
    pub fn cancellation(&self) -> Option<Cancelled> {
        self.node.cause_now()
    }
}

fn explicit(reason: Option<String>) -> Cancelled {
    Cancelled::with(Cause::Explicit, reason, poll_state::task_name())
}

// The state behind a handle stays consistent after a panic: no lock in it is held while user code runs.
impl UnwindSafe for CancelHandle {}
impl RefUnwindSafe for CancelHandle {}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelHandle").field(&self.node).finish()
    }
}
