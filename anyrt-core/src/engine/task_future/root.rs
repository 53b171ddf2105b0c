//! The root of a task: its future and its record, and the steps of a poll of both.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::end::{EndOfTask, end_of_task};
use super::frame::poll_in_frame;
use crate::engine::{CancelState, Ended, FutureSlot, TaskRecord, poll_state, trace};
use crate::unwind::Payload;

/// The future of a task, and its record.
///
/// | state | meaning |
/// | --- | --- |
/// | `Live` with a record | between polls |
/// | `Live` without one | it is being polled, has not begun, or has ended and its future has no destructor |
/// | `Ended` | the future has been dropped |
///
/// The record is moved into the thread's state for the poll and back afterwards, which costs no reference
/// count. The size matters, since it adds to each allocation of the runtime. The compiler encodes the states
/// in unused values of the record's index, so a root is as large as the future and the record.
#[pin_project(project = RootParts)]
pub(crate) enum Root<F> {
    Live {
        #[pin]
        future: F,
        record: Option<TaskRecord>,
    },
    Ended,
}

// This also holds if the future itself has no unused values.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Root<[u64; 3]>>() == size_of::<[u64; 3]>() + 16);

impl<F: Future> Root<F> {
    /// Creates a task without a record; [`begin`](Root::begin) sets it.
    pub(crate) fn new(future: F) -> Root<F> {
        Root::Live {
            future,
            record: None,
        }
    }

    /// Gives the task its record.
    pub(crate) fn begin(self: Pin<&mut Self>, task: TaskRecord) {
        if let RootParts::Live { record, .. } = self.project() {
            *record = Some(task);
        }
    }

