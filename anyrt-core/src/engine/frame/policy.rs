//! The differences between the users of a frame, and the result of its poll.

use crate::engine::clock::Clock;
use crate::engine::poll_state::Surroundings;
use crate::engine::{CancelState, Node, poll_state};
use crate::loom::Arc;
use crate::unwind::Payload;

/// The differences between the users of [`Frame`](super::Frame).
pub(crate) trait FramePolicy {
    /// Returns whether cancellation from outside does not reach the inside.
    #[inline]
    fn is_shielded(&self, _node: Option<&Arc<Node>>) -> bool {
        false
    }

    /// `true` if the inside is interrupted even if only something outside is cancelled, because the owner of
    /// this frame has work to do before the cancellation can move outwards.
    const CATCHES: bool;

    /// `true` if a panic is returned to the owner as [`Polled::Panicked`].
    const CATCHES_PANICS: bool;

    /// `true` if the node belongs to this frame, and leaves the tree with it.
    const OWNS_NODE: bool = true;

    /// `true` if holds in this frame are reported to the frame around it.
    const REPORTS: bool = true;

    /// Returns the frame's own cancellation, as of now.
    #[inline]
    fn cancel_state(&self, _node: Option<&Arc<Node>>) -> CancelState {
        CancelState::No
    }

    /// Returns the clock that decides which holders in this frame are stranded. The default is the clock of
    /// the current task.
    fn clock(&self, _node: &Node) -> Option<Clock> {
        poll_state::task_clock()
    }

    /// `true` if code inside can see the node.
    const VISIBLE: bool = false;

    /// Sets what the inside sees. `inner` is what it would see without this frame.
    #[inline]
    fn enter(&mut self, inner: Surroundings) -> Surroundings {
        inner
    }

    /// Undoes what `enter` did, except for the surroundings.
    #[inline]
    fn leave(&mut self) {}

    /// Runs `dropping`, which drops the future, in the context that its destructors expect.
    #[inline]
    fn drop_inside(&mut self, dropping: impl FnOnce()) {
        dropping();
    }

    /// Returns whether refused operations leave their wakers in this frame. `own` is the frame's
    /// cancellation.
    #[inline]
    fn keeps_refused(&self, own: CancelState) -> bool {
        own != CancelState::No
    }
}

/// The result of a poll of a frame.
pub(crate) enum Polled<T> {
    Ready(T),
    Panicked(Payload),
    /// The inner future was dropped because of a cancellation.
    Interrupted,
    Pending,
}
