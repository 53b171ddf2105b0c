//! The outermost frame of a task.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

use crate::engine::clock::Clock;
use crate::engine::poll_state::{CANCELLED, Outside, Surroundings};
use crate::engine::{
    CancelState, Cause, End, Ended, FramePolicy, Node, Polled, RawFrame, TaskRecord, Wait,
    poll_state,
};
use crate::loom::Arc;
use crate::unwind::{Payload, drop_quietly};

/// Where a task's outcome goes. Called once, after the task's future has been dropped.
pub(crate) trait OutcomeSink<O> {
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>);
}

/// A task: its future, and what goes with each poll of it.
///
/// The record is moved into the thread's context for the poll and back afterwards, which costs
/// no reference count. What else a frame needs is in the record, because every byte here is one
/// more in what the runtime allocates.
#[pin_project(PinnedDrop)]
pub(crate) struct TaskFuture<F: Future, D: OutcomeSink<F::Output>> {
    #[pin]
    future: Option<F>,
    record: Option<TaskRecord>,
    deliver: D,
}

impl<F: Future, D: OutcomeSink<F::Output>> TaskFuture<F, D> {
    pub(crate) fn new(future: F, record: TaskRecord, deliver: D) -> TaskFuture<F, D> {
        TaskFuture {
            future: Some(future),
            record: Some(record),
            deliver,
        }
    }
}

struct RootPolicy<'a> {
    record: &'a mut Option<TaskRecord>,
    outside: Option<Outside>,
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
            // The flag of the frame's own cancellation came as a local one; it is the record's.
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

/// A poll that may have panicked.
type Attempt<T> = Result<Poll<T>, Payload>;

