//! The future of a started child, and its output.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::super::super::output::{Outcome, TaskOutput};
use super::shared::{Shared, StartStep};
use crate::loom::Arc;

/// The output of a started child, as its group sees it.
pub(in super::super) enum ChildOutput<T, E> {
    Own(Outcome<T, E>),
    /// The failure came before the child was ready, and was passed to the starter.
    Reported,
}

impl<T, E> TaskOutput<E> for ChildOutput<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        unreachable!("groups ask for the outcome")
    }

    fn into_outcome(self) -> Outcome<T, E> {
        match self {
            ChildOutput::Own(outcome) => outcome,
            ChildOutput::Reported => Outcome::Reported,
        }
    }
}

/// A guard that reports to the starter that the child is gone; dropped last.
pub(super) struct Gone<V, E>(pub(super) Arc<Shared<V, E>>);

impl<V, E> Drop for Gone<V, E> {
    fn drop(&mut self) {
        self.0.end(StartStep::Dropped);
    }
}

/// The future of the child. Outcomes before it is ready are passed to the starter instead of the group.
#[pin_project]
pub(in super::super) struct Child<V, E, Fut> {
    #[pin]
    pub(super) future: Option<Fut>,
    /// Declared after the future, so that it is dropped after it.
    pub(super) gone: Gone<V, E>,
}

impl<V, E, Fut> Future for Child<V, E, Fut>
where
    Fut: Future,
    Fut::Output: TaskOutput<E>,
{
    type Output = ChildOutput<<Fut::Output as TaskOutput<E>>::Value, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = &this.gone.0;
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a child that has ended is not polled again");
        let polled = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        this.future.set(None);
        Poll::Ready(match polled {
            Err(payload) => match shared.end(StartStep::Panicked(payload)) {
                Some(StartStep::Panicked(payload)) => resume_unwind(payload),
                _ => ChildOutput::Reported,
            },
            Ok(output) => match output.into_outcome() {
                Outcome::Error(error) => match shared.end(StartStep::Failed(error)) {
                    Some(StartStep::Failed(error)) => ChildOutput::Own(Outcome::Error(error)),
                    _ => ChildOutput::Reported,
                },
                outcome => {
                    shared.end(StartStep::NotStarted);
                    ChildOutput::Own(outcome)
                }
            },
        })
    }
}
