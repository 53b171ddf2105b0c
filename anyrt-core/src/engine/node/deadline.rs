//! The deadline of a scope, and the time at which it is aborted.

use super::{BEGUN, CancelState, MOVED};
use crate::engine::clock::Clock;
use crate::engine::{Cancelled, Cause, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::loom::atomic::Ordering;

impl Node {
    #[inline]
    pub(crate) fn deadline(&self) -> Instant {
        Instant::from_bits(self.deadline.load(Ordering::SeqCst))
    }

    pub(crate) fn abort_at(&self) -> Instant {
        Instant::from_bits(self.abort_at.load(Ordering::SeqCst))
    }

    /// Returns the time on its clock. A node without a clock has no handle, so the result does not matter
    /// there.
    pub(crate) fn now(&self) -> Instant {
        self.clock.map_or(Instant::FAR_PAST, |clock| clock.now())
    }

    /// Returns whether the node is cancelled. A deadline that has passed unnoticed since the scope began
    /// counts as well.
    pub(crate) fn is_cancelled_now(&self) -> bool {
        let deadline = self.deadline();
        let has_passed = |clock: Clock| self.has(BEGUN) && deadline <= clock.now();
        self.is_cancelled()
            || (deadline != Instant::FAR_FUTURE && self.clock.is_some_and(has_passed))
    }

    /// Aborts the scope at `at`, unless an earlier abort is set already.
    pub(crate) fn set_abort_at(self: &Arc<Self>, at: Instant) {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst);
        self.wake();
        // Tasks below go on even if the scope is not polled.
        self.walk_groups(|node, group| {
            let earlier = node.bring_abort_forward(at);
            group.set_alarm(at);
            earlier || Arc::ptr_eq(node, self)
        });
    }

    /// Brings the abort forward to `at`. Returns whether that is earlier than before.
    fn bring_abort_forward(&self, at: Instant) -> bool {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst) > at.to_bits()
    }

    /// Copies the earliest abort time of the enclosing scopes, since this one will be out of their reach. The
    /// walk stops at a group without a host, which has done the same.
    pub(crate) fn take_over_abort_at(&self) {
        let mut at = Instant::FAR_FUTURE;
        let mut around = self.parent();
        // Ends at the root: each step goes one node outwards.
        while let Some(node) = around {
            at = at.min(node.abort_at());
            if node.group().is_some_and(|group| group.is_orphaned()) {
                break;
            }
            around = node.parent();
        }
        if at != Instant::FAR_FUTURE && self.bring_abort_forward(at) {
            if let Some(group) = self.group() {
                group.set_alarm(at);
            }
        }
    }

    /// Returns the time of its next deadline: the one that cancels, or the one that aborts.
    pub(crate) fn next_deadline(&self) -> Instant {
        match self.cancel_state() {
            CancelState::No => self.deadline().min(self.abort_at()),
            CancelState::Cancelled => self.abort_at(),
            CancelState::Aborted => Instant::FAR_FUTURE,
        }
    }

    pub(crate) fn set_deadline(self: &Arc<Self>, deadline: Instant) {
        if self.is_cancelled_now() {
            // Moving a deadline that has passed does not take the cancellation back (rule C9).
            self.cancel(Cancelled::new(Cause::Deadline));
        }
        self.raise(MOVED);
        self.deadline.store(deadline.to_bits(), Ordering::SeqCst);
        poll_state::mark_dirty();
        self.wake();
    }

    /// Sets the deadline of a scope that has not begun.
    pub(crate) fn init_deadline(&self, deadline: Instant) {
        self.lower(MOVED);
        self.deadline.store(deadline.to_bits(), Ordering::SeqCst);
    }

    /// Begins: the deadline counts from now on. `deadline` is the end of the scope's length, which applies if
    /// the length was set last.
    pub(crate) fn begin(self: &Arc<Self>, deadline: Instant) {
        let (none, bits) = (Instant::FAR_FUTURE.to_bits(), deadline.to_bits());
        if !self.has(MOVED) {
            // Fails if a deadline was set explicitly, or is moved at this moment.
            let _ = self
                .deadline
                .compare_exchange(none, bits, Ordering::SeqCst, Ordering::SeqCst);
        }
        self.raise(BEGUN);
        if self.is_cancelled_now() {
            self.cancel(Cancelled::new(Cause::Deadline));
        }
    }

    /// Brings the deadline forward to `deadline`, unless it is earlier already.
    pub(crate) fn bring_deadline_forward(&self, deadline: Instant) {
        self.deadline
            .fetch_min(deadline.to_bits(), Ordering::SeqCst);
    }
}
