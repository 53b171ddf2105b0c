//! [`Mutex`]: a value as a [`Resource`] of a [`FairQueue`], which provides lock, queue and order.
//!
//! The value moves as a `Box`: it is in the [`MutexState`] while the mutex is free, and in the guard while it is
//! locked.
//!
//! ```text
//!   free ──admit──▶ reserved ──collect──▶ held by a guard
//!    ▲                 │ give_back             │ put_back
//!    └─────────────────┴───────────────────────┘
//! ```
//!
//! `locked` is true in the last two states; the value is `Out` in the last one alone.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::fair_queue::{FairQueue, Resource};
use crate::engine::{Wait, poll_state};
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};
use crate::task;
use crate::task::TaskId;

/// An asynchronous mutex: a value with one user at a time.
///
/// Waiting tasks receive the lock in order of arrival. It is handed over: between the release and the use by
/// the next task no other caller can lock it, not even with [`try_lock`](Mutex::try_lock). The guard may be
/// held across awaits, and may be sent to other threads.
///
/// A panic while the lock is held releases it, and the value stays as it is. Locking twice in one task is not
/// an error in itself, because a task can run several operations concurrently, but one of them waits for the
/// other.
///
/// # Examples
///
/// ```
/// use anyrt::sync::Mutex;
///
/// static COUNT: Mutex<u32> = Mutex::new(0);
///
/// let mut count = COUNT.try_lock().unwrap();
/// *count += 1;
/// assert!(COUNT.try_lock().is_err());
/// drop(count);
/// assert_eq!(*COUNT.try_lock().unwrap(), 1);
/// ```
pub struct Mutex<T> {
    queue: FairQueue<MutexState<T>>,
}

/// The state under the lock of the queue. The value is here unless a guard holds it.
struct MutexState<T> {
    value: MutexValue<T>,
    locked: bool,
    /// The task that locked it, for `statistics` only.
    owner: Option<u64>,
}

/// The place of the value. A static cannot allocate, so the first lock allocates; afterwards only the pointer
/// moves.
enum MutexValue<T> {
    Fresh(T),
    Boxed(Box<T>),
    Out,
}

impl<T> Resource for MutexState<T> {
    /// The id of the requesting task.
    type Ask = Option<u64>;
    type Grant = Box<T>;

    #[inline]
    fn admit(&mut self, owner: &Option<u64>) -> bool {
        if self.locked {
            return false;
        }
        self.locked = true;
        self.owner = *owner;
        true
    }

    #[inline]
    fn collect(&mut self, _: &Option<u64>) -> Box<T> {
        match std::mem::replace(&mut self.value, MutexValue::Out) {
            MutexValue::Boxed(value) => value,
            MutexValue::Fresh(value) => Box::new(value),
            // `admit` refuses while a guard has the value.
            MutexValue::Out => unreachable!("the holder has the value, and there is none"),
        }
    }

    fn give_back(&mut self, _: &Option<u64>) {
        self.locked = false;
        self.owner = None;
    }
}

impl<T> MutexState<T> {
    /// Returns the value of a guard and unlocks. The caller serves the queue afterwards.
    #[inline]
    fn put_back(&mut self, value: Box<T>) {
        // The old value is `Out`, so nothing of the user is dropped under the lock.
        self.value = MutexValue::Boxed(value);
        self.locked = false;
        self.owner = None;
    }
}

/// A snapshot of the state of a [`Mutex`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MutexStatistics {
    /// Whether the mutex is locked, or was handed to a waiter that has not been polled since.
    pub locked: bool,
    /// The task that locked it; `None` if it is free, or was locked outside of every task.
    pub owner: Option<TaskId>,
    /// The name of that task, if it is alive and in the caller's run.
    pub owner_name: Option<Arc<str>>,
    /// The number of waiting tasks.
    pub waiting: usize,
}

impl<T> Mutex<T> {
    const_fn! {
        /// Creates an unlocked mutex.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Mutex;
        ///
        /// static COUNT: Mutex<u32> = Mutex::new(7);
        /// assert_eq!(*COUNT.try_lock().unwrap(), 7);
        /// ```
        pub const fn new(value: T) -> Mutex<T> {
            Mutex {
                queue: FairQueue::new(MutexState {
                    value: MutexValue::Fresh(value),
                    locked: false,
                    owner: None,
                }),
            }
        }
    }

