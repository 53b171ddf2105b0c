//! [`Semaphore`]: a count of permits as a [`Resource`] of a [`FairQueue`], which provides lock, queue and order.

use std::fmt;

use thiserror::Error as ThisError;

use super::fair_queue::{FairQueue, Resource};
use crate::engine::Wait;
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// A counting semaphore.
///
/// Waiting tasks receive permits in order of arrival. A released permit is handed over to the first waiting
/// task: the number of free permits stays zero meanwhile, and [`try_acquire`](Semaphore::try_acquire) fails.
///
/// A permit is released when its guard is dropped. To signal from one task to another,
/// [`forget`](SemaphorePermit::forget) the permit in one task and [`release`](Semaphore::release) it in the
/// other.
///
/// # Examples
///
/// ```
/// use anyrt::sync::Semaphore;
///
/// static CONNECTIONS: Semaphore = Semaphore::new(2);
///
/// let first = CONNECTIONS.try_acquire().unwrap();
/// let second = CONNECTIONS.try_acquire().unwrap();
/// assert!(CONNECTIONS.try_acquire().is_err());
/// drop(first);
/// assert_eq!(CONNECTIONS.available(), 1);
/// # drop(second);
/// ```
pub struct Semaphore {
    queue: FairQueue<Permits>,
}

/// The counts, under the lock of the queue. `available + borrowed <= maximum` holds between any two changes.
struct Permits {
    available: usize,
    /// Permits that are held by guards, or were handed to a waiter that has not been polled since.
    borrowed: usize,
    maximum: usize,
}

impl Resource for Permits {
    type Ask = ();
    type Grant = ();

    #[inline]
    fn admit(&mut self, (): &()) -> bool {
        // The sum of both counts stays the same: a permit changes hands, and only `release` and `forget`
        // change the number of permits.
        let free = self.available > 0;
        if free {
            self.available -= 1;
            self.borrowed += 1;
        }
        free
    }

    #[inline]
    fn collect(&mut self, (): &()) {}

    #[inline]
    fn give_back(&mut self, (): &()) {
        self.available += 1;
        self.borrowed -= 1;
    }
}

/// Error: a released permit would exceed the maximum. The semaphore is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error(
    "more permits were released than the semaphore may have: release only what was acquired, and \
     forgotten"
)]
#[non_exhaustive]
pub struct TooManyPermits;

/// A snapshot of the state of a [`Semaphore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SemaphoreStatistics {
    /// The number of free permits.
    pub available: usize,
    /// The maximum number of permits, held ones included; `None` if unlimited.
    pub maximum: Option<usize>,
    /// The number of waiting tasks.
    pub waiting: usize,
}

/// A maximum that is never reached: no maximum.
const UNBOUNDED: usize = usize::MAX;

impl Semaphore {
    const_fn! {
        /// Creates a semaphore with this number of permits and no maximum.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Semaphore;
        ///
        /// static CONNECTIONS: Semaphore = Semaphore::new(8);
        /// assert_eq!(CONNECTIONS.available(), 8);
        /// ```
        pub const fn new(permits: usize) -> Semaphore {
            Semaphore::of(permits, UNBOUNDED)
        }
    }

    const_fn! {
        /// Creates a semaphore with this number of permits, and at most `maximum`.
        ///
        /// # Panics
        ///
        /// If `permits` is greater than `maximum`.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Semaphore;
        ///
        /// let connections = Semaphore::with_maximum(1, 1);
        /// assert!(connections.release().is_err());
        /// ```
        pub const fn with_maximum(permits: usize, maximum: usize) -> Semaphore {
            assert!(
                permits <= maximum,
                "a semaphore cannot start with more permits than its maximum"
            );
            Semaphore::of(permits, maximum)
        }
    }

    const_fn! {
        const fn of(permits: usize, maximum: usize) -> Semaphore {
            Semaphore {
                queue: FairQueue::new(Permits {
                    available: permits,
                    borrowed: 0,
                    maximum,
                }),
            }
        }
    }

