//! The guards of a lock, which give access to its value and release it when they are dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::RwLock;
use super::resource::To;
use crate::loom::Arc;

macro_rules! guard {
    ($(#[$docs:meta])* $guard:ident $(<$life:lifetime>)?, $lock:ty, $to:expr) => {
        $(#[$docs])*
        #[must_use = "the lock is released when the guard is dropped"]
        pub struct $guard<$($life,)? T> {
            pub(super) lock: $lock,
            pub(super) value: Option<Arc<T>>,
        }

        impl<$($life,)? T> Deref for $guard<$($life,)? T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.value.as_deref().expect(HELD)
            }
        }

        impl<$($life,)? T> Drop for $guard<$($life,)? T> {
            #[inline]
            fn drop(&mut self) {
                self.lock.leave($to, self.value.take());
            }
        }

        impl<$($life,)? T: fmt::Debug> fmt::Debug for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard! {
    /// A guard with shared access to the value of a [`RwLock`].
    RwLockReadGuard<'a>, &'a RwLock<T>, To::Read
}
guard! {
    /// A guard with exclusive access to the value of a [`RwLock`].
    ///
    /// Each mutable dereference checks that the value is not shared, which costs a few nanoseconds. In a
    /// tight loop, bind `let value = &mut *guard` before it.
    RwLockWriteGuard<'a>, &'a RwLock<T>, To::Write
}
guard! {
    /// A [`RwLockReadGuard`] that owns an `Arc` of the lock.
    RwLockReadGuardArc, Arc<RwLock<T>>, To::Read
}
guard! {
    /// A [`RwLockWriteGuard`] that owns an `Arc` of the lock.
    RwLockWriteGuardArc, Arc<RwLock<T>>, To::Write
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        alone(&mut self.value)
    }
}

impl<T> DerefMut for RwLockWriteGuardArc<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        alone(&mut self.value)
    }
}

/// Returns the value of a writer. Its guard has the only reference to the value.
#[inline]
fn alone<T>(value: &mut Option<Arc<T>>) -> &mut T {
    // Unique: `collect` has left `Out` in the slot, and every reader has dropped its reference before it was
    // counted out.
    let value = value.as_mut().expect(HELD);
    Arc::get_mut(value).expect("readers let go of the value before a writer is let in")
}

const HELD: &str = "a guard has the value until it is dropped";
