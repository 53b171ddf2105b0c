//! The outermost frame of a task: the future that is spawned on the runtime, or polled in place by its group.
//!
//! | condition | path of a poll |
//! | --- | --- |
//! | the thread polls nothing else, and the task is not cancelled and has neither a node nor a span | [`poll`](Root::poll), a straight line |
//! | the same on a thread that is polling something already, or with a span | `poll_rarely` |
//! | the task is cancelled or has a node, or was cancelled during one of the polls above | `poll_framed`, with the steps of a frame |
//!
//! Only the polling thread accesses the future. It moves the [`TaskRecord`] into the thread's state for the
//! poll; other threads reach the task through their own reference to the record.

mod end;
mod frame;
mod root;
mod sink;

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

pub(crate) use self::end::finish_main;
use self::end::{finish, leave_root};
pub(crate) use self::root::Root;
pub(crate) use self::sink::OutcomeSink;
use crate::engine::{Ended, TaskRecord};

/// A task: its future, its record, and the receiver of its outcome.
#[pin_project(PinnedDrop)]
pub(crate) struct TaskFuture<F: Future, D: OutcomeSink<F::Output>> {
    #[pin]
    root: Root<F>,
    deliver: D,
}

impl<F: Future, D: OutcomeSink<F::Output>> TaskFuture<F, D> {
    #[inline]
    pub(crate) fn new(future: F, record: TaskRecord, deliver: D) -> TaskFuture<F, D> {
        let record = Some(record);
        TaskFuture {
            root: Root::Live { future, record },
            deliver,
        }
    }
}

impl<F: Future, D: OutcomeSink<F::Output>> Future for TaskFuture<F, D> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.root.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready((record, outcome)) => {
                finish(record, this.deliver, outcome);
                Poll::Ready(())
            }
        }
    }
}

/// Runs the end of the task if the runtime drops it before its end, or without a poll.
#[pinned_drop]
impl<F: Future, D: OutcomeSink<F::Output>> PinnedDrop for TaskFuture<F, D> {
    fn drop(self: Pin<&mut Self>) {
        if self.root.has_record() {
            drop_before_end(self);
        }
    }
}

#[cold]
fn drop_before_end<F: Future, D: OutcomeSink<F::Output>>(task: Pin<&mut TaskFuture<F, D>>) {
    let this = task.project();
    let Some((record, dropped)) = this.root.drop_early() else {
        return;
    };
    let left = leave_root(&record);
    let outcome = match dropped.and(left) {
        Ok(()) => Ended::Interrupted,
        Err(payload) => Ended::Panicked(payload),
    };
    finish(record, this.deliver, outcome);
}