    /// Waits for a permit.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe, but a cancelled call loses its place in the queue. A permit that was
    /// handed over and not yet received goes to the next waiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    ///
    /// # anyrt::run(async {
    /// let connections = Semaphore::new(2);
    /// let permit = connections.acquire().await;
    /// assert_eq!(connections.available(), 1);
    /// drop(permit);
    /// assert_eq!(connections.available(), 2);
    /// # });
    /// ```
    #[inline]
    pub async fn acquire(&self) -> SemaphorePermit<'_> {
        self.queue.wait((), Wait::Permit).await;
        SemaphorePermit {
            semaphore: Some(self),
        }
    }

    /// Acquires a permit if one is free and no task waits.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    ///
    /// let connections = Semaphore::new(1);
    /// let _permit = connections.try_acquire().unwrap();
    /// assert!(connections.try_acquire().is_err());
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, WouldBlock> {
        self.queue.try_enter(&()).ok_or(WouldBlock)?;
        Ok(SemaphorePermit {
            semaphore: Some(self),
        })
    }

    /// Waits for a permit, like [`acquire`](Semaphore::acquire); the permit owns an `Arc` of the semaphore.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Semaphore::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let connections = Arc::new(Semaphore::new(1));
    /// let permit = connections.acquire_arc().await;
    /// anyrt::to_thread::run(move || drop(permit)).await;
    /// assert_eq!(connections.available(), 1);
    /// # });
    /// ```
    pub fn acquire_arc(self: &Arc<Self>) -> impl Future<Output = SemaphorePermitArc> + use<> {
        let semaphore = self.clone();
        async move {
            semaphore.queue.wait((), Wait::Permit).await;
            SemaphorePermitArc {
                semaphore: Some(semaphore),
            }
        }
    }

    /// Acquires a permit like [`try_acquire`](Semaphore::try_acquire); the permit owns an `Arc` of the
    /// semaphore.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if none is free, or a task waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let connections = Arc::new(Semaphore::new(1));
    /// let permit = connections.try_acquire_arc().unwrap();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(connections.available(), 1);
    /// ```
    pub fn try_acquire_arc(self: &Arc<Self>) -> Result<SemaphorePermitArc, WouldBlock> {
        self.queue.try_enter(&()).ok_or(WouldBlock)?;
        Ok(SemaphorePermitArc {
            semaphore: Some(self.clone()),
        })
    }

    /// Adds a permit: one that was [forgotten](SemaphorePermit::forget), or a new one.
    ///
    /// # Errors
    ///
    /// [`TooManyPermits`] if the number of permits, held ones included, would exceed the maximum.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    ///
    /// let connections = Semaphore::with_maximum(0, 1);
    /// assert!(connections.try_acquire().is_err());
    /// connections.release().unwrap();
    /// assert!(connections.release().is_err(), "the maximum is reached");
    /// assert!(connections.try_acquire().is_ok());
    /// ```
    pub fn release(&self) -> Result<(), TooManyPermits> {
        self.queue.change(|permits| {
            // Permits that are held count too, since they will be available again. The sum cannot overflow:
            // it never exceeds the maximum.
            if permits.available + permits.borrowed >= permits.maximum {
                return Err(TooManyPermits);
            }
            permits.available += 1;
            Ok(())
        })
    }

    /// Returns the number of free permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    ///
    /// let connections = Semaphore::new(2);
    /// let _permit = connections.try_acquire().unwrap();
    /// assert_eq!(connections.available(), 1);
    /// ```
    pub fn available(&self) -> usize {
        self.queue.look(|permits, _| permits.available)
    }

    /// Returns the number of free permits and of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Semaphore;
    ///
    /// let statistics = Semaphore::new(2).statistics();
    /// assert_eq!((statistics.available, statistics.waiting), (2, 0));
    /// ```
    pub fn statistics(&self) -> SemaphoreStatistics {
        self.queue.look(|permits, waiting| SemaphoreStatistics {
            available: permits.available,
            maximum: Some(permits.maximum).filter(|maximum| *maximum != UNBOUNDED),
            waiting,
        })
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.statistics();
        f.debug_struct("Semaphore")
            .field("available", &statistics.available)
            .field("waiting", &statistics.waiting)
            .finish_non_exhaustive()
    }
}

/// A permit of a [`Semaphore`]; dropping it hands it to the next waiter.
#[must_use = "the permit is released when it is dropped"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    /// `None` after `forget`.
    semaphore: Option<&'a Semaphore>,
}

/// A [`SemaphorePermit`] that owns an `Arc` of the semaphore.
#[must_use = "the permit is released when it is dropped"]
#[derive(Debug)]
pub struct SemaphorePermitArc {
    /// `None` after `forget`.
    semaphore: Option<Arc<Semaphore>>,
}

/// Implements the methods of both types of permits.
macro_rules! permit {
    ($permit:ty) => {
        impl $permit {
            /// Forgets the permit: the semaphore has one permit less, until one is
            /// [released](Semaphore::release).
            ///
            /// # Examples
            ///
            /// ```
            /// use anyrt::sync::Semaphore;
            ///
            /// let connections = Semaphore::new(1);
            /// connections.try_acquire().unwrap().forget();
            /// assert_eq!(connections.available(), 0);
            /// connections.release().unwrap();
            /// assert_eq!(connections.available(), 1);
            /// ```
            pub fn forget(mut self) {
                if let Some(semaphore) = self.semaphore.take() {
                    // Nothing becomes available, so no waiter can be served.
                    semaphore.queue.change(|permits| permits.borrowed -= 1);
                }
            }
        }

        impl Drop for $permit {
            #[inline]
            fn drop(&mut self) {
                if let Some(semaphore) = self.semaphore.take() {
                    // The queue hands the permit to the first waiter before it unlocks.
                    semaphore.queue.change(|permits| permits.give_back(&()));
                }
            }
        }
    };
}

permit!(SemaphorePermit<'_>);
permit!(SemaphorePermitArc);
