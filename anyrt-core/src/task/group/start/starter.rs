//! The side of a start that waits until the child is ready.

use std::any::type_name;
use std::panic::resume_unwind;
use std::task::{Context, Poll};

use super::shared::{Shared, StartStep};
use crate::engine::{
    Cancelled, Cause, GroupState, Hold, Run, TaskRecord, Unhandled, Wait, poll_state,
};
use crate::error::StartError;
use crate::loom::{Arc, lock};

/// The starter's side. If it is dropped before the child is ready, the child is cancelled.
pub(super) struct Starter<V, E> {
    pub(super) shared: Arc<Shared<V, E>>,
    /// `None` before the child is spawned.
    pub(super) record: Option<TaskRecord>,
    pub(super) group: Arc<GroupState>,
    pub(super) hold: Hold,
}

impl<V, E> Starter<V, E> {
    /// Waits for the step that ends the wait, and returns its outcome.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<V, StartError<E>>> {
        let mut state = lock(&self.shared.state);
        let step = match std::mem::replace(&mut state.step, StartStep::Apart) {
            StartStep::Waiting => {
                state.step = StartStep::Waiting;
                let old = state.waker.replace(cx.waker().clone());
                drop(state);
                drop(old);
                if poll_state::effectively_cancelled() {
                    self.cancel_child();
                }
                poll_state::waits_for(Wait::Start);
                self.hold.set_deadline(poll_state::plain_deadline());
                self.hold.keep(cx);
                return Poll::Pending;
            }
            step => step,
        };
        drop(state);
        self.hold.release();
        Poll::Ready(match step {
            StartStep::Ready(value) | StartStep::Early(value) => Ok(value),
            StartStep::Failed(error) => Err(StartError::Failed(Box::new(error))),
            StartStep::Panicked(payload) => resume_unwind(payload),
            // The child was cancelled with this call, and nothing is left to wait for.
            _ if self.was_interrupted() => {
                lock(&self.shared.state).step = StartStep::Dropped;
                poll_state::refuse(cx);
                return Poll::Pending;
            }
            StartStep::NotStarted => Err(StartError::NotStarted),
            StartStep::Waiting | StartStep::Apart | StartStep::Dropped => {
                let cause = self.record.as_ref().and_then(|record| record.cause());
                Err(StartError::Cancelled(
                    cause.unwrap_or_else(|| Cancelled::new(Cause::Enclosing)),
                ))
            }
        })
    }
}

impl<V, E> Starter<V, E> {
    /// Returns whether this call is cancelled, and the child with it.
    ///
    /// Another thread may have cancelled since this poll began, or a deadline may have passed, and the child
    /// may have ended because of that. So the scopes themselves are evaluated. An abort also reaches a child
    /// whose caller is behind a shield.
    fn was_interrupted(&self) -> bool {
        let around = poll_state::evaluate();
        around.cancelled || around.deadline <= self.group.node.now() || poll_state::is_aborted()
    }

    fn cancel_child(&self) {
        if let Some(record) = &self.record {
            record.cancel_with_caller();
        }
    }
}

impl<V, E> Drop for Starter<V, E> {
    fn drop(&mut self) {
        self.cancel_child();
        // No starter waits any more. A failure that was not taken yet goes to the run; a later one goes to
        // the group.
        let step = std::mem::replace(&mut lock(&self.shared.state).step, StartStep::Apart);
        let core = &self.group;
        match step {
            StartStep::Failed(error) => {
                let unhandled = Unhandled::error(
                    core.name(),
                    type_name::<E>(),
                    Some((self.shared.erase)(error)),
                );
                Run::unhandled(core.run.as_deref(), unhandled);
            }
            StartStep::Panicked(payload) => Run::unhandled_panic(core.run.as_deref(), payload),
            _ => {}
        }
    }
}
