use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::engine::{Cancelled, Cause, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// Controls a [`CancelScope`](super::CancelScope), or the scope of a group, from anywhere.
///
/// Cheap to clone. Everything takes effect at once, also for operations later in the same poll
/// (rule C2), and is harmless when the scope has ended.
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

    /// Cancels the scope. Further calls do nothing: the first cause wins.
    pub fn cancel(&self) {
        self.node.cancel(explicit(None));
    }

    /// Cancels the scope and says why; see [`Cancelled::reason`].
    pub fn cancel_with(&self, reason: impl Into<String>) {
        self.node.cancel(explicit(Some(reason.into())));
    }

    /// Cancels the scope, and [aborts](CancelHandle::abort) it if it has not ended within `grace`
    /// (rule C12).
    pub fn cancel_within(&self, grace: Duration) {
        self.node.set_abort_at(self.node.now() + grace);
        self.cancel();
    }

    /// Cancels the scope without regard to unfinished business: shields, clean-ups and groups in
    /// it are dropped where they stand, in the children too (rule C12).
    pub fn abort(&self) {
        self.node.abort(explicit(None));
    }

    /// Moves the deadline; [`Instant::FAR_FUTURE`] removes it. One that has passed cancels.
    pub fn set_deadline(&self, deadline: Instant) {
        self.node.set_deadline(deadline);
    }

    /// The deadline; [`Instant::FAR_FUTURE`] if there is none. One that was given as a length is
    /// known once the scope runs.
    pub fn deadline(&self) -> Instant {
        self.node.deadline()
    }

    /// Switches the shield on or off.
    pub fn set_shield(&self, on: bool) {
        self.node.set_shield(on);
    }

    /// Whether the shield is on.
    pub fn is_shielded(&self) -> bool {
        self.node.is_shielded()
    }

    /// Whether the scope was cancelled, by whatever cause.
    pub fn cancel_called(&self) -> bool {
        self.node.is_cancelled_now()
    }

    /// Whether something in the scope was interrupted, and this scope caught it.
    pub fn cancelled_caught(&self) -> bool {
        self.node.is_caught()
    }

    /// Why the scope was cancelled, if it was.
    pub fn cancellation(&self) -> Option<Cancelled> {
        self.node.cause_now()
    }
}

fn explicit(reason: Option<String>) -> Cancelled {
    Cancelled::with(Cause::Explicit, reason, poll_state::task_name())
}

// What a handle leads to is whole after a panic: no lock in it is held while anything of the user's runs.
impl UnwindSafe for CancelHandle {}
impl RefUnwindSafe for CancelHandle {}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelHandle").field(&self.node).finish()
    }
}
