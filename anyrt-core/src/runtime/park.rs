//! How threads wait that a runtime lends: for functions on worker threads, and for calls back into a run.
//!
//! All waits of core on such threads are here: idle workers (`engine/workers`), and threads that wait for a
//! task (`task/run/block_on.rs`). A real runtime lets them park as the standard library does. A runtime whose
//! threads run in an order that it decides installs a [`Park`] on each.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use crate::loom::thread::{self, Thread};
use crate::loom::{Arc, thread_local};

/// The way in which a thread that a runtime lends waits for other threads.
///
/// # Contract
///
/// 1. [`park`](Park::park) and [`unpark`](Park::unpark) MUST behave as [`std::thread::park`] and
///    [`Thread::unpark`](std::thread::Thread::unpark): there is one token, which `unpark` leaves and `park`
///    waits for and takes. `park` MAY return without a token.
/// 2. A write before `unpark` MUST be visible after the `park` that takes its token.
/// 3. `unpark` MUST work on any thread, and MUST NOT wait for the parked thread. It MUST NOT panic, not
///    even if the thread has ended.
/// 4. At the end of the runtime, `park` MAY panic in a thread that would wait without end. That counts as a panic
///    of the function that waits. In an idle worker, the panic leaves the function that the runtime was given.
pub trait Park: Send + Sync {
    /// Waits for the token, and takes it. Called on the thread itself.
    fn park(&self);

    /// Leaves the token, which wakes the thread if it is parked.
    fn unpark(&self);

    /// Lets other threads and tasks go on. Called on the thread itself, by functions that are called
    /// repeatedly to learn whether something has changed. The default does nothing.
    fn relax(&self) {}
}

thread_local! {
    /// How this thread waits, if a runtime has installed it.
    static PARK: RefCell<Option<Arc<dyn Park>>> = const { RefCell::new(None) };
}

/// Runs `f` on this thread, which waits by `park` meanwhile. For backends, around the functions that
/// [`Blocking`](super::Blocking) runs.
///
/// Core does not spin there, and waits without timeouts. In particular, an idle worker stays until the run
/// has ended.
pub fn with_park<T>(park: Arc<dyn Park>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Arc<dyn Park>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            drop(replace(self.0.take()));
        }
    }
    let _restore = Restore(replace(Some(park)));
    f()
}

fn replace(park: Option<Arc<dyn Park>>) -> Option<Arc<dyn Park>> {
    PARK.with(|cell| cell.replace(park))
}

/// Returns how this thread waits. `None` means as the standard library does, also while the locals of the
/// thread are being destroyed.
fn installed() -> Option<Arc<dyn Park>> {
    PARK.try_with(|cell| cell.borrow().clone()).ok().flatten()
}

/// A thread that [`park`]s, for the threads that wake it.
///
/// Two are equal if they wake the same thread.
#[derive(Clone)]
pub struct Unparker(Kind);

#[derive(Clone)]
enum Kind {
    Native(Thread),
    Installed(Arc<dyn Park>),
}

impl Unparker {
    /// Returns the one that wakes this thread.
    pub fn current() -> Unparker {
        Unparker(match installed() {
            Some(park) => Kind::Installed(park),
            None => Kind::Native(thread::current()),
        })
    }

    /// Wakes the thread if it is parked. Otherwise its next [`park`] returns at once.
    pub fn unpark(&self) {
        match &self.0 {
            Kind::Native(thread) => thread.unpark(),
            Kind::Installed(park) => park.unpark(),
        }
    }

    /// Parks this thread, which it was created on, for at most this time. Returns whether the time was
    /// limited: it is not if a [`Park`] is installed.
    pub(crate) fn park_timeout(&self, limit: Duration) -> bool {
        match &self.0 {
            Kind::Native(_) => {
                thread::park_timeout(limit);
                true
            }
            Kind::Installed(park) => {
                park.park();
                false
            }
        }
    }

    /// Returns whether the thread may spin before it parks.
    pub(crate) fn may_spin(&self) -> bool {
        matches!(self.0, Kind::Native(_))
    }
}

impl PartialEq for Unparker {
    fn eq(&self, other: &Unparker) -> bool {
        match (&self.0, &other.0) {
            (Kind::Native(one), Kind::Native(other)) => one.id() == other.id(),
            (Kind::Installed(one), Kind::Installed(other)) => Arc::ptr_eq(one, other),
            (Kind::Native(_), Kind::Installed(_)) | (Kind::Installed(_), Kind::Native(_)) => false,
        }
    }
}

impl Eq for Unparker {}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Native(thread) => f.debug_tuple("Unparker").field(&thread.id()).finish(),
            Kind::Installed(_) => f.debug_struct("Unparker").finish_non_exhaustive(),
        }
    }
}

/// Waits until this thread is [unparked](Unparker::unpark). May return earlier.
///
/// # Blocking
///
/// Blocks this thread, which must not be one that polls tasks.
pub fn park() {
    match installed() {
        Some(park) => park.park(),
        None => thread::park(),
    }
}

/// Lets others go on, if the runtime decides which thread runs. For functions that are called repeatedly on
/// worker threads.
pub(crate) fn relax() {
    if let Some(park) = installed() {
        park.relax();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting {
        parked: AtomicUsize,
        unparked: AtomicUsize,
        relaxed: AtomicUsize,
    }

    impl Park for Counting {
        fn park(&self) {
            self.parked.fetch_add(1, Ordering::Relaxed);
        }

        fn unpark(&self) {
            self.unparked.fetch_add(1, Ordering::Relaxed);
        }

        fn relax(&self) {
            self.relaxed.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_thread_waits_as_its_runtime_says() {
        let counting = Arc::new(Counting::default());
        with_park(counting.clone(), || {
            Unparker::current().unpark();
            park();
            park();
            relax();
            assert!(!Unparker::current().park_timeout(Duration::MAX));
        });
        assert_eq!(counting.unparked.load(Ordering::Relaxed), 1);
        assert_eq!(counting.parked.load(Ordering::Relaxed), 3);
        assert_eq!(counting.relaxed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn the_earlier_way_is_restored_also_after_a_panic() {
        let (outer, inner) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        with_park(outer.clone(), || {
            let panicking = || with_park(inner.clone(), || panic!("expected"));
            catch_unwind(AssertUnwindSafe(panicking)).unwrap_err();
            park();
        });
        assert_eq!(outer.parked.load(Ordering::Relaxed), 1);
        assert_eq!(inner.parked.load(Ordering::Relaxed), 0);
        // The standard library's way, with its token.
        Unparker::current().unpark();
        park();
        assert_eq!(outer.parked.load(Ordering::Relaxed), 1);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test stands for a runtime")]
    fn unparkers_are_equal_if_they_wake_the_same_thread() {
        let native = Unparker::current();
        assert_eq!(native, Unparker::current());
        let park = Arc::new(Counting::default());
        let one = with_park(park.clone(), Unparker::current);
        assert_eq!(one, with_park(park, Unparker::current));
        assert_ne!(one, native);
        assert_ne!(
            one,
            with_park(Arc::new(Counting::default()), Unparker::current)
        );
        let other = std::thread::spawn(Unparker::current).join().unwrap();
        assert_ne!(other, native);
    }
}
