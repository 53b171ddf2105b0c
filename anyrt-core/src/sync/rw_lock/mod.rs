//! [`RwLock`]: a value as a [`Resource`] of a [`FairQueue`], which provides lock, queue and order.
//!
//! The value is in an `Arc`. Readers hold clones of it; a writer takes the only one out of the [`RwLockState`], so
//! it can get a mutable reference without `unsafe`.
//!
//! ```text
//!                readers  writing  value in the slot
//!   free            0      false   Fresh, or Shared (the only reference)
//!   reading        > 0     false   Shared (one reference more for each guard)
//!   writing         0      true    Out, once the writer has collected it
//! ```

mod guards;
mod resource;

use std::fmt;

pub use self::guards::{
    RwLockReadGuard, RwLockReadGuardArc, RwLockWriteGuard, RwLockWriteGuardArc,
};
use self::resource::{RwLockState, RwLockValue, To};
use super::fair_queue::{FairQueue, Resource};
use crate::engine::Wait;
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// An asynchronous reader-writer lock: a value with many readers or one writer.
///
/// Readers and writers are served in order of arrival: a reader that arrives while a writer waits, waits
/// behind it, so neither side can starve the other. For the same reason a task that reads twice can deadlock,
/// if a writer arrives in between.
///
/// As with [`Mutex`](super::Mutex), the lock is handed over, and a panic releases it.
///
/// # Examples
///
/// ```
/// use anyrt::sync::RwLock;
///
/// static NAMES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
///
/// NAMES.try_write().unwrap().push("anyrt");
/// let one = NAMES.try_read().unwrap();
/// let two = NAMES.try_read().unwrap();
/// assert_eq!(*one, *two);
/// assert!(NAMES.try_write().is_err());
/// ```
pub struct RwLock<T> {
    queue: FairQueue<RwLockState<T>>,
}

/// A snapshot of the state of a [`RwLock`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RwLockStatistics {
    /// The number of readers, including waiters that were handed the lock and have not been polled since.
    pub readers: usize,
    /// Whether a writer has the lock, or was handed it and has not been polled since.
    pub writing: bool,
    /// The number of waiting readers and writers.
    pub waiting: usize,
}

impl<T> RwLock<T> {
    const_fn! {
        /// Creates an unlocked lock.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::RwLock;
        ///
        /// static TABLE: RwLock<Vec<u32>> = RwLock::new(Vec::new());
        /// assert!(TABLE.try_read().unwrap().is_empty());
        /// ```
        pub const fn new(value: T) -> RwLock<T> {
            RwLock {
                queue: FairQueue::new(RwLockState {
                    value: RwLockValue::Fresh(value),
                    readers: 0,
                    writing: false,
                }),
            }
        }
    }

