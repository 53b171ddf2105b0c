//! The primitives that core's protocols are built from, in one place, so that a model checker's
//! can stand in for them.

pub(crate) use std::sync::atomic;
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use std::sync::PoisonError;

/// Locks, also after a panic under the lock: none of ours leaves anything half done.
#[inline]
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
