//! [`Condition`]: a [`FairQueue`] of waiters for notifications, next to a [`Mutex`].
//!
//! A call of `wait` has three steps: join the queue and unlock the mutex, wait for a notification, lock the
//! mutex again. A [`Notice`] guards the time after the second step: a waiter that is dropped before it has
//! the lock passes its notification on.

use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::pin;

use super::fair_queue::{FairQueue, Resource};
use super::guard::LockGuard;
use super::mutex::{Mutex, MutexStatistics};
use crate::engine::Wait;
use crate::loom::const_fn;

/// A condition variable for the value in a [`Mutex`].
///
/// A condition is built over a mutex, which is given as `&Mutex<T>`, as `Arc<Mutex<T>>`, or as any other type
/// that derefs to one; several conditions may share a mutex. A task that holds the lock can wait, which
/// unlocks the mutex meanwhile, or notify waiting tasks.
///
/// A notification wakes tasks that wait at that moment, and is not stored. A notification of a waiter that is
/// cancelled before it has the lock again goes to the next waiter.
///
/// # Examples
///
/// ```
/// use anyrt::sync::{Condition, Mutex};
///
/// static JOBS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static ADDED: Condition<&Mutex<Vec<u32>>> = Condition::new(&JOBS);
///
/// fn add(job: u32) -> Result<(), anyrt::WouldBlock> {
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
    queue: FairQueue<Notices>,
}

/// The number of notifications that are being given out. Zero whenever the lock of the queue is free: unused
/// notifications are discarded in the same critical section.
struct Notices(usize);

impl Resource for Notices {
    type Ask = ();
    type Grant = ();

    fn admit(&mut self, (): &()) -> bool {
        // One notification for each waiter, the oldest first. There are none outside of `change`, so
        // a new caller of `wait` always joins the queue.
        let notified = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        notified
    }

    fn collect(&mut self, (): &()) {}

    /// Adds the notification of a waiter that is gone, for the next waiter.
    fn give_back(&mut self, (): &()) {
        // `served` discards it if there is no next waiter.
        self.0 += 1;
    }

    /// Discards notifications that no task waited for.
    fn served(&mut self) {
        self.0 = 0;
    }
}

/// A snapshot of the state of a [`Condition`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionStatistics {
    /// The number of tasks that wait for a notification.
    pub waiting: usize,
    /// The state of its mutex.
    pub mutex: MutexStatistics,
}

impl<L> Condition<L> {
    const_fn! {
        /// Creates a condition for the value in this mutex.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::{Condition, Mutex};
        /// use std::sync::Arc;
        ///
        /// // Owned, borrowed or shared.
        /// let owned = Condition::new(Box::new(Mutex::new(0)));
        /// let mutex = Arc::new(Mutex::new(0));
        /// let shared = Condition::new(mutex.clone());
        /// assert!(std::ptr::eq(shared.mutex(), &*mutex));
        /// assert!(owned.mutex().try_lock().is_ok());
        /// ```
        pub const fn new(mutex: L) -> Condition<L> {
            Condition {
                mutex,
                queue: FairQueue::new(Notices(0)),
            }
        }
    }
}

impl<L: Deref<Target = Mutex<T>>, T> Condition<L> {
    /// Unlocks the mutex, waits for a notification, and locks the mutex again.
    ///
    /// Accepts guards of [`lock`](Mutex::lock) and of [`lock_arc`](Mutex::lock_arc), and returns a guard of
    /// the same type.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped, the mutex is not locked by it, and a
    /// notification that it has received goes to the next waiter.
    ///
    /// # Panics
    ///
    /// If the guard belongs to another mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// # anyrt::run(async {
    /// let ready = Mutex::new(false);
    /// let changed = Condition::new(&ready);
    /// let waiter = async {
    ///     let mut guard = ready.lock().await;
    ///     while !*guard {
    ///         guard = changed.wait(guard).await;
    ///     }
    ///     *guard
    /// };
    /// let setter = async {
    ///     let mut guard = ready.lock().await;
    ///     *guard = true;
    ///     changed.notify_all(&guard);
    /// };
    /// assert_eq!(anyrt::gather((waiter, setter)).await, (true, ()));
    /// # });
    /// ```
    pub async fn wait<G: LockGuard<T>>(&self, guard: G) -> G {
        self.check(&guard);
        // 1. Join the queue, then unlock the mutex.
        let mutex = guard.handle();
        let mut guard = Some(guard);
        let mut waiter = pin!(self.queue.wait((), Wait::Condition));
        poll_fn(|cx| {
            let polled = waiter.as_mut().poll(cx);
            // The mutex stays locked until the waiter is in the queue. A notification needs the lock, so none
            // can be missed in between.
            if waiter.is_queued() {
                drop(guard.take());
            }
            polled
        })
        .await;
        // 2. The notification has arrived. Dropping `notice` instead of taking it passes it on.
        let notice = Notice(Some(&self.queue));
        // 3. Lock the mutex again. This is a part of the same operation, so it is not refused in a cancelled
        //    scope, and its budget is not checked again.
        let value = mutex.relock().await;
        notice.take();
        G::new(mutex, value)
    }

