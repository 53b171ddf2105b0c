//! [`LockGuard`]: the two types of mutex guards as one trait, for [`Condition`](super::Condition).

use std::ops::DerefMut;

use super::mutex::{Mutex, MutexGuard, MutexGuardArc};
use crate::loom::Arc;

/// A guard of a [`Mutex`]: either [`MutexGuard`] or [`MutexGuardArc`].
///
/// A [`Condition`](super::Condition) accepts both. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard of the mutex",
    note = "pass the guard that `lock` or `lock_arc` of the condition's mutex returns"
)]
pub trait LockGuard<T>: DerefMut<Target = T> + sealed::Relock<T> {}

impl<T> LockGuard<T> for MutexGuard<'_, T> {}
impl<T> LockGuard<T> for MutexGuardArc<T> {}

mod sealed {
    use std::ops::Deref;

    use super::Mutex;

    #[expect(unnameable_types, reason = "sealed")]
    /// The parts of a guard, with which a condition unlocks a mutex and locks it again.
    pub trait Relock<T>: Sized {
        /// A reference to the mutex that outlives the guard.
        type Handle: Deref<Target = Mutex<T>>;

        fn mutex(&self) -> &Mutex<T>;
        fn handle(&self) -> Self::Handle;
        fn new(mutex: Self::Handle, value: Box<T>) -> Self;
    }
}

impl<'a, T> sealed::Relock<T> for MutexGuard<'a, T> {
    type Handle = &'a Mutex<T>;

    fn mutex(&self) -> &Mutex<T> {
        MutexGuard::mutex(self)
    }

    fn handle(&self) -> &'a Mutex<T> {
        MutexGuard::mutex(self)
    }

    fn new(mutex: &'a Mutex<T>, value: Box<T>) -> Self {
        MutexGuard::new(mutex, value)
    }
}

impl<T> sealed::Relock<T> for MutexGuardArc<T> {
    type Handle = Arc<Mutex<T>>;

    fn mutex(&self) -> &Mutex<T> {
        MutexGuardArc::mutex(self)
    }

    fn handle(&self) -> Arc<Mutex<T>> {
        MutexGuardArc::mutex(self).clone()
    }

    fn new(mutex: Arc<Mutex<T>>, value: Box<T>) -> Self {
        MutexGuardArc::new(mutex, value)
    }
}