    /// Waits for shared access to the value.
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
    /// use anyrt::sync::RwLock;
    ///
    /// # anyrt::run(async {
    /// let table = RwLock::new(vec![1, 2]);
    /// let (first, second) = (table.read().await, table.read().await);
    /// assert_eq!(first.len() + second.len(), 4, "readers share the value");
    /// # });
    /// ```
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        let value = self.queue.wait(To::Read, Wait::Lock).await;
        RwLockReadGuard {
            lock: self,
            value: Some(value),
        }
    }

    /// Waits for exclusive access to the value.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    ///
    /// # anyrt::run(async {
    /// let table = RwLock::new(vec![1, 2]);
    /// table.write().await.push(3);
    /// assert_eq!(table.read().await.len(), 3);
    /// # });
    /// ```
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        let value = self.queue.wait(To::Write, Wait::Lock).await;
        RwLockWriteGuard {
            lock: self,
            value: Some(value),
        }
    }

    /// Locks the value for reading, if there is no writer and no waiting task.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    ///
    /// let table = RwLock::new(vec![1, 2]);
    /// let writer = table.try_write().unwrap();
    /// assert!(table.try_read().is_err());
    /// drop(writer);
    /// assert_eq!(table.try_read().unwrap().len(), 2);
    /// ```
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, WouldBlock> {
        let value = self.queue.try_enter(&To::Read).ok_or(WouldBlock)?;
        Ok(RwLockReadGuard {
            lock: self,
            value: Some(value),
        })
    }

    /// Locks the value for writing, if there is no reader, no writer and no waiting task.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    ///
    /// let table = RwLock::new(vec![1, 2]);
    /// let reader = table.try_read().unwrap();
    /// assert!(table.try_write().is_err());
    /// drop(reader);
    /// table.try_write().unwrap().clear();
    /// ```
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, WouldBlock> {
        let value = self.queue.try_enter(&To::Write).ok_or(WouldBlock)?;
        Ok(RwLockWriteGuard {
            lock: self,
            value: Some(value),
        })
    }

    /// Waits for shared access, like [`read`](RwLock::read); the guard owns an `Arc` of the lock.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let table = Arc::new(RwLock::new(vec![1, 2]));
    /// let guard = table.read_arc().await;
    /// let length = anyrt::to_thread::run(move || guard.len()).await;
    /// assert_eq!(length, 2);
    /// # });
    /// ```
    pub fn read_arc(self: &Arc<Self>) -> impl Future<Output = RwLockReadGuardArc<T>> + use<T> {
        let lock = self.clone();
        async move {
            let value = Some(lock.queue.wait(To::Read, Wait::Lock).await);
            RwLockReadGuardArc { lock, value }
        }
    }

    /// Waits for exclusive access, like [`write`](RwLock::write); the guard owns an `Arc` of the lock.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](RwLock::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let table = Arc::new(RwLock::new(vec![2, 1]));
    /// let mut guard = table.write_arc().await;
    /// anyrt::to_thread::run(move || guard.sort()).await;
    /// assert_eq!(*table.read().await, [1, 2]);
    /// # });
    /// ```
    pub fn write_arc(self: &Arc<Self>) -> impl Future<Output = RwLockWriteGuardArc<T>> + use<T> {
        let lock = self.clone();
        async move {
            let value = Some(lock.queue.wait(To::Write, Wait::Lock).await);
            RwLockWriteGuardArc { lock, value }
        }
    }

    /// Locks the value like [`try_read`](RwLock::try_read); the guard owns an `Arc` of the lock.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if there is a writer or a waiting task.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let table = Arc::new(RwLock::new(vec![1, 2]));
    /// let guard = table.try_read_arc().unwrap();
    /// std::thread::spawn(move || assert_eq!(guard.len(), 2)).join().unwrap();
    /// ```
    pub fn try_read_arc(self: &Arc<Self>) -> Result<RwLockReadGuardArc<T>, WouldBlock> {
        let value = self.queue.try_enter(&To::Read).ok_or(WouldBlock)?;
        Ok(RwLockReadGuardArc {
            lock: self.clone(),
            value: Some(value),
        })
    }

    /// Locks the value like [`try_write`](RwLock::try_write); the guard owns an `Arc` of the lock.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if there is a reader, a writer or a waiting task.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let table = Arc::new(RwLock::new(vec![1, 2]));
    /// let guard = table.try_write_arc().unwrap();
    /// assert!(table.try_write_arc().is_err());
    /// std::thread::spawn(move || drop(guard)).join().unwrap();
    /// assert!(table.try_write_arc().is_ok());
    /// ```
    pub fn try_write_arc(self: &Arc<Self>) -> Result<RwLockWriteGuardArc<T>, WouldBlock> {
        let value = self.queue.try_enter(&To::Write).ok_or(WouldBlock)?;
        Ok(RwLockWriteGuardArc {
            lock: self.clone(),
            value: Some(value),
        })
    }

    /// Returns a mutable reference to the value. The exclusive borrow proves that the lock is not held.
    ///
    /// # Panics
    ///
    /// If a guard was leaked, since it has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    ///
    /// let mut table = RwLock::new(vec![1]);
    /// table.get_mut().push(2);
    /// assert_eq!(table.into_inner(), [1, 2]);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.queue.get_mut().value {
            RwLockValue::Fresh(value) => value,
            // Exclusive access to the lock: only a leaked guard can still have a reference.
            RwLockValue::Shared(value) => Arc::get_mut(value).expect(LEAKED),
            RwLockValue::Out => panic!("{LEAKED}"),
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
    /// use anyrt::sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(vec![1, 2]).into_inner(), [1, 2]);
    /// ```
    pub fn into_inner(self) -> T {
        match self.queue.into_inner().value {
            RwLockValue::Fresh(value) => value,
            RwLockValue::Shared(value) => Arc::into_inner(value).expect(LEAKED),
            RwLockValue::Out => panic!("{LEAKED}"),
        }
    }

    /// Returns the number of readers, writers and waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::RwLock;
    ///
    /// let table = RwLock::new(0);
    /// let _first = table.try_read().unwrap();
    /// let _second = table.try_read().unwrap();
    /// assert_eq!(table.statistics().readers, 2);
    /// ```
    pub fn statistics(&self) -> RwLockStatistics {
        self.queue.look(|state, waiting| RwLockStatistics {
            readers: state.readers,
            writing: state.writing,
            waiting,
        })
    }

    /// Releases the lock of a guard.
    #[inline]
    fn leave(&self, to: To, value: Option<Arc<T>>) {
        match (to, value) {
            (_, None) => {}
            (To::Read, Some(value)) => {
                // Before the count is lowered: the writer that this may admit needs the only reference. The
                // lock of the queue orders the drop before the writer's access.
                drop(value);
                self.queue.change(|state| state.give_back(&To::Read));
            }
            (To::Write, Some(value)) => self.queue.change(|state| {
                // In one critical section, so that the next holder finds the value.
                state.value = RwLockValue::Shared(value);
                state.give_back(&To::Write);
            }),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.statistics();
        f.debug_struct("RwLock")
            .field("readers", &statistics.readers)
            .field("writing", &statistics.writing)
            .field("waiting", &statistics.waiting)
            .finish_non_exhaustive()
    }
}

const LEAKED: &str = "a guard of this lock was leaked, and the value with it";