    /// Waits until the predicate returns a value, and returns it together with the lock. Calls the predicate
    /// at once and after each notification, with the lock held.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Condition::wait): nothing is lost once the predicate has returned a value.
    ///
    /// # Panics
    ///
    /// If the guard belongs to another mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// # anyrt::run(async {
    /// let jobs = Mutex::new(vec!["sweep"]);
    /// let added = Condition::new(&jobs);
    /// let (left, job) = added.wait_for(jobs.lock().await, Vec::pop).await;
    /// assert_eq!(job, "sweep");
    /// assert!(left.is_empty());
    /// # });
    /// ```
    pub async fn wait_for<G: LockGuard<T>, V>(
        &self,
        mut guard: G,
        mut predicate: impl FnMut(&mut T) -> Option<V>,
    ) -> (G, V) {
        super::begin().await;
        loop {
            // Each further round waits for a notification. It may be for another waiter, or be outdated by
            // the time the lock is here, so the predicate is checked again.
            if let Some(value) = predicate(&mut guard) {
                return (guard, value);
            }
            guard = self.wait(guard).await;
        }
    }

    /// Wakes the `count` tasks that have waited longest.
    ///
    /// # Panics
    ///
    /// If the guard belongs to another mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// # anyrt::run(async {
    /// let jobs = Mutex::new(Vec::new());
    /// let added = Condition::new(&jobs);
    /// let worker = async { added.wait_for(jobs.lock().await, Vec::pop).await.1 };
    /// let producer = async {
    ///     let mut jobs = jobs.lock().await;
    ///     jobs.push("sweep");
    ///     added.notify(&jobs, 1);
    /// };
    /// assert_eq!(anyrt::gather((worker, producer)).await, ("sweep", ()));
    /// # });
    /// ```
    pub fn notify(&self, guard: &impl LockGuard<T>, count: usize) {
        self.check(guard);
        // The queue gives out the notifications and discards the rest, all under its lock.
        self.queue.change(|notices| notices.0 = count);
    }

    /// Wakes all waiting tasks.
    ///
    /// # Panics
    ///
    /// If the guard belongs to another mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// # anyrt::run(async {
    /// let level = Mutex::new(0);
    /// let changed = Condition::new(&level);
    /// let high = async || {
    ///     let full = |level: &mut u32| (*level >= 10).then_some(*level);
    ///     changed.wait_for(level.lock().await, full).await.1
    /// };
    /// let raise = async {
    ///     let mut level = level.lock().await;
    ///     *level = 10;
    ///     changed.notify_all(&level);
    /// };
    /// assert_eq!(anyrt::gather((high(), high(), raise)).await, (10, 10, ()));
    /// # });
    /// ```
    pub fn notify_all(&self, guard: &impl LockGuard<T>) {
        self.notify(guard, usize::MAX);
    }

    /// Returns the mutex of the condition.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// let jobs = Mutex::new(vec!["sweep"]);
    /// let added = Condition::new(&jobs);
    /// assert_eq!(added.mutex().try_lock().unwrap().len(), 1);
    /// ```
    pub fn mutex(&self) -> &Mutex<T> {
        &self.mutex
    }

    /// Returns the number of waiting tasks and the state of the mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Condition, Mutex};
    ///
    /// let added = Condition::new(Box::new(Mutex::new(0)));
    /// let statistics = added.statistics();
    /// assert_eq!(statistics.waiting, 0);
    /// assert!(!statistics.mutex.locked);
    /// ```
    pub fn statistics(&self) -> ConditionStatistics {
        ConditionStatistics {
            waiting: self.queue.look(|_, waiting| waiting),
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
            .field("waiting", &self.queue.look(|_, waiting| waiting))
            .finish_non_exhaustive()
    }
}

/// A received notification. Dropping it passes it to the next waiter; `take` consumes it.
struct Notice<'a>(Option<&'a FairQueue<Notices>>);

impl Notice<'_> {
    fn take(mut self) {
        self.0 = None;
    }
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.change(|notices| notices.give_back(&()));
        }
    }
}
