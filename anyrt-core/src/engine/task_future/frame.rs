//! A poll of a task with the steps of a frame.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::clock::Clock;
use crate::engine::poll_state::{CANCELLED, Saved, Surroundings};
use crate::engine::{
    CancelState, Ended, FramePolicy, FutureSlot, Node, Polled, RawFrame, TaskRecord, Wait,
    poll_state,
};
use crate::loom::Arc;

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
pub(super) fn poll_in_frame<S: FutureSlot>(
    mut root: Pin<&mut S>,
    slot: &mut Option<TaskRecord>,
    cx: &mut Context<'_>,
) -> Poll<Ended<<S::Future as Future>::Output>> {
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
            Polled::Interrupted => Ended::Interrupted,
            Polled::Pending => {
                record.set_wait(wait);
                record.register(cx);
                record.count_poll();
                // A later cancellation finds the waker; an earlier one is seen here.
                let own = record.cancel_state();
                let told = node
                    .as_ref()
                    .is_some_and(|node| node.was_propagated() && node.is_held());
                if let Some(node) = node {
                    if !known {
                        record.set_root(node);
                    }
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