    /// Polls the task. Returns pending if the task has ended or has no record.
    ///
    /// Almost every poll takes the straight line here. The code exists once for each type of task, so parts
    /// that do not depend on the type are functions elsewhere.
    #[inline(always)]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<EndOfTask<F::Output>> {
        let RootParts::Live { future, record } = self.as_mut().project() else {
            return Poll::Pending;
        };
        if !poll_state::enter_plainly(record) {
            return self.poll_rarely(cx);
        }
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => {
                if poll_state::leave_pending(record, cx) {
                    return Poll::Pending;
                }
                self.poll_again(cx)
            }
            polled => {
                let dropped = self.drop_future();
                let Some(record) = poll_state::leave_outermost() else {
                    return Poll::Pending;
                };
                Poll::Ready(end_of_task(record, polled, dropped))
            }
        }
    }

    /// Polls a task that is cancelled, has a node or a span, or runs on a thread that is polling something already.
    #[cold]
    fn poll_rarely(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndOfTask<F::Output>> {
        let Some(task) = self.as_mut().take_record() else {
            return Poll::Pending;
        };
        let _entered = trace::enter(&task);
        if task.has_root() || task.cancel_state() != CancelState::No {
            return self.poll_framed(task, cx);
        }
        let RootParts::Live { future, .. } = self.as_mut().project() else {
            return Poll::Pending;
        };
        if task.has_context() {
            poll_state::note_contexts();
        }
        // 1. Enter the task, and poll.
        task.count_poll();
        let serial = task.id();
        let outside = poll_state::enter_task(task, serial, false);
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        // 2. Take the node that a holder has created. If ended, drop the future, still inside the task.
        let node = poll_state::close_frame(outside.since);
        let ended = !matches!(polled, Ok(Poll::Pending));
        let dropped = if ended {
            self.as_mut().drop_future()
        } else {
            Ok(())
        };
        // 3. Leave the task.
        let (task, wait) = poll_state::leave_task(outside);
        let Some(task) = task else {
            return Poll::Pending;
        };
        task.set_wait(wait);
        if let Some(node) = node {
            task.set_root(node);
        }
        if ended {
            return Poll::Ready(end_of_task(task, polled, dropped));
        }
        // 4. Stay pending, unless the task was cancelled meanwhile.
        let RootParts::Live { record, .. } = self.as_mut().project() else {
            return Poll::Pending;
        };
        if record.insert(task).stay_pending(cx) {
            return Poll::Pending;
        }
        self.poll_again(cx)
    }

    /// Polls a task again that was cancelled during its poll.
    #[cold]
    fn poll_again(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndOfTask<F::Output>> {
        match self.as_mut().take_record() {
            Some(task) => self.poll_framed(task, cx),
            None => Poll::Pending,
        }
    }

    /// Polls a task in its frame.
    #[cold]
    fn poll_framed(
        mut self: Pin<&mut Self>,
        task: TaskRecord,
        cx: &mut Context<'_>,
    ) -> Poll<EndOfTask<F::Output>> {
        let mut slot = Some(task);
        // Wakers are called in here and may panic. The record must not be lost in that case.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            poll_in_frame(self.as_mut(), &mut slot, cx)
        }));
        let Some(task) = slot else {
            return Poll::Pending;
        };
        if let Ok(Poll::Ready(ended)) = polled {
            return Poll::Ready((task, ended));
        }
        if let RootParts::Live { record, .. } = self.project() {
            *record = Some(task);
            return match polled {
                Err(payload) => resume_unwind(payload),
                Ok(_) => Poll::Pending,
            };
        }
        match polled {
            Err(payload) => Poll::Ready((task, Ended::Panicked(payload))),
            Ok(_) => Poll::Pending,
        }
    }

    fn take_record(self: Pin<&mut Self>) -> Option<TaskRecord> {
        match self.project() {
            RootParts::Live { record, .. } => record.take(),
            RootParts::Ended => None,
        }
    }

    /// Drops the future of a task that has been entered; its record is not in the root. A panic of a
    /// destructor counts as the task's panic. The task is left afterwards.
    #[inline(always)]
    fn drop_future(mut self: Pin<&mut Self>) -> Result<(), Payload> {
        if !mem::needs_drop::<F>() {
            return Ok(());
        }
        poll_state::leave_scopes();
        catch_unwind(AssertUnwindSafe(|| self.set(Root::Ended)))
    }

    /// Drops the future before its end, inside the task, if the task has a record and has not ended. Returns
    /// the record, and a destructor's panic.
    #[cold]
    pub(crate) fn drop_early(
        mut self: Pin<&mut Self>,
    ) -> Option<(TaskRecord, Result<(), Payload>)> {
        let mut slot = Some(self.as_mut().take_record()?);
        let _entered = slot.as_ref().map(trace::enter);
        let dropped = poll_state::in_task(&mut slot, || self.drop_future());
        Some((slot?, dropped))
    }

    #[inline]
    pub(super) fn has_record(&self) -> bool {
        matches!(
            self,
            Root::Live {
                record: Some(_),
                ..
            }
        )
    }
}

impl<F: Future> FutureSlot for Root<F> {
    type Future = F;

    fn future(self: Pin<&mut Self>) -> Option<Pin<&mut F>> {
        match self.project() {
            RootParts::Live { future, .. } => Some(future),
            RootParts::Ended => None,
        }
    }

    fn clear(mut self: Pin<&mut Self>) {
        self.set(Root::Ended);
    }
}

impl TaskRecord {
    /// Registers the waker after a poll. Returns whether the task may stay pending, because it is not
    /// cancelled.
    #[inline]
    pub(crate) fn stay_pending(&self, cx: &Context<'_>) -> bool {
        self.register(cx);
        self.count_poll();
        // A later cancellation finds the waker; an earlier one is seen here.
        self.is_plain() || self.stay_pending_rarely(cx)
    }

    /// Does the same for a task that is not plain. Also registers with the node that its frame got in this
    /// poll.
    #[cold]
    fn stay_pending_rarely(&self, cx: &Context<'_>) -> bool {
        if let Some(node) = self.root() {
            node.register(cx);
        }
        self.cancel_state() == CancelState::No
    }
}
