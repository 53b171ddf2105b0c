//! The handle of a scope, usable from any thread.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::engine::{Cancelled, Cause, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// A handle that controls a [`CancelScope`](super::CancelScope), or the scope of a group, from any thread.
///
/// Cheap to clone. All methods take effect at once, also for later operations in the same poll (rule C2), and
/// have no effect when the scope has ended.
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
    pub fn cancel(&self) {
        self.node.cancel(explicit(None));
    }

    /// Cancels the scope with a reason; see [`Cancelled::reason`].
    pub fn cancel_with(&self, reason: impl Into<String>) {
        self.node.cancel(explicit(Some(reason.into())));
    }

    /// Cancels the scope, and [aborts](CancelHandle::abort) it if it has not ended within `grace`
    /// (rule C12).
    pub fn cancel_within(&self, grace: Duration) {
        self.node.set_abort_at(self.node.now() + grace);
        self.cancel();
    }

    /// Cancels the scope regardless of holds: shields, clean-ups and groups in it are dropped where they are,
    /// in the children too (rule C12).
    pub fn abort(&self) {
        self.node.abort(explicit(None));
    }

    /// Moves the deadline; [`Instant::FAR_FUTURE`] removes it. A deadline that has passed cancels.
    pub fn set_deadline(&self, deadline: Instant) {
        self.node.set_deadline(deadline);
    }

    /// Returns the deadline, or [`Instant::FAR_FUTURE`] if there is none. A deadline that was set as a length
    /// is known once the scope runs.
    pub fn deadline(&self) -> Instant {
        self.node.deadline()
    }

    /// Switches the shield on or off.
    pub fn set_shield(&self, on: bool) {
        self.node.set_shield(on);
    }

    /// Returns whether the shield is on.
    pub fn is_shielded(&self) -> bool {
        self.node.is_shielded()
    }

    /// Returns whether the scope was cancelled, by any cause.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled_now()
    }

    /// Returns whether something in the scope was interrupted, and this scope caught it.
    pub fn has_caught(&self) -> bool {
        self.node.is_caught()
    }

    /// Returns the cause of the scope's cancellation, if it was cancelled.
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
