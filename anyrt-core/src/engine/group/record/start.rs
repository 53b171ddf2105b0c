//! `start`: one word decides under whose scopes the task lives.

use super::{CALLER_CANCELLED, Caller, Record, STARTING};
use crate::engine::poll_state;
use crate::loom::lock;

impl Record {
    /// Returns whether the task lives under the scopes of its starter.
    pub(crate) fn is_starting(&self) -> bool {
        self.has(STARTING)
    }

    /// Moves the task into its group, since it is ready. Returns false if its caller was cancelled before.
    pub(crate) fn move_to_group(&self) -> bool {
        self.callers_cancel_state();
        let moved = self.change(|live, state| {
            if state & CALLER_CANCELLED != 0 {
                return (state, None);
            }
            let caller = live.more.as_mut().and_then(|more| more.caller.take());
            (state & !STARTING, Some(caller))
        });
        poll_state::mark_dirty();
        moved.is_some()
    }

    /// Sets the caller of `start`.
    pub(crate) fn set_caller(&self, caller: Caller) {
        let old = self.more(|more| more.caller.replace(caller));
        drop(old);
    }

    /// Returns the caller of `start`, while the call is pending.
    pub(crate) fn caller(&self) -> Option<Caller> {
        lock(&self.live).more.as_ref()?.caller.clone()
    }

    /// Cancels the task because the caller of `start` is cancelled or gone. Has no effect if the task is
    /// ready.
    pub(crate) fn cancel_with_caller(&self) {
        self.callers_cancel_state();
        let before = self.note_caller(CALLER_CANCELLED);
        poll_state::mark_dirty();
        if before.is_some() {
            self.wake();
        }
    }
}
