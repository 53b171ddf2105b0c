//! [`WorkerState`].

use std::any::TypeId;

use crate::runtime::Unparker;

/// A worker's own state. Accessed by its thread alone.
pub(super) struct WorkerState {
    pub(super) runtime: TypeId,
    pub(super) thread: Unparker,
    /// The number of spins in vain since the last success.
    pub(super) misses: u32,
    /// The number of times that it will not spin.
    pub(super) pause: u32,
}

impl WorkerState {
    /// Creates the state of the worker on this thread.
    pub(super) fn new(runtime: TypeId) -> WorkerState {
        WorkerState {
            runtime,
            thread: Unparker::current(),
            misses: 0,
            pause: 0,
        }
    }
}