    /// Waits for the lock.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe, but a cancelled call loses its place in the queue. A lock that was handed
    /// over and not yet received goes to the next waiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    ///
    /// # anyrt::run(async {
    /// let count = Mutex::new(0);
    /// let add = async || {
    ///     let mut count = count.lock().await;
    ///     let before = *count;
    ///     anyrt::checkpoint().await; // the lock is held across awaits
    ///     *count = before + 1;
    /// };
    /// anyrt::gather((add(), add())).await;
    /// assert_eq!(*count.lock().await, 2);
    /// # });
    /// ```
    #[inline]
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        // The owner is recorded when the lock is handed over, hence before this task runs again.
        let value = self.queue.wait(poll_state::task_id(), Wait::Lock).await;
        MutexGuard::new(self, value)
    }

    /// Locks the mutex if it is free and no task waits for it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    ///
    /// let count = Mutex::new(1);
    /// let guard = count.try_lock().unwrap();
    /// assert!(count.try_lock().is_err());
    /// drop(guard);
    /// assert_eq!(*count.try_lock().unwrap(), 1);
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, WouldBlock> {
        let value = self.queue.try_enter(&poll_state::task_id());
        Ok(MutexGuard::new(self, value.ok_or(WouldBlock)?))
    }

    /// Waits for the lock, like [`lock`](Mutex::lock); the guard owns an `Arc` of the mutex.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](Mutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let log = Arc::new(Mutex::new(Vec::new()));
    /// let mut guard = log.lock_arc().await;
    /// let done = anyrt::task_group(async |tg| {
    ///     tg.spawn(async move { guard.push("from a task") });
    /// }).await;
    /// assert!(done.is_ok());
    /// assert_eq!(*log.lock().await, ["from a task"]);
    /// # });
    /// ```
    pub fn lock_arc(self: &Arc<Self>) -> impl Future<Output = MutexGuardArc<T>> + use<T> {
        let mutex = self.clone();
        async move {
            // Here, and not outside: the id is that of the task that polls the future.
            let value = mutex.queue.wait(poll_state::task_id(), Wait::Lock).await;
            MutexGuardArc::new(mutex, value)
        }
    }

    /// Locks the mutex like [`try_lock`](Mutex::try_lock); the guard owns an `Arc` of the mutex.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if it is not free.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// let count = Arc::new(Mutex::new(1));
    /// let guard = count.try_lock_arc().unwrap();
    /// assert!(count.try_lock_arc().is_err());
    /// std::thread::spawn(move || assert_eq!(*guard, 1)).join().unwrap();
    /// assert!(count.try_lock_arc().is_ok());
    /// ```
    pub fn try_lock_arc(self: &Arc<Self>) -> Result<MutexGuardArc<T>, WouldBlock> {
        let value = self.queue.try_enter(&poll_state::task_id());
        Ok(MutexGuardArc::new(self.clone(), value.ok_or(WouldBlock)?))
    }

    /// Locks the mutex again, as the last part of an operation that has already begun.
    pub(super) async fn relock(&self) -> Box<T> {
        self.queue.wait_on(poll_state::task_id(), Wait::Lock).await
    }

    /// Returns a mutable reference to the value. The exclusive borrow proves that the mutex is not locked.
    ///
    /// # Panics
    ///
    /// If a guard was leaked, since it has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    ///
    /// let mut count = Mutex::new(1);
    /// *count.get_mut() += 1;
    /// assert_eq!(count.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.queue.get_mut().value {
            MutexValue::Fresh(value) => value,
            MutexValue::Boxed(value) => value,
            MutexValue::Out => panic!("{LEAKED}"),
        }
    }

    /// Returns the value.
    ///
    /// # Panics
    ///
    /// If a guard was leaked, since it has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    ///
    /// let words = Mutex::new(vec!["to"]);
    /// words.try_lock().unwrap().push("be");
    /// assert_eq!(words.into_inner(), ["to", "be"]);
    /// ```
    pub fn into_inner(self) -> T {
        match self.queue.into_inner().value {
            MutexValue::Fresh(value) => value,
            MutexValue::Boxed(value) => *value,
            MutexValue::Out => panic!("{LEAKED}"),
        }
    }

    /// Returns the owner of the lock and the number of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Mutex;
    ///
    /// # anyrt::run(async {
    /// let count = Mutex::new(0);
    /// let _guard = count.lock().await;
    /// let statistics = count.statistics();
    /// assert!(statistics.locked);
    /// assert_eq!(statistics.owner, anyrt::task::current().map(|task| task.id()));
    /// # });
    /// ```
    pub fn statistics(&self) -> MutexStatistics {
        let (locked, owner, waiting) = self
            .queue
            .look(|state, waiting| (state.locked, state.owner, waiting));
        let owner = owner.map(TaskId::new);
        MutexStatistics {
            locked,
            owner,
            owner_name: owner.and_then(name_of),
            waiting,
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (locked, waiting) = self.queue.look(|state, waiting| (state.locked, waiting));
        f.debug_struct("Mutex")
            .field("locked", &locked)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

/// A guard of a locked [`Mutex`]; dropping it hands the lock to the next waiter.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only during the drop.
    value: Option<Box<T>>,
}

impl<'a, T> MutexGuard<'a, T> {
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>, value: Box<T>) -> MutexGuard<'a, T> {
        MutexGuard {
            mutex,
            value: Some(value),
        }
    }

    /// Returns the mutex of the guard. An associated function, so that it does not hide a method of the
    /// value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Mutex, MutexGuard};
    ///
    /// let count = Mutex::new(1);
    /// let guard = count.try_lock().unwrap();
    /// let mutex = MutexGuard::mutex(&guard);
    /// assert!(mutex.try_lock().is_err(), "the guard still holds it");
    /// ```
    pub fn mutex(guard: &Self) -> &'a Mutex<T> {
        guard.mutex
    }
}

