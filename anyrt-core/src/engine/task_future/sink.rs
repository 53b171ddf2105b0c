//! [`OutcomeSink`].

use crate::engine::{Ended, GroupState, TaskRecord};

/// The receiver of a task's outcome.
pub(crate) trait OutcomeSink<O> {
    /// Delivers the outcome. Called once, after the task's future has been dropped.
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>);

    /// Counts the task out of its group.
    #[inline]
    fn leave(group: &GroupState) {
        group.leave();
    }
}
