//! The start of every operation, and the end of fallible ones (rules C4 and C11).
//!
//! Used by the operations of the other modules. An operation that can only be granted something, such as a
//! lock, begins with [`Operation::begin`]. An operation with a [`Result`] also checks how it ends: a success
//! is delivered. An error is a *state* (an end of stream, a closed handle, a reset). It is not reported once
//! the operation is cancelled, because something that was cancelled with the operation may have caused it.
//! There are three ways to do so:
//!
//! | form of the operation | use |
//! | --- | --- |
//! | a named future | [`FallibleOperation`], which keeps the state |
//! | a named future that finds the same state again in every later poll | [`Operation::interrupts`] |
//! | an async function | [`deliver`], at its end |
//!
//! ```text
//!           begin: cancelled            begin: not cancelled
//!   ┌─────┐ ──────────────▶ ┌─────────┐ ──────────────────▶ ┌─────────┐
//!   │ New │                 │ Refused │                     │ Started │
//!   └─────┘                 └─────────┘ ◀────────────────── └─────────┘
//!      │                                 interrupts            ▲
//!      └───────────────────────────────────────────────────────┘ begin
//! ```

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::engine::node::Refusal;
use crate::engine::poll_state;

/// The progress of an operation.
///
/// An operation polls [`begin`](Operation::begin) first. While that is pending, the operation has had no
/// effect. Once it is ready, the operation has started, and cancellation no longer concerns it.
#[derive(Debug, Default)]
pub(crate) enum Operation {
    #[default]
    New,
    /// The operation was refused, and the cancelled frame keeps its waker.
    Refused(Box<Refusal>),
    Started,
}

impl Operation {
    /// Starts the operation, unless it is cancelled or the budget is used up.
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

    /// Starts the operation if a cancellation or a used-up budget may prevent it, or a hook observes it.
    #[cold]
    fn begin_slowly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if poll_state::effectively_cancelled() {
            self.refuse(cx);
            return Poll::Pending;
        }
        if !poll_state::take_budget() {
            poll_state::yield_turn(cx.waker());
            return Poll::Pending;
        }
        if poll_state::is_observed() {
            // The hook may cancel a scope around the operation.
            poll_state::call_hook();
            if poll_state::effectively_cancelled() {
                self.refuse(cx);
                return Poll::Pending;
            }
        }
        *self = Operation::Started;
        Poll::Ready(())
    }

    /// Returns whether the operation, which has found a state and not been granted anything, is cancelled as
    /// of now. If so, it is refused from here on, and has to return pending.
    #[cold]
    pub(crate) fn interrupts(&mut self, cx: &mut Context<'_>) -> bool {
        // Evaluates the nodes: this poll may have begun before the cancellation, on another thread.
        let cancelled = poll_state::evaluate().cancelled;
        if cancelled {
            self.refuse(cx);
        }
        cancelled
    }

    pub(crate) fn has_started(&self) -> bool {
        matches!(self, Operation::Started)
    }

    /// Leaves the waker in the innermost frame that is cancelled, or wakes the task if there is none yet.
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
            // The future may be polled elsewhere next, not in the task that is polled again.
            (_, None) => {
                *self = Operation::New;
                cx.waker().wake_by_ref();
            }
        }
    }
}

/// An operation that may end with a state.
pub(crate) struct FallibleOperation<E> {
    operation: Operation,
    /// A state that was found after the cancellation, for an operation that outlives the scope.
    state: Option<E>,
}

impl<E> FallibleOperation<E> {
    pub(crate) const fn new() -> FallibleOperation<E> {
        FallibleOperation {
            operation: Operation::New,
            state: None,
        }
    }

    /// Starts the operation unless it is cancelled, and polls it with `poll`, which is not called again after
    /// it was ready.
    #[inline]
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
    ) -> Poll<Result<T, E>> {
        ready!(self.operation.begin(cx));
        let outcome = match self.state.take() {
            None => poll(cx),
            Some(state) => Poll::Ready(Err(state)),
        };
        match outcome {
            Poll::Ready(Err(state)) if self.operation.interrupts(cx) => {
                self.state = Some(state);
                Poll::Pending
            }
            outcome => outcome,
        }
    }
}

impl<E> fmt::Debug for FallibleOperation<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation.fmt(f)
    }
}

/// Delivers the outcome of an async function at its end.
#[inline]
pub(crate) async fn deliver<T, E>(outcome: Result<T, E>) -> Result<T, E> {
    match outcome {
        Ok(granted) => Ok(granted),
        Err(state) => {
            let mut operation = FallibleOperation {
                operation: Operation::Started,
                state: Some(state),
            };
            poll_fn(|cx| operation.poll(cx, |_| Poll::Pending)).await
        }
    }
}
