//! The deadlines of a group: the alarm at which the run handles them, and the deadline around the group.

use crate::engine::{Cancelled, Cause, GroupState, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::loom::atomic::Ordering;

impl GroupState {
    /// Makes the run handle the group's deadlines from `at` on, in case the host does not. Children that are
    /// polled in place do not continue without their host anyway.
    pub(crate) fn set_alarm(self: &Arc<Self>, at: Instant) {
        if !self.in_place {
            if let Some(run) = &self.run {
                if at < self.alarm() {
                    run.alarms.set(self, at);
                    if self.has_ended() {
                        run.alarms.clear(self);
                    }
                }
            }
        }
    }

    /// Returns the time at which the run handles the group's deadlines.
    pub(in crate::engine::group) fn alarm(&self) -> Instant {
        Instant::from_bits(self.alarm.load(Ordering::SeqCst))
    }

    /// Stores that time. Called by the run's alarms alone, under their lock.
    pub(in crate::engine::group) fn note_alarm(&self, at: Instant) {
        self.alarm.store(at.to_bits(), Ordering::SeqCst);
    }

    /// Returns the group's number among alarms, which it gets in the first call.
    pub(in crate::engine::group) fn alarm_number(&self) -> u64 {
        *self.alarm_number.get_or_init(poll_state::next_serial)
    }

    /// Carries out the deadlines that have passed, as the host does in its polls.
    pub(in crate::engine::group) fn carry_out_deadlines(self: &Arc<Self>, now: Instant) {
        let node = &self.node;
        if node.abort_at() <= now {
            node.abort(Cancelled::new(Cause::Explicit));
            return;
        }
        if node.is_cancelled_now() {
            node.cancel(Cancelled::new(Cause::Deadline));
        }
        self.set_alarm(node.next_deadline());
    }

    /// Stores the deadline around the group, for as long as its node is not in the tree.
    pub(crate) fn set_around(&self, deadline: Instant) {
        self.around.store(deadline.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn around(&self) -> Instant {
        Instant::from_bits(self.around.load(Ordering::Relaxed))
    }
}
