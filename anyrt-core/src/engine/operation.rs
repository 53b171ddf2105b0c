//! The start of every operation (rules C4 and C11).
//!
//! Used by each named operation of the other rooms, in its first polls.

use std::task::{Context, Poll};

use crate::engine::node::Refusal;
use crate::engine::{Wait, poll_state};

/// Whether an operation has started.
///
/// An operation polls [`begin`](Operation::begin) first. While that is pending it has had no
/// effect; once it is ready the operation has started, and cancellation is no longer its concern.
#[derive(Debug, Default)]
pub(crate) enum Operation {
    #[default]
    New,
    /// It was refused, and its waker is kept by the frame that is cancelled.
    Refused(Box<Refusal>),
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
        let keeper = poll_state::keeper_of_refused();
        match (&*self, keeper) {
            (Operation::Refused(refusal), Some(keeper)) if refusal.is_in(&keeper) => {
                refusal.update(cx.waker());
            }
            (_, Some(keeper)) => {
                *self = Operation::Refused(Box::new(Refusal::new(keeper, cx.waker())));
            }
            (_, None) => *self = Operation::New,
        }
    }
}