/// A [`MutexGuard`] that owns an `Arc` of the mutex.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MutexGuardArc<T> {
    mutex: Arc<Mutex<T>>,
    value: Option<Box<T>>,
}

impl<T> MutexGuardArc<T> {
    pub(super) fn new(mutex: Arc<Mutex<T>>, value: Box<T>) -> MutexGuardArc<T> {
        MutexGuardArc {
            mutex,
            value: Some(value),
        }
    }

    /// Returns the mutex of the guard. An associated function, like [`MutexGuard::mutex`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Mutex, MutexGuardArc};
    /// use std::sync::Arc;
    ///
    /// let count = Arc::new(Mutex::new(1));
    /// let guard = count.try_lock_arc().unwrap();
    /// assert!(Arc::ptr_eq(MutexGuardArc::mutex(&guard), &count));
    /// ```
    pub fn mutex(guard: &Self) -> &Arc<Mutex<T>> {
        &guard.mutex
    }
}

/// Returns the name of a task of the current run, if it is alive.
fn name_of(task: TaskId) -> Option<Arc<str>> {
    // Outside of the lock of the queue: this goes through all tasks of the run.
    let living = task::all();
    let task = living.iter().find(|living| living.id() == task);
    task.map(|task| task.name())
}

/// Implements the traits of both types of guards.
macro_rules! guard {
    ($guard:ty) => {
        impl<T> Deref for $guard {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.value.as_deref().expect(HELD)
            }
        }

        impl<T> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                self.value.as_deref_mut().expect(HELD)
            }
        }

        impl<T> Drop for $guard {
            #[inline]
            fn drop(&mut self) {
                // Puts the value back and hands the lock over, in one critical section.
                if let Some(value) = self.value.take() {
                    self.mutex.queue.change(|state| state.put_back(value));
                }
            }
        }

        impl<T: fmt::Debug> fmt::Debug for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: fmt::Display> fmt::Display for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard!(MutexGuard<'_, T>);
guard!(MutexGuardArc<T>);

const HELD: &str = "a guard has the value until it is dropped";
const LEAKED: &str = "a guard of this mutex was leaked, and the value with it";
