//! The primitives that core's protocols are built from, in one place, so that those of a model checker can
//! replace them.
//!
//! With `--cfg loom`, the locks, atomics and thread-locals are those of the crate `loom`, and exist inside a
//! model only. Shared pointers stay those of the standard library: loom's have neither weak pointers nor
//! trait objects, and no protocol here relies on the order of their counts.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p anyrt-core --release --lib loom_
//! ```

pub(crate) use std::sync::{Arc, OnceLock, Weak};

use std::sync::PoisonError;

#[cfg(loom)]
pub(crate) use ::loom::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(not(loom))]
pub(crate) use std::thread_local;

/// Parking and spinning of threads.
pub(crate) mod thread {
    #[cfg(loom)]
    pub(crate) use ::loom::thread::{Thread, current, park};
    #[cfg(not(loom))]
    pub(crate) use std::thread::{Thread, current, park};
    use std::time::Duration;

    /// Parks the thread for at most this time. In a model, where time does not pass, parks it until it is
    /// unparked.
    #[cfg(not(loom))]
    pub(crate) fn park_timeout(limit: Duration) {
        std::thread::park_timeout(limit);
    }

    #[cfg(loom)]
    pub(crate) fn park_timeout(_limit: Duration) {
        park();
    }

    /// Checks a condition a number of times, and yields the processor in between. Returns whether it became
    /// true.
    #[cfg(not(loom))]
    pub(crate) fn spin(times: u32, mut came: impl FnMut() -> bool) -> bool {
        (0..times).any(|_| {
            std::thread::yield_now();
            came()
        })
    }

    #[cfg(loom)]
    pub(crate) fn spin(_times: u32, mut came: impl FnMut() -> bool) -> bool {
        came()
    }
}

/// Primitives for statics of the process, which outlive every model and take no part in one.
pub(crate) mod process {
    pub(crate) use std::sync::atomic::AtomicU64;
    pub(crate) use std::sync::{Mutex, MutexGuard};
}

/// Locks a mutex, also after a panic under the lock: no code here leaves a locked state inconsistent.
#[inline]
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks the mutex of a static, as [`lock`] does.
#[inline]
pub(crate) fn lock_static<T>(mutex: &'static process::Mutex<T>) -> process::MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Defines a function that is `const`, except in a model, whose locks and atomics have no `const`
/// constructors.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $visibility const fn $($rest)*
        #[cfg(loom)]
        $(#[$attribute])*
        $visibility fn $($rest)*
    };
}
pub(crate) use const_fn;

/// The standard library's macro, in the form that core uses.
#[cfg(loom)]
macro_rules! local_keys {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis static $name:ident: $type:ty = const $init:block;
    )*) => { $(
        $(#[$attribute])*
        $visibility static $name: $crate::loom::LocalKey<$type> = {
            ::loom::thread_local! { static KEY: $type = $init; }
            $crate::loom::LocalKey(&KEY)
        };
    )* };
}
#[cfg(loom)]
pub(crate) use local_keys as thread_local;

/// The standard library's type of this name, with the methods that core uses.
#[cfg(loom)]
pub(crate) struct LocalKey<T: 'static>(pub(crate) &'static ::loom::thread::LocalKey<T>);

#[cfg(loom)]
impl<T> LocalKey<T> {
    pub(crate) fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(f)
    }

    pub(crate) fn try_with<R>(
        &'static self,
        f: impl FnOnce(&T) -> R,
    ) -> Result<R, ::loom::thread::AccessError> {
        self.0.try_with(f)
    }
}

#[cfg(loom)]
impl<T> LocalKey<std::cell::RefCell<T>> {
    pub(crate) fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    pub(crate) fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }
}
