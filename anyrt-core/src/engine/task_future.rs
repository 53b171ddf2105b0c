//! The outermost frame of a task: the future that is spawned on the runtime, or polled in place by its group.
//!
//! | condition | path of a poll |
//! | --- | --- |
//! | the thread polls nothing else, and the task is not cancelled and has no node | [`poll`](Root::poll), a straight line |
//! | the same on a thread that is polling something already | `poll_rarely` |
//! | the task is cancelled or has a node, or was cancelled during one of the polls above | `poll_framed`, with the steps of a frame |
//!
//! Only the polling thread accesses the future. It moves the [`TaskRecord`] into the thread's state for the
//! poll; other threads reach the task through their own reference to the record.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

use crate::engine::clock::Clock;
use crate::engine::poll_state::{CANCELLED, Saved, Surroundings};
use crate::engine::{
    CancelState, Cause, End, Ended, FramePolicy, FutureSlot, GroupState, Node, Polled, RawFrame,
    TaskRecord, Wait, poll_state,
};
use crate::loom::Arc;
use crate::unwind::{Payload, drop_quietly};

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

/// The record and the outcome of a task that has ended. Its future has been dropped.
type EndOfTask<O> = (TaskRecord, Ended<O>);

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

    /// Polls a task that is cancelled, has a node or runs on a thread that is polling something already.
    #[cold]
    fn poll_rarely(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndOfTask<F::Output>> {
        let Some(task) = self.as_mut().take_record() else {
            return Poll::Pending;
        };
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
        let dropped = poll_state::in_task(&mut slot, || self.drop_future());
        Some((slot?, dropped))
    }

    #[inline]
    fn has_record(&self) -> bool {
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

/// Returns the record and the outcome of a task that was left after its last poll.
#[inline(always)]
fn end_of_task<O>(
    record: TaskRecord,
    polled: Result<Poll<O>, Payload>,
    dropped: Result<(), Payload>,
) -> EndOfTask<O> {
    let ended = match polled {
        Ok(Poll::Ready(output)) => Ended::Completed(output),
        // Unreachable: this is not called for pending polls.
        Ok(Poll::Pending) => Ended::Cancelled,
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
fn leave_root(record: &TaskRecord) -> Result<(), Payload> {
    catch_unwind(AssertUnwindSafe(|| {
        if let Some(node) = record.root() {
            node.leave();
        }
    }))
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

/// The policy of a task's outermost frame: a shield that has the cancellation of the task's record.
struct RootPolicy<'a> {
    record: &'a mut Option<TaskRecord>,
    outside: Option<Saved>,
    wait: Wait,
}

impl FramePolicy for RootPolicy<'_> {
    const CATCHES: bool = true;
    const CATCHES_PANICS: bool = true;
    const REPORTS: bool = false;

    #[inline]
    fn is_shielded(&self, _node: Option<&Arc<Node>>) -> bool {
        true
    }

    #[inline]
    fn cancel_state(&self, _node: Option<&Arc<Node>>) -> CancelState {
        match &*self.record {
            Some(record) => record.cancel_state(),
            None => CancelState::No,
        }
    }

    fn clock(&self, _node: &Node) -> Option<Clock> {
        self.record.as_ref()?.group().node.clock()
    }

    #[inline]
    fn enter(&mut self, inner: Surroundings) -> Surroundings {
        if let Some(record) = self.record.take() {
            // The frame's own cancellation is passed as a local one here; it belongs to the record.
            let cancelled = inner.has(CANCELLED);
            self.outside = Some(poll_state::enter_task(record, inner.serial, cancelled));
        }
        poll_state::surroundings()
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(outside) = self.outside.take() {
            (*self.record, self.wait) = poll_state::leave_task(outside);
        }
    }

    fn drop_inside(&mut self, dropping: impl FnOnce()) {
        poll_state::in_task(self.record, dropping);
    }
}

/// Polls a task in its frame until its state is the same before and after.
fn poll_in_frame<F: Future>(
    mut root: Pin<&mut Root<F>>,
    slot: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
    // Ends: each repetition needs a cancellation that came after the frame had read the state. The state of a
    // task only rises, and a propagated cancellation that waits for holders stays pending.
    loop {
        let Some(record) = &*slot else {
            return Poll::Pending;
        };
        if record.has_context() {
            poll_state::note_contexts();
        }
        record.count_poll();
        let mut node = record.root();
        let known = node.is_some();
        let mut parts = RawFrame {
            future: root.as_mut(),
            serial: record.id(),
            node: &mut node,
        };
        let mut policy = RootPolicy {
            record: slot,
            outside: None,
            wait: Wait::Foreign,
        };
        let polled = parts.poll(cx, &mut policy);
        let wait = policy.wait;
        let Some(record) = &*slot else {
            return Poll::Pending;
        };
        let ended = match polled {
            Polled::Ready(value) => Ended::Completed(value),
            Polled::Panicked(payload) => Ended::Panicked(payload),
            Polled::Interrupted => Ended::Cancelled,
            Polled::Pending => {
                record.set_wait(wait);
                record.register(cx);
                record.count_poll();
                // A later cancellation finds the waker; an earlier one is seen here.
                let own = record.cancel_state();
                let told = node
                    .as_ref()
                    .is_some_and(|node| node.was_propagated() && node.is_held());
                if let Some(node) = node
                    && !known
                {
                    record.set_root(node);
                }
                if own == CancelState::No || (own == CancelState::Cancelled && told) {
                    return Poll::Pending;
                }
                continue;
            }
        };
        record.count_poll();
        return Poll::Ready(ended);
    }
}

/// Delivers the outcome of a task that is gone, and counts the task out of its group.
fn finish<O, D: OutcomeSink<O>>(record: TaskRecord, deliver: &mut D, outcome: Ended<O>) {
    // Drops of values of the user's, an error or a result, happen in here, and may panic.
    let delivered = catch_unwind(AssertUnwindSafe(|| {
        if poll_state::surroundings().inside() {
            poll_state::outside(|| deliver.deliver(&record, outcome));
        } else {
            deliver.deliver(&record, outcome);
        }
    }));
    if let Err(payload) = delivered {
        deliver_failed(&record, payload);
    }
    D::leave(record.group());
}

/// Records a panic during the delivery of an outcome.
#[cold]
fn deliver_failed(record: &TaskRecord, payload: Payload) {
    let group = record.group();
    group.take_panic(payload, Cause::ChildFailed, Some(&record.name()));
    if record.end().is_none() {
        record.finish(End::Failed);
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
        Ok(()) => Ended::Cancelled,
        Err(payload) => Ended::Panicked(payload),
    };
    finish(record, this.deliver, outcome);
}
