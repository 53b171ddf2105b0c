//! The cancellation of a scope, its cause, and the shield that stops cancellation from outside.

use super::{ABORTED, CANCELLED, CAUGHT, CONFIRMED, INHERITED, INTERRUPTED_FROM_OUTSIDE, SHIELDED};
use crate::engine::{CancelState, Cancelled, Cause, Node, poll_state, trace};
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

impl Node {
    /// Returns the cancellation of the scope or task that this node belongs to, as of now.
    #[inline]
    pub(crate) fn cancel_state(&self) -> CancelState {
        match self.flags.load(Ordering::SeqCst) & (CANCELLED | ABORTED) {
            0 => CancelState::No,
            CANCELLED => CancelState::Cancelled,
            _ => CancelState::Aborted,
        }
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }

    #[inline]
    pub(crate) fn is_aborted(&self) -> bool {
        self.has(ABORTED)
    }

    #[inline]
    pub(crate) fn is_shielded(&self) -> bool {
        self.flags.load(Ordering::SeqCst) & (SHIELDED | INTERRUPTED_FROM_OUTSIDE) == SHIELDED
    }

    pub(crate) fn mark_shielded(&self) {
        self.raise(SHIELDED);
    }

    /// Notes that a cancellation from further out interrupted something in it: a shield comes too late.
    pub(crate) fn latch(&self) {
        self.raise(INTERRUPTED_FROM_OUTSIDE);
    }

    pub(crate) fn is_caught(&self) -> bool {
        self.has(CAUGHT)
    }

    pub(crate) fn set_caught(&self) {
        self.raise(CAUGHT);
    }

    /// Returns the cause of its cancellation. A deadline that has passed unnoticed counts as well.
    pub(crate) fn cause_now(&self) -> Option<Cancelled> {
        let known = self.cause();
        known.or_else(|| {
            self.is_cancelled_now()
                .then(|| Cancelled::new(Cause::Deadline))
        })
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.state).cause.clone()
    }

    /// Cancels a group's scope because an enclosing scope is cancelled.
    pub(crate) fn cancel_inherited(self: &Arc<Self>) {
        if !self.is_cancelled() {
            self.raise(INHERITED);
            self.cancel(Cancelled::new(Cause::Enclosing));
        }
    }

    /// Returns whether the node belongs to a group and was cancelled because an enclosing scope was.
    pub(crate) fn is_inherited(&self) -> bool {
        self.has(INHERITED)
    }

    /// Cancels the scope, and notifies everything below. Returns false if it was cancelled already.
    pub(crate) fn cancel(self: &Arc<Self>, cause: Cancelled) -> bool {
        // The first cause wins, even if it is a deadline that passed unnoticed.
        let cause = self.cause_now().unwrap_or(cause);
        let first = {
            let mut state = lock(&self.state);
            state.cause.get_or_insert(cause);
            // Set under the lock, since `undo_inherited` reads and clears the flag under it.
            self.raise(CANCELLED) || {
                self.raise(CONFIRMED);
                false
            }
        };
        // Also if another thread came first: this poll may have begun before that.
        poll_state::mark_dirty();
        if !first {
            return false;
        }
        trace::scope_cancelled(self);
        self.propagate_all();
        true
    }

    /// Aborts the scope: every hold in it lapses.
    pub(crate) fn abort(self: &Arc<Self>, cause: Cancelled) {
        lock(&self.state).cause.get_or_insert(cause);
        let old = self.flags.fetch_or(CANCELLED | ABORTED, Ordering::SeqCst);
        poll_state::mark_dirty();
        if old & ABORTED == 0 {
            trace::scope_cancelled(self);
            self.abort_groups();
            self.propagate_all();
        }
    }

    pub(crate) fn set_shield(self: &Arc<Self>, on: bool) {
        let changed = if on {
            self.undo_inherited();
            self.raise(SHIELDED)
        } else {
            self.lower(SHIELDED)
        };
        poll_state::mark_dirty();
        if changed {
            // Each frame below evaluates its state again.
            self.wake_own();
            self.wake_below(|_| true);
        }
    }

    /// Takes an inherited cancellation back. A group that is opened in a cancelled scope is cancelled from
    /// the start. If its body switches a shield on before anything was interrupted and before any child was
    /// spawned, the shield comes in time (rule C7).
    fn undo_inherited(&self) {
        if self.group().is_none_or(|group| group.living() > 0) {
            return;
        }
        let mut state = lock(&self.state);
        let flags = self.flags.load(Ordering::SeqCst);
        if flags & (INHERITED | CONFIRMED | ABORTED | INTERRUPTED_FROM_OUTSIDE) == INHERITED {
            self.lower(INHERITED | CANCELLED);
            let cause = state.cause.take();
            drop(state);
            drop(cause);
        }
    }
}
