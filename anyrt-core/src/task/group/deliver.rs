//! The delivery of a child's outcome to its record and its group, for all kinds of groups.

use super::super::output::{Outcome, TaskOutput};
use crate::engine::{Cause, Ended, TaskEnd, TaskRecord};
use crate::unwind::Payload;

/// Delivers a child's outcome. An error is passed to the group. A value is passed to `finish`, which ends the
/// task, unless the handle is gone.
#[inline]
pub(super) fn deliver<E, O: TaskOutput<E>>(
    record: &TaskRecord,
    outcome: Ended<O>,
    fail: impl FnOnce(E),
    finish: impl FnOnce(O::Value),
) {
    match outcome {
        Ended::Completed(output) => match output.into_outcome() {
            Outcome::Value(value) if record.is_wanted() => finish(value),
            Outcome::Value(value) => {
                record.drop_inside(value);
                record.finish(TaskEnd::Finished);
            }
            Outcome::Error(error) => {
                record.run_inside(|| fail(error));
                record.finish(TaskEnd::Failed);
            }
            Outcome::Reported => {
                record.finish(TaskEnd::Failed);
            }
        },
        Ended::Panicked(payload) => deliver_panic(record, payload),
        Ended::Interrupted => deliver_cancellation(record),
    }
}

#[cold]
fn deliver_panic(record: &TaskRecord, payload: Payload) {
    let group = record.group();
    group.take_panic(payload, Cause::ChildFailed, Some(&record.name()));
    record.finish(TaskEnd::Failed);
}

fn deliver_cancellation(record: &TaskRecord) {
    if !record.is_cancelling() {
        record.group().note_interrupted();
    }
    record.finish(TaskEnd::Cancelled);
}
