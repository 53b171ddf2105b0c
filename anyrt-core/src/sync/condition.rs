use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::pin;

use super::guard::LockGuard;
use super::line::{Line, Resource};
use super::mutex::{Mutex, MutexStatistics};
use crate::engine::Wait;
use crate::loom::const_fn;

/// Waits until the value in a [`Mutex`] is as it should be.
///
/// It is built over a mutex, which is given as `&Mutex<T>`, as `Arc<Mutex<T>>`, or as anything else
/// that derefs to one; several conditions may share it. Who holds the lock can wait, which
/// releases it meanwhile, or notify those who do.
///
/// A notification wakes those who wait at that moment, and is not remembered. One that a
/// cancelled waiter received and did not act on goes to the next.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::{Condition, Mutex};
///
/// static JOBS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static ADDED: Condition<&Mutex<Vec<u32>>> = Condition::new(&JOBS);
///
/// fn add(job: u32) -> Result<(), anyrt_core::error::WouldBlock> {
///     let mut jobs = JOBS.try_lock()?;
///     jobs.push(job);
///     ADDED.notify(&jobs, 1);
///     Ok(())
/// }
///
/// async fn next_job() -> u32 {
///     let (_jobs, job) = ADDED.wait_for(JOBS.lock().await, Vec::pop).await;
///     job
/// }
/// # add(1).unwrap();
/// # drop(next_job());
/// ```
pub struct Condition<L> {
    mutex: L,
    line: Line<Notices>,
}

/// How many are being notified; zero outside the lock.
struct Notices(usize);

impl Resource for Notices {
    type Ask = ();
    type Grant = ();

    fn admit(&mut self, (): &()) -> bool {
        let notified = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        notified
    }

    fn collect(&mut self, (): &()) {}

    fn give_back(&mut self, (): &()) {
        self.0 += 1;
    }

    fn served(&mut self) {
        self.0 = 0;
    }
}

/// What is known about a [`Condition`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionStatistics {
    /// How many wait to be notified.
    pub waiting: usize,
    /// What is known about its mutex.
    pub mutex: MutexStatistics,
}

impl<L> Condition<L> {
    const_fn! {
        /// A condition of the value in this mutex.
        pub const fn new(mutex: L) -> Condition<L> {
            Condition {
                mutex,
                line: Line::new(Notices(0)),
            }
        }
    }
}

impl<L: Deref<Target = Mutex<T>>, T> Condition<L> {
    /// Releases the lock, waits to be notified, and waits for the lock again.
    ///
    /// Guards of [`lock`](Mutex::lock) and of [`lock_arc`](Mutex::lock_arc) will do; the kind that is given
    /// is returned.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped, the lock is not held, and a notification that it
    /// had received goes to the next.
    ///
    /// # Panics
    ///
    /// If the guard is that of another mutex.
    pub async fn wait<G: LockGuard<T>>(&self, guard: G) -> G {
        self.check(&guard);
        let mutex = guard.handle();
        let mut guard = Some(guard);
        let mut turn = pin!(self.line.wait((), Wait::Condition));
        poll_fn(|cx| {
            let polled = turn.as_mut().poll(cx);
            // First in the queue, then without the lock: no notification falls in between.
            if turn.is_in_line() {
                drop(guard.take());
            }
            polled
        })
        .await;
        let notice = Notice(Some(&self.line));
        let value = mutex.relock().await;
        notice.take();
        G::new(mutex, value)
    }

    /// Waits until the predicate gives something, which it is asked for at once and after each
    /// notification, with the lock held. Gives the lock as well.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Condition::wait): nothing is lost once the predicate has given something.
    ///
    /// # Panics
    ///
    /// If the guard is that of another mutex.
    pub async fn wait_for<G: LockGuard<T>, V>(
        &self,
        mut guard: G,
        mut predicate: impl FnMut(&mut T) -> Option<V>,
    ) -> (G, V) {
        super::begin().await;
        loop {
            if let Some(value) = predicate(&mut guard) {
                return (guard, value);
            }
            guard = self.wait(guard).await;
        }
    }

    /// Wakes the `count` that wait longest.
    ///
    /// # Panics
    ///
    /// If the guard is that of another mutex.
    pub fn notify(&self, guard: &impl LockGuard<T>, count: usize) {
        self.check(guard);
        self.line.change(|notices| notices.0 = count);
    }

    /// Wakes all that wait.
    ///
    /// # Panics
    ///
    /// If the guard is that of another mutex.
    pub fn notify_all(&self, guard: &impl LockGuard<T>) {
        self.notify(guard, usize::MAX);
    }

    /// The mutex that it is built over.
    pub fn mutex(&self) -> &Mutex<T> {
        &self.mutex
    }

    /// How many wait, and who has the lock, at this moment.
    pub fn statistics(&self) -> ConditionStatistics {
        ConditionStatistics {
            waiting: self.line.look(|_, waiting| waiting),
            mutex: self.mutex.statistics(),
        }
    }

    fn check(&self, guard: &impl LockGuard<T>) {
        assert!(
            std::ptr::eq(guard.mutex(), &*self.mutex),
            "the guard is of another mutex: lock the one that the condition was built over"
        );
    }
}

impl<L> fmt::Debug for Condition<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("waiting", &self.line.look(|_, waiting| waiting))
            .finish_non_exhaustive()
    }
}

/// A notification that was received and not acted on yet: dropped, it goes to the next.
struct Notice<'a>(Option<&'a Line<Notices>>);

impl Notice<'_> {
    fn take(mut self) {
        self.0 = None;
    }
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            line.change(|notices| notices.give_back(&()));
        }
    }
}
