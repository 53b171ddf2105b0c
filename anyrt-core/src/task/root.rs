//! The outermost frame of a task.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

use super::output::Ended;
use super::record::{End, TaskRecord};
use crate::cancel::{Cause, Frame, Node, Own, Payload, Place, Polled, drop_quietly};
use crate::context::{self, CANCELLED, Surroundings};
use crate::loom::Arc;

/// Where a task's outcome goes. Called once, after the task's future has been dropped.
pub(crate) trait Deliver<O> {
    /// The value is kept if it is `wanted`.
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>, wanted: bool);
}

/// The outcome goes to the record's own tail.
pub(crate) struct ToTail;

impl<O: 'static> Deliver<O> for ToTail {
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>, wanted: bool) {
        record
            .tail
            .deliver(&record.core, &mut Some(outcome) as &mut dyn Any, wanted);
    }
}

/// A task: its future, and what goes with each poll of it.
///
/// The record is moved into the thread's context for the poll and back afterwards, which costs
/// no reference count.
#[pin_project(PinnedDrop)]
pub(crate) struct Root<F: Future, D: Deliver<F::Output>> {
    #[pin]
    frame: Frame<F>,
    record: Option<Arc<TaskRecord>>,
    deliver: D,
}

impl<F: Future, D: Deliver<F::Output>> Root<F, D> {
    pub(crate) fn new(future: F, record: Arc<TaskRecord>, deliver: D) -> Root<F, D> {
        Root {
            frame: Frame::new(future),
            record: Some(record),
            deliver,
        }
    }
}

struct RootPlace<'a> {
    record: &'a mut Option<Arc<TaskRecord>>,
    outer: Option<Arc<TaskRecord>>,
    tag: u8,
    root: u32,
}

impl Place for RootPlace<'_> {
    const CATCHES: bool = true;
    const CATCHES_PANICS: bool = true;
    const REPORTS: bool = false;

    #[inline]
    fn is_shielded(&self, _node: Option<&Arc<Node>>) -> bool {
        true
    }

    #[inline]
    fn own(&self, _node: Option<&Arc<Node>>) -> Own {
        match &*self.record {
            Some(record) => record.own(),
            None => Own::No,
        }
    }

    #[inline]
    fn enter(&mut self, inner: Surroundings, _node: &mut Option<Arc<Node>>) -> Surroundings {
        self.outer = context::replace_task(mem::take(self.record));
        // The flag of the frame's own cancellation came as a local one; it is the record's.
        self.root = context::enter_task(inner.serial, self.tag, inner.has(CANCELLED));
        context::surroundings()
    }

    #[inline]
    fn leave(&mut self, _node: &mut Option<Arc<Node>>) {
        context::leave_task(context::surroundings(), self.root);
        *self.record = context::replace_task(self.outer.take());
    }
}

/// Polls a task once without the frame's machinery, in a straight line; none where that does not
/// do, because the task is cancelled, or because something in it has reported.
///
/// This is what almost every poll of almost every task is.
#[inline]
fn poll_plainly<F: Future>(
    mut frame: Pin<&mut Frame<F>>,
    slot: &mut Option<Arc<TaskRecord>>,
    cx: &mut Context<'_>,
) -> Option<Poll<Ended<F::Output>>> {
    let record = slot.as_ref()?;
    let (future, serial) = frame.as_mut().without_node()?;
    if record.own() != Own::No {
        return None;
    }
    let tag = record.core.tag;
    record.core.count_poll();
    let outer = context::surroundings();
    let mark = context::mail();
    let outer_wait = context::take_wait();
    if !outer.inside() {
        context::fill_budget();
    }
    let outer_task = context::replace_task(slot.take());
    let root = context::enter_task(serial, tag, false);
    let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
    context::leave_task(outer, root);
    *slot = context::replace_task(outer_task);
    let wait = context::replace_wait(outer_wait);
    let record = slot.as_ref()?;
    let ended = match polled {
        Ok(Poll::Pending) => {
            let reported = context::mail() > mark;
            if reported {
                frame.adopt_mail(mark, false);
            }
            record.core.set_wait(wait);
            record.core.register(cx);
            record.core.count_poll();
            // Whoever cancels now finds the waker; whoever did before is seen here.
            let plain = !reported && record.own() == Own::No;
            return plain.then_some(Poll::Pending);
        }
        Ok(Poll::Ready(output)) => Ended::Completed(output),
        Err(payload) => Ended::Panicked(payload),
    };
    record.core.count_poll();
    if context::mail() > mark {
        frame.as_mut().adopt_mail(mark, true);
    }
    Some(Poll::Ready(match drop_future(frame) {
        Ok(()) => ended,
        Err(payload) => {
            drop_quietly(ended);
            Ended::Panicked(payload)
        }
    }))
}

