//! The start of every operation (rules C4 and C11).
//!
//! Used by each named operation of the other rooms, in its first polls.

use std::task::{Context, Poll};

use crate::engine::{Wait, poll_state};

/// Whether an operation has started.
///
/// An operation polls [`begin`](Operation::begin) first. While that is pending it has had no
/// effect; once it is ready the operation has started, and cancellation is no longer its concern.
#[derive(Debug, Default)]
pub(crate) enum Operation {
    #[default]
    New,
    /// It was refused; the number stands for its waker where that is kept.
    Refused(u64),
    Started,
}

impl Operation {
    #[inline]
    pub(crate) fn begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self, Operation::Started) {
            if !poll_state::may_start() {
                return self.begin_slowly(cx);
            }
            *self = Operation::Started;
        }
        Poll::Ready(())
    }

    /// Something stands in the way, or may: a cancellation, or that the budget is used up.
    #[cold]
    fn begin_slowly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if poll_state::effectively_cancelled() {
            self.refuse(cx);
            return Poll::Pending;
        }
        if !poll_state::take_budget() {
            poll_state::waits_for(Wait::Turn);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        *self = Operation::Started;
        Poll::Ready(())
    }

    pub(crate) fn has_started(&self) -> bool {
        matches!(self, Operation::Started)
    }

    #[cold]
    pub(crate) fn refuse(&mut self, cx: &mut Context<'_>) {
        let id = match *self {
            Operation::Refused(id) => id,
            _ => poll_state::next_serial(),
        };
        *self = Operation::Refused(id);
        poll_state::refuse_as(id, cx);
    }
}
