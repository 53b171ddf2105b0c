use std::fmt;

use thiserror::Error as ThisError;

use super::line::{Line, Resource};
use crate::engine::Wait;
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// A number of permits, each of which one task at a time may have.
///
/// Whoever waits gets a permit in the order of arrival, handed over by whoever releases one: the
/// number of free permits stays zero meanwhile, and [`try_acquire`](Semaphore::try_acquire) fails.
///
/// A permit comes back when its guard is dropped. For signals that go from one task to another,
/// take it with [`forget`](SemaphorePermit::forget) on one side, and [`release`](Semaphore::release)
/// it on the other.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::Semaphore;
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
    line: Line<Permits>,
}

struct Permits {
    available: usize,
    /// How many are held by guards, or handed to somebody who has not run yet.
    borrowed: usize,
    maximum: usize,
}

impl Resource for Permits {
    type Ask = ();
    type Grant = ();

    #[inline]
    fn admit(&mut self, (): &()) -> bool {
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

/// A permit more than there may be was released; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error(
    "more permits were released than the semaphore may have: release only what was acquired, and \
     forgotten"
)]
#[non_exhaustive]
pub struct TooManyPermits;

/// What is known about a [`Semaphore`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SemaphoreStatistics {
    /// How many permits are free.
    pub available: usize,
    /// How many permits there may be, those that are held included; none if any number.
    pub maximum: Option<usize>,
    /// How many wait for one.
    pub waiting: usize,
}

/// Stands for no maximum: one that is never reached.
const UNBOUNDED: usize = usize::MAX;

impl Semaphore {
    const_fn! {
        /// A semaphore with so many permits, to which any number may be added.
        pub const fn new(permits: usize) -> Semaphore {
            Semaphore::of(permits, UNBOUNDED)
        }
    }

    const_fn! {
        /// A semaphore with so many permits, and never more than `maximum`.
        ///
        /// # Panics
        ///
        /// If there are more permits than that.
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
                line: Line::new(Permits {
                    available: permits,
                    borrowed: 0,
                    maximum,
                }),
            }
        }
    }

    /// Waits for a permit.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but gives up its place in the queue. A permit that was handed over and not
    /// taken goes to the next.
    #[inline]
    pub async fn acquire(&self) -> SemaphorePermit<'_> {
        self.line.wait((), Wait::Permit).await;
        SemaphorePermit {
            semaphore: Some(self),
        }
    }

    /// Takes a permit if one is free and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, WouldBlock> {
        self.line.try_enter(&()).ok_or(WouldBlock)?;
        Ok(SemaphorePermit {
            semaphore: Some(self),
        })
    }

    /// [`acquire`](Semaphore::acquire) with a permit that borrows nothing.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Semaphore::acquire).
    pub fn acquire_arc(self: &Arc<Self>) -> impl Future<Output = SemaphorePermitArc> + use<> {
        let semaphore = self.clone();
        async move {
            semaphore.line.wait((), Wait::Permit).await;
            SemaphorePermitArc {
                semaphore: Some(semaphore),
            }
        }
    }

    /// [`try_acquire`](Semaphore::try_acquire) with a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if none is free, or somebody waits.
    pub fn try_acquire_arc(self: &Arc<Self>) -> Result<SemaphorePermitArc, WouldBlock> {
        self.line.try_enter(&()).ok_or(WouldBlock)?;
        Ok(SemaphorePermitArc {
            semaphore: Some(self.clone()),
        })
    }

    /// Adds a permit: one that was [forgotten](SemaphorePermit::forget), or a new one.
    ///
    /// # Errors
    ///
    /// [`TooManyPermits`] if there would be more than the maximum, those that are held included.
    pub fn release(&self) -> Result<(), TooManyPermits> {
        self.line.change(|permits| {
            if permits.available + permits.borrowed >= permits.maximum {
                return Err(TooManyPermits);
            }
            permits.available += 1;
            Ok(())
        })
    }

    /// How many permits are free.
    pub fn available(&self) -> usize {
        self.line.look(|permits, _| permits.available)
    }

    /// How many permits are free and how many wait, at this moment.
    pub fn statistics(&self) -> SemaphoreStatistics {
        self.line.look(|permits, waiting| SemaphoreStatistics {
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

/// A permit of a [`Semaphore`], which goes to the next when dropped.
#[must_use = "the permit is released when it is dropped"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    /// None once it is forgotten.
    semaphore: Option<&'a Semaphore>,
}

/// A [`SemaphorePermit`] that borrows nothing.
#[must_use = "the permit is released when it is dropped"]
#[derive(Debug)]
pub struct SemaphorePermitArc {
    /// None once it is forgotten.
    semaphore: Option<Arc<Semaphore>>,
}

/// What both kinds of permits have in common.
macro_rules! permit {
    ($permit:ty) => {
        impl $permit {
            /// Keeps the permit from coming back: there is one less, until one is
            /// [released](Semaphore::release).
            pub fn forget(mut self) {
                if let Some(semaphore) = self.semaphore.take() {
                    semaphore.line.change(|permits| permits.borrowed -= 1);
                }
            }
        }

        impl Drop for $permit {
            #[inline]
            fn drop(&mut self) {
                if let Some(semaphore) = self.semaphore.take() {
                    semaphore.line.change(|permits| permits.give_back(&()));
                }
            }
        }
    };
}

permit!(SemaphorePermit<'_>);
permit!(SemaphorePermitArc);
