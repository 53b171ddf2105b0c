//! The set of branches on which all combinators here are built.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};
use pin_project::pin_project;

use crate::engine::{CancelState, Ended, Frame, FramePolicy, Node, Polled, poll_state};
use crate::loom::Arc;
use crate::unwind::{Payload, drop_quietly};
use crate::wake::WakerSlot;

/// Futures that are polled in place, each in its own frame, so that the others can be cancelled, and waited
/// for, when one of them decides the outcome.
pub(crate) struct Branches<F: Future> {
    set: FuturesUnordered<Branch<F>>,
    cancelled: bool,
    /// The first panic. It continues after all branches have ended.
    panic: Option<Payload>,
}

/// The reaction to an output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Wait,
    CancelRest,
}

impl<F: Future> Branches<F> {
    pub(crate) fn new() -> Branches<F> {
        Branches {
            set: FuturesUnordered::new(),
            cancelled: false,
            panic: None,
        }
    }

    pub(crate) fn push(&mut self, index: usize, future: F) {
        let own = self.cancelled;
        self.set.push(Branch {
            frame: Frame::new(future),
            index,
            own,
            cleans_up: false,
            waker: WakerSlot::new(),
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Interrupts every branch that is still running.
    fn cancel(&mut self) {
        self.cancelled = true;
        for branch in Pin::new(&mut self.set).iter_pin_mut() {
            let branch = branch.project();
            *branch.own = true;
            if let Some(waker) = branch.waker.take() {
                waker.wake();
            }
        }
    }

    /// Cancels the rest because of a panic.
    pub(super) fn give_up(&mut self, payload: Payload) {
        if self.panic.is_none() {
            self.panic = Some(payload);
        } else {
            drop_quietly(payload);
        }
        self.cancel();
    }

    /// Returns the index and the output of the next branch that completes, or `None` after the last.
    ///
    /// After a panic the rest is cancelled, and the panic continues at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        // Ends: each repetition removes a branch from the set.
        loop {
            let set = Pin::new(&mut self.set);
            match poll_state::polling_branches(cx.waker(), || set.poll_next(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => match self.panic.take() {
                    Some(payload) => std::panic::resume_unwind(payload),
                    None => return Poll::Ready(None),
                },
                Poll::Ready(Some((_, Ended::Interrupted))) => {}
                Poll::Ready(Some((_, Ended::Panicked(payload)))) => self.give_up(payload),
                Poll::Ready(Some((index, Ended::Completed(output)))) => {
                    return Poll::Ready(Some((index, output)));
                }
            }
        }
    }

    /// Polls until one more branch has ended. `event` decides whether the rest is cancelled. Returns ready if
    /// all have ended, and pending otherwise, with or without an event.
    pub(crate) fn drive_some(
        &mut self,
        cx: &mut Context<'_>,
        event: impl FnOnce(usize, F::Output) -> Next,
    ) -> Poll<()> {
        match self.poll_next(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(()),
            Poll::Ready(Some((index, output))) => {
                if event(index, output) == Next::CancelRest && !self.cancelled {
                    self.cancel();
                }
                Poll::Pending
            }
        }
    }

    /// Polls until all have ended, or none makes progress. `event` decides whether the rest is cancelled.
    pub(crate) fn drive(
        &mut self,
        cx: &mut Context<'_>,
        mut event: impl FnMut(usize, F::Output) -> Next,
    ) -> Poll<()> {
        // Ends: each repetition has an output of one more branch.
        loop {
            let mut ended = false;
            let driven = self.drive_some(cx, |index, output| {
                ended = true;
                event(index, output)
            });
            if driven.is_ready() || !ended {
                return driven;
            }
        }
    }
}

impl<F: Future> fmt::Debug for Branches<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Branches")
            .field("running", &self.set.len())
            .field("cancelled", &self.cancelled)
            .finish_non_exhaustive()
    }
}

#[pin_project]
struct Branch<F> {
    #[pin]
    frame: Frame<F>,
    index: usize,
    own: bool,
    /// It held when it was cancelled.
    cleans_up: bool,
    waker: WakerSlot,
}

/// The policy of a branch's frame. The combinator sets `own` when another branch has decided the outcome.
struct BranchPolicy {
    own: bool,
}

impl FramePolicy for BranchPolicy {
    const CATCHES: bool = false;
    const CATCHES_PANICS: bool = true;

    #[inline]
    fn cancel_state(&self, _node: Option<&Arc<Node>>) -> CancelState {
        if self.own {
            CancelState::Cancelled
        } else {
            CancelState::No
        }
    }
}

impl<F: Future> Future for Branch<F> {
    type Output = (usize, Ended<F::Output>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // A losing branch that holds nothing is not polled once more: it would be granted something that is
        // then dropped. A branch that did hold is polled, since it may have an error to deliver.
        let mut policy = BranchPolicy { own: *this.own };
        let loses = match *this.own && !*this.cleans_up {
            true => this.frame.as_mut().interrupt_unless_held(&mut policy),
            false => None,
        };
        *this.cleans_up = *this.own;
        let waker = cx.waker();
        let polled = loses.unwrap_or_else(|| {
            poll_state::polling_branch(waker, || this.frame.poll(cx, &mut policy))
        });
        let ended = match polled {
            Polled::Pending => {
                this.waker.set(cx.waker());
                return Poll::Pending;
            }
            Polled::Ready(output) => Ended::Completed(output),
            Polled::Interrupted => Ended::Interrupted,
            Polled::Panicked(payload) => Ended::Panicked(payload),
        };
        Poll::Ready((*this.index, ended))
    }
}