/// Drops a task's future; a destructor that panics counts as the task's panic.
#[inline]
fn drop_future<F>(frame: Pin<&mut Frame<F>>) -> Result<(), Payload> {
    if !mem::needs_drop::<F>() {
        return Ok(());
    }
    catch_unwind(AssertUnwindSafe(|| context::outside(|| frame.clear())))
}

/// Polls a task.
#[inline]
pub(crate) fn poll_root<F: Future>(
    mut frame: Pin<&mut Frame<F>>,
    record: &mut Option<Arc<TaskRecord>>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
    if record
        .as_ref()
        .is_some_and(|record| record.core.has_context())
    {
        context::note_contexts();
    }
    if let Some(polled) = poll_plainly(frame.as_mut(), record, cx) {
        return polled;
    }
    poll_framed(frame, record, cx)
}

/// Polls a task in its frame, again and again until nothing has changed meanwhile.
#[cold]
fn poll_framed<F: Future>(
    mut frame: Pin<&mut Frame<F>>,
    record: &mut Option<Arc<TaskRecord>>,
    cx: &mut Context<'_>,
) -> Poll<Ended<F::Output>> {
    let Some(tag) = record.as_ref().map(|record| record.core.tag) else {
        return Poll::Pending;
    };
    let nested = context::surroundings().inside();
    let outer_wait = context::take_wait();
    if !nested {
        context::fill_budget();
    }
    loop {
        if let Some(record) = &*record {
            record.core.count_poll();
        }
        let polled = frame.as_mut().poll(
            cx,
            &mut RootPlace {
                record,
                outer: None,
                tag,
                root: 0,
            },
        );
        let wait = context::take_wait();
        let Some(record) = &*record else {
            return Poll::Pending;
        };
        let ended = match polled {
            Polled::Ready(value) => Ended::Completed(value),
            Polled::Panicked(payload) => Ended::Panicked(payload),
            Polled::Interrupted => Ended::Cancelled,
            Polled::Pending => {
                record.core.set_wait(wait);
                if let Some(node) = frame.node()
                    && !node.is_listed()
                {
                    node.set_listed();
                    record.core.set_root(node);
                }
                record.core.register(cx);
                record.core.count_poll();
                // Whoever cancels now finds the waker; whoever did before is seen here.
                let own = record.own();
                let told = own == Own::Cancelled
                    && frame
                        .node()
                        .is_some_and(|node| node.was_told() && node.is_held());
                if own == Own::No || told {
                    context::waits_for(outer_wait);
                    return Poll::Pending;
                }
                continue;
            }
        };
        record.core.count_poll();
        context::waits_for(outer_wait);
        return Poll::Ready(ended);
    }
}

/// The task is gone: tells everybody who is to know, and counts it out.
fn finish<O, D: Deliver<O>>(record: Arc<TaskRecord>, deliver: &mut D, outcome: Ended<O>) {
    // Without a handle the value is dropped here, inside the group. The list and this are left.
    let wanted = Arc::strong_count(&record) > 2;
    // A value of the user's, an error or a result, may be dropped in here, and may panic.
    let delivered = catch_unwind(AssertUnwindSafe(|| {
        if context::surroundings().inside() {
            context::outside(|| deliver.deliver(&record, outcome, wanted));
        } else {
            deliver.deliver(&record, outcome, wanted);
        }
    }));
    leave(record, delivered.err());
}

fn leave(record: Arc<TaskRecord>, panic: Option<Payload>) {
    let group = record.tail.group();
    if let Some(payload) = panic {
        group.take_panic(payload, Cause::ChildFailed, Some(&record.core.name()));
    }
    if record.core.end().is_none() {
        record.core.finish(End::Failed);
    }
    group.remove(&record.core);
    group.leave();
}

impl<F: Future, D: Deliver<F::Output>> Future for Root<F, D> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match poll_root(this.frame, this.record, cx) {
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
impl<F: Future, D: Deliver<F::Output>> PinnedDrop for Root<F, D> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(record) = this.record.take() {
            let outcome = match drop_future(this.frame) {
                Ok(()) => Ended::Cancelled,
                Err(payload) => Ended::Panicked(payload),
            };
            finish(record, this.deliver, outcome);
        }
    }
}