/// Polls a task once without the frame's machinery, in a straight line; none where that does not
/// do, because the task is cancelled, or because something in it has reported.
///
/// This is what almost every poll of almost every task is.
#[inline]
fn poll_plainly<F: Future>(
    mut future: Pin<&mut Option<F>>,
    slot: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> Option<Poll<Ended<F::Output>>> {
    let mut record = slot.take()?;
    if !record.is_plain() {
        record = take_nearly_plain(record, slot)?;
    }
    record.count_poll();
    let (polled, dropped) = match poll_state::enter_outermost(record) {
        None => {
            let polled = poll_future(future.as_mut(), cx);
            let dropped = drop_if_ended(future, &polled);
            *slot = poll_state::leave_outermost();
            (polled, dropped)
        }
        Some(record) => poll_nested(future, record, slot, cx),
    };
    let record = slot.as_ref()?;
    let ended = match polled {
        Ok(Poll::Pending) => {
            record.register(cx);
            record.count_poll();
            // Whoever cancels now finds the waker; whoever did before is seen here.
            if record.is_plain() {
                return Some(Poll::Pending);
            }
            return stay_pending(record, cx).then_some(Poll::Pending);
        }
        Ok(Poll::Ready(output)) => Ended::Completed(output),
        Err(payload) => Ended::Panicked(payload),
    };
    record.count_poll();
    if record.has_root() {
        leave_root(record);
    }
    Some(Poll::Ready(match dropped {
        Ok(()) => ended,
        Err(payload) => {
            drop_quietly(ended);
            Ended::Panicked(payload)
        }
    }))
}

/// Returns the record if a poll has nothing to look at but context variables, which are noted, or a call of
/// `start` that is pending; puts it back otherwise.
#[cold]
fn take_nearly_plain(record: TaskRecord, slot: &mut Option<TaskRecord>) -> Option<TaskRecord> {
    if record.has_root() || record.cancel_state() != CancelState::No {
        *slot = Some(record);
        return None;
    }
    if record.has_context() {
        poll_state::note_contexts();
    }
    Some(record)
}

/// Polls a task on a thread that is polling something already.
#[cold]
fn poll_nested<F: Future>(
    mut future: Pin<&mut Option<F>>,
    record: TaskRecord,
    slot: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> (Attempt<F::Output>, Result<(), Payload>) {
    let serial = record.id();
    let outside = poll_state::enter_task(record, serial, false);
    let since = outside.since;
    let polled = poll_future(future.as_mut(), cx);
    let node = poll_state::close_frame(since);
    let dropped = drop_if_ended(future, &polled);
    let wait;
    (*slot, wait) = poll_state::leave_task(outside);
    if let Some(record) = slot {
        record.set_wait(wait);
        if let Some(node) = node {
            record.set_root(node);
        }
    }
    (polled, dropped)
}

/// Drops the future after its last poll, before the task is left, so that destructors find it.
#[inline(always)]
fn drop_if_ended<F, T>(future: Pin<&mut Option<F>>, polled: &Attempt<T>) -> Result<(), Payload> {
    match polled {
        Ok(Poll::Pending) => Ok(()),
        _ => drop_future(future),
    }
}

/// Registers the node that the task's frame has got in this poll. Returns whether the task may stay
/// pending: it is not cancelled.
#[cold]
fn stay_pending(record: &TaskRecord, cx: &Context<'_>) -> bool {
    if let Some(node) = record.root() {
        node.register(cx);
    }
    record.cancel_state() == CancelState::No
}

/// Lets the node of a task that has ended leave the tree: what was moved out of the task is woken, to
/// link itself where it is now.
#[cold]
fn leave_root(record: &TaskRecord) {
    if let Some(node) = record.root() {
        node.leave();
    }
}

#[inline(always)]
fn poll_future<F: Future>(future: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Attempt<F::Output> {
    catch_unwind(AssertUnwindSafe(|| {
        let future = future.as_pin_mut();
        future.expect("it is there until it has ended").poll(cx)
    }))
}

/// Drops a task's future in the task; a destructor that panics counts as the task's panic.
pub(crate) fn drop_root<F>(
    future: Pin<&mut Option<F>>,
    record: &mut Option<TaskRecord>,
) -> Result<(), Payload> {
    poll_state::in_task(record, || drop_future(future))
}

/// Drops the future of a task that has been entered; a destructor that panics counts as the task's panic.
#[inline]
fn drop_future<F>(mut future: Pin<&mut Option<F>>) -> Result<(), Payload> {
    if !mem::needs_drop::<F>() {
        return Ok(());
    }
    catch_unwind(AssertUnwindSafe(|| {
        poll_state::outside(|| future.set(None));
    }))
}

/// Polls a task.
#[inline]
pub(crate) fn poll_root<F: Future>(
    mut future: Pin<&mut Option<F>>,
    record: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
    if let Some(polled) = poll_plainly(future.as_mut(), record, cx) {
        return polled;
    }
    poll_framed(future, record, cx)
}

/// Polls a task in its frame, again and again until nothing has changed meanwhile.
#[cold]
fn poll_framed<F: Future>(
    mut future: Pin<&mut Option<F>>,
    slot: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
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
            future: future.as_mut(),
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
                // Whoever cancels now finds the waker; whoever did before is seen here.
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

/// The task is gone: tells everybody who is to know, and counts it out.
fn finish<O, D: OutcomeSink<O>>(record: TaskRecord, deliver: &mut D, outcome: Ended<O>) {
    // A value of the user's, an error or a result, may be dropped in here, and may panic.
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
    record.group().leave();
}

/// Notes that delivering an outcome panicked.
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match poll_root(this.future, this.record, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(outcome) => {
                if let Some(record) = this.record.take() {
                    finish(record, this.deliver, outcome);
                }
                Poll::Ready(())
            }
        }
    }
}

/// The runtime drops the task before its end, or never ran it.
#[pinned_drop]
impl<F: Future, D: OutcomeSink<F::Output>> PinnedDrop for TaskFuture<F, D> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if this.record.is_some() {
            drop_before_end(this.future, this.record, this.deliver);
        }
    }
}

#[cold]
fn drop_before_end<F: Future, D: OutcomeSink<F::Output>>(
    future: Pin<&mut Option<F>>,
    slot: &mut Option<TaskRecord>,
    deliver: &mut D,
) {
    let outcome = match drop_root(future, slot) {
        Ok(()) => Ended::Cancelled,
        Err(payload) => Ended::Panicked(payload),
    };
    let Some(record) = slot.take() else { return };
    if let Some(root) = record.root() {
        root.leave();
    }
    finish(record, deliver, outcome);
}
