//! The failures of a group: its panic, and whether children were interrupted.

use crate::engine::{Cancelled, Cause, GroupState, Run};
use crate::loom::atomic::Ordering;
use crate::loom::lock;
use crate::unwind::{Payload, drop_quietly};

impl GroupState {
    /// Handles a panic of a child or the body: the first one continues in the host, others are dropped.
    pub(crate) fn take_panic(&self, payload: Payload, cause: Cause, by: Option<&str>) {
        let mut slot = lock(&self.panic);
        let surplus = if slot.is_none() {
            *slot = Some(payload);
            None
        } else {
            Some(payload)
        };
        drop(slot);
        drop_quietly(surplus);
        self.cancel(Cancelled::with(cause, None, by.map(str::to_owned)));
    }

    pub(crate) fn panic(&self) -> Option<Payload> {
        lock(&self.panic).take()
    }

    /// Passes a panic that is not handled here to the group around, or to the run.
    pub(crate) fn pass_on_panic(&self) {
        let Some(payload) = self.panic() else { return };
        match self.around_it() {
            Some(around) => around.take_panic(payload, Cause::ChildFailed, None),
            None => Run::unhandled_panic(self.run.as_deref(), payload),
        }
    }

    /// Notes that a child was interrupted that was not cancelled by itself.
    pub(crate) fn note_interrupted(&self) {
        if self.node.is_inherited() {
            self.cut_short.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether children were interrupted because something around the group was cancelled.
    pub(crate) fn was_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Relaxed)
    }
}
