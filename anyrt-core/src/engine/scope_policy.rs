//! The additions of scopes to the poll of a frame.

use crate::engine::clock::Clock;
use crate::engine::poll_state::{LOCAL_CANCELLED, Surroundings};
use crate::engine::{CancelState, FramePolicy, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// The policy of a scope without a handle.
pub(crate) struct PlainScopePolicy {
    pub(crate) deadline: Instant,
    pub(crate) own: bool,
    pub(crate) clock: Clock,
}

impl FramePolicy for PlainScopePolicy {
    const CATCHES: bool = false;
    const CATCHES_PANICS: bool = false;

    #[inline]
    fn cancel_state(&self, _node: Option<&Arc<Node>>) -> CancelState {
        if self.own {
            CancelState::Cancelled
        } else {
            CancelState::No
        }
    }

    fn clock(&self, _node: &Node) -> Option<Clock> {
        Some(self.clock)
    }

    #[inline]
    fn enter(&mut self, mut inner: Surroundings) -> Surroundings {
        inner.local_deadline = inner.local_deadline.min(self.deadline);
        inner
    }
}

/// The policy of a scope with a handle or, if `CATCHES`, of a group's body. Readers inside see its node.
pub(crate) struct ScopePolicy<const CATCHES: bool>;

impl<const CATCHES: bool> FramePolicy for ScopePolicy<CATCHES> {
    const CATCHES: bool = CATCHES;
    const CATCHES_PANICS: bool = CATCHES;
    const OWNS_NODE: bool = !CATCHES;
    const VISIBLE: bool = true;

    fn clock(&self, node: &Node) -> Option<Clock> {
        node.clock()
    }

    #[inline]
    fn is_shielded(&self, node: Option<&Arc<Node>>) -> bool {
        node.is_some_and(|node| node.is_shielded())
    }

    #[inline]
    fn cancel_state(&self, node: Option<&Arc<Node>>) -> CancelState {
        node.map_or(CancelState::No, |node| node.cancel_state())
    }

    #[inline]
    fn enter(&mut self, mut inner: Surroundings) -> Surroundings {
        // Readers inside find this frame, and with it the surroundings outside: the deadline and the flag of
        // plain scopes start anew. The base and `AT_ROOT` are those outside even under a shield, since the
        // handle may switch it off: readers look for it in the node.
        let outer = poll_state::surroundings();
        inner.base = outer.base;
        inner.local_deadline = Instant::FAR_FUTURE;
        inner
            .with(LOCAL_CANCELLED, false)
            .with(poll_state::AT_ROOT, outer.has(poll_state::AT_ROOT))
    }

    #[inline]
    fn keeps_refused(&self, _own: CancelState) -> bool {
        true
    }
}
