//! The cancellation of a task, alone or with the caller of `start`.

use super::{CALLER_ABORTED, CALLER_CANCELLED, CANCELLED, ENDED, Record, STARTING};
use crate::engine::{CancelState, Cancelled, poll_state};
use crate::loom::atomic::Ordering;
use crate::loom::lock;

impl Record {
    /// Cancels this task alone. Has no effect if it has ended.
    pub(crate) fn cancel(&self, cause: Cancelled) {
        if self.has(ENDED) {
            return;
        }
        let old = self.change(|live, state| {
            let more = live.more.get_or_insert_default();
            more.cause.get_or_insert(cause);
            (state | CANCELLED, state)
        });
        poll_state::mark_dirty();
        if old & CANCELLED == 0 {
            self.wake();
        }
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.live).more.as_ref()?.cause.clone()
    }

    /// Returns the cancellation of the task as a whole. `group` is the cancellation of its group.
    #[inline]
    pub(in crate::engine::group) fn cancel_state_in(&self, group: CancelState) -> CancelState {
        let state = self.state.load(Ordering::SeqCst);
        if state & (CANCELLED | STARTING) == 0 {
            return group;
        }
        let own = if state & CANCELLED != 0 {
            CancelState::Cancelled
        } else {
            CancelState::No
        };
        match group {
            _ if state & STARTING == 0 => own.max(group),
            CancelState::Aborted => CancelState::Aborted,
            _ => own.max(self.callers_cancel_state()),
        }
    }

    /// Notes that the caller is cancelled or aborted, if the task is still starting; this is final. Returns
    /// the state before that, or `None` if the task is ready.
    pub(in crate::engine::group) fn note_caller(&self, bits: u16) -> Option<u16> {
        self.change(|_, state| {
            if state & STARTING != 0 {
                (state | bits, Some(state))
            } else {
                (state, None)
            }
        })
    }

    pub(in crate::engine::group) fn noted_of_caller(&self) -> CancelState {
        let state = self.state.load(Ordering::SeqCst);
        if state & CALLER_ABORTED != 0 {
            CancelState::Aborted
        } else if state & CALLER_CANCELLED != 0 {
            CancelState::Cancelled
        } else {
            CancelState::No
        }
    }

    pub(crate) fn is_cancelling(&self) -> bool {
        self.has(CANCELLED)
    }
}
