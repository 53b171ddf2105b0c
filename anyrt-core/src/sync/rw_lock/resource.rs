//! The value of a lock with the counts of its users: the resource that the queue hands out.

use super::super::fair_queue::Resource;
use crate::loom::Arc;

/// The state under the lock of the queue. The counts include waiters that were admitted and have not
/// collected.
pub(super) struct RwLockState<T> {
    pub(super) value: RwLockValue<T>,
    pub(super) readers: usize,
    pub(super) writing: bool,
}

/// The place of the value. A static cannot allocate, so the first lock allocates.
pub(super) enum RwLockValue<T> {
    Fresh(T),
    Shared(Arc<T>),
    Out,
}

/// The kind of access.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Read,
    Write,
}

impl<T> Resource for RwLockState<T> {
    type Ask = To;
    type Grant = Arc<T>;

    #[inline]
    fn admit(&mut self, to: &To) -> bool {
        // Readers share; a writer excludes all others, including readers that were admitted and have not run.
        let free = !self.writing && (*to == To::Read || self.readers == 0);
        match to {
            _ if !free => {}
            To::Read => self.readers += 1,
            To::Write => self.writing = true,
        }
        free
    }

    #[inline]
    fn collect(&mut self, to: &To) -> Arc<T> {
        // The first use allocates; afterwards only a pointer moves.
        let value = match std::mem::replace(&mut self.value, RwLockValue::Out) {
            RwLockValue::Shared(value) => value,
            RwLockValue::Fresh(value) => Arc::new(value),
            RwLockValue::Out => unreachable!("a writer has the value, and there is none"),
        };
        // A reader leaves a reference for the next ones; a writer leaves `Out`.
        if *to == To::Read {
            self.value = RwLockValue::Shared(value.clone());
        }
        value
    }

    #[inline]
    fn give_back(&mut self, to: &To) {
        match to {
            To::Read => self.readers -= 1,
            To::Write => self.writing = false,
        }
    }
}
