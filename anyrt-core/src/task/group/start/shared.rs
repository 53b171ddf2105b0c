//! The state that a child and its starter share, with the transitions that the child makes.

use std::any::Any;
use std::task::Waker;

use crate::engine::TaskRecord;
use crate::loom::{Mutex, lock};
use crate::unwind::Payload;

/// The part of the shared state that the child's sender uses, without the error type.
pub(super) trait Signal<V>: Send + Sync {
    fn started(&self, value: V);
}

pub(super) struct Shared<V, E> {
    pub(super) state: Mutex<State<V, E>>,
    /// The conversion of an error without a receiver for the run.
    pub(super) erase: fn(E) -> Box<dyn Any + Send>,
}

pub(super) struct State<V, E> {
    pub(super) step: StartStep<V, E>,
    pub(super) record: Option<TaskRecord>,
    pub(super) waker: Option<Waker>,
}

pub(super) enum StartStep<V, E> {
    Waiting,
    /// `started` was called before the child was spawned.
    Early(V),
    Ready(V),
    /// The value was taken, or the child is independent of its starter.
    Apart,
    Failed(E),
    Panicked(Payload),
    /// The child ended without an error before it was ready.
    NotStarted,
    /// The child's future was dropped.
    Dropped,
}

impl<V, E> Shared<V, E> {
    /// Sets the end of the child, if it has not become ready. Returns the step otherwise.
    pub(super) fn end(&self, step: StartStep<V, E>) -> Option<StartStep<V, E>> {
        let mut state = lock(&self.state);
        if !matches!(state.step, StartStep::Waiting) {
            return Some(step);
        }
        state.step = step;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// Stores the child's record for `started`, which may have been called before, while the child was
    /// created or by another thread. Under a cancelled caller that call has no effect, and its value is
    /// returned.
    pub(super) fn introduce(&self, child: &TaskRecord) -> Option<StartStep<V, E>> {
        let mut state = lock(&self.state);
        state.record = Some(child.clone());
        let refused = matches!(state.step, StartStep::Early(_)) && !child.move_to_group();
        refused.then(|| std::mem::replace(&mut state.step, StartStep::Waiting))
    }
}

impl<V: Send, E: Send> Signal<V> for Shared<V, E> {
    fn started(&self, value: V) {
        let mut state = lock(&self.state);
        let Some(record) = state.record.clone() else {
            state.step = StartStep::Early(value);
            return;
        };
        // `move_to_group` decides whether the child moves to the group or stays cancelled with its caller.
        let refused = if matches!(state.step, StartStep::Waiting) && record.move_to_group() {
            state.step = StartStep::Ready(value);
            None
        } else {
            Some(value)
        };
        let waker = state.waker.take();
        drop(state);
        drop(refused);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
