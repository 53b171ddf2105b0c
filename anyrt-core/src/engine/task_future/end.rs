//! The end of a task: its outcome, and the delivery of that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::sink::OutcomeSink;
use crate::engine::{Cause, Ended, TaskEnd, TaskRecord, poll_state, trace};
use crate::unwind::{Payload, drop_quietly};

/// The record and the outcome of a task that has ended. Its future has been dropped.
pub(super) type EndOfTask<O> = (TaskRecord, Ended<O>);

/// Returns the record and the outcome of a task that was left after its last poll.
#[inline(always)]
pub(super) fn end_of_task<O>(
    record: TaskRecord,
    polled: Result<Poll<O>, Payload>,
    dropped: Result<(), Payload>,
) -> EndOfTask<O> {
    let ended = match polled {
        Ok(Poll::Ready(output)) => Ended::Completed(output),
        // Unreachable: this is not called for pending polls.
        Ok(Poll::Pending) => Ended::Interrupted,
        Err(payload) => Ended::Panicked(payload),
    };
    record.count_poll();
    let left = if record.has_root() {
        leave_root(&record)
    } else {
        Ok(())
    };
    match (dropped, left) {
        (Ok(()), Ok(())) => (record, ended),
        (Err(payload), Ok(())) | (Ok(()), Err(payload)) => {
            drop_quietly(ended);
            (record, Ended::Panicked(payload))
        }
        (Err(payload), Err(second)) => {
            drop_quietly((ended, second));
            (record, Ended::Panicked(payload))
        }
    }
}

/// Removes the node of a task that has ended from the tree. Futures that were moved out of the task are
/// woken, to link themselves where they are now. A waker may panic.
#[cold]
pub(super) fn leave_root(record: &TaskRecord) -> Result<(), Payload> {
    catch_unwind(AssertUnwindSafe(|| {
        if let Some(node) = record.root() {
            node.leave();
        }
    }))
}

/// Delivers the outcome of a task that is gone, and counts the task out of its group.
#[inline]
pub(super) fn finish<O, D: OutcomeSink<O>>(record: TaskRecord, deliver: &mut D, outcome: Ended<O>) {
    deliver_outcome(&record, deliver, outcome);
    D::leave(record.group());
}

#[inline(always)]
fn deliver_outcome<O, D: OutcomeSink<O>>(record: &TaskRecord, deliver: &mut D, outcome: Ended<O>) {
    let _entered = trace::enter(record);
    if let Ended::Panicked(payload) = &outcome {
        trace::panicked(record, payload);
    }
    // Drops of values of the user's, an error or a result, happen in here, and may panic.
    let delivered = catch_unwind(AssertUnwindSafe(|| {
        if poll_state::surroundings().inside() {
            poll_state::outside(|| deliver.deliver(record, outcome));
        } else {
            deliver.deliver(record, outcome);
        }
    }));
    if let Err(payload) = delivered {
        deliver_failed(record, payload);
    }
    trace::ended(record);
}

/// Ends the main task of a run, which has no sink.
pub(crate) fn finish_main<O>(record: &TaskRecord, end: TaskEnd, outcome: &Ended<O>) {
    let _entered = trace::enter(record);
    if let Ended::Panicked(payload) = outcome {
        trace::panicked(record, payload);
    }
    record.finish(end);
    trace::ended(record);
}

/// Records a panic during the delivery of an outcome.
#[cold]
fn deliver_failed(record: &TaskRecord, payload: Payload) {
    trace::panicked(record, &payload);
    let group = record.group();
    group.take_panic(payload, Cause::ChildFailed, Some(&record.name()));
    if record.end().is_none() {
        record.finish(TaskEnd::Failed);
    }
}
