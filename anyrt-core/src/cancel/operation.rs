//! What every operation begins with (rules C4 and C11), and the operations that do nothing else.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context;
use crate::task::Wait;

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
            if !context::may_start() {
                return self.begin_slowly(cx);
            }
            *self = Operation::Started;
        }
        Poll::Ready(())
    }

    /// Something stands in the way, or may: a cancellation, or that the budget is used up.
    #[cold]
    fn begin_slowly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if context::effectively_cancelled() {
            self.refuse(cx);
            return Poll::Pending;
        }
        if !context::take_budget() {
            context::waits_for(Wait::Turn);
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
    fn refuse(&mut self, cx: &mut Context<'_>) {
        let id = match *self {
            Operation::Refused(id) => id,
            _ => context::next_serial(),
        };
        *self = Operation::Refused(id);
        context::refuse_as(id, cx);
    }
}

/// Lets other tasks run, and observes cancellation (rule C11).
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn checkpoint() -> Checkpoint {
    Checkpoint {
        observes: true,
        yields: true,
        operation: Operation::New,
        yielded: false,
    }
}

/// Observes cancellation without giving up the turn.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn checkpoint_if_cancelled() -> Checkpoint {
    Checkpoint {
        observes: true,
        yields: false,
        operation: Operation::New,
        yielded: false,
    }
}

/// Lets other tasks run, whether or not the scopes around are cancelled.
///
/// It yields once, and is then over; a cancelled scope around it may drop it while it does,
/// unless there is a [`shield`](super::shield).
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn cancel_shielded_checkpoint() -> super::Shield<Checkpoint> {
    super::shield(Checkpoint {
        observes: false,
        yields: true,
        operation: Operation::New,
        yielded: false,
    })
}

/// The future of [`checkpoint`] and its halves.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct Checkpoint {
    observes: bool,
    yields: bool,
    operation: Operation,
    yielded: bool,
}

impl Future for Checkpoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.observes && context::effectively_cancelled() {
            self.operation.refuse(cx);
            return Poll::Pending;
        }
        if self.yielded || !self.yields {
            return Poll::Ready(());
        }
        self.yielded = true;
        context::fill_budget();
        context::waits_for(Wait::Turn);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
