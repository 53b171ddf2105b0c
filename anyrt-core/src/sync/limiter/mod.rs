//! [`CapacityLimiter`]: a set of borrowers, of limited size, as a [`Resource`] of a [`FairQueue`].
//!
//! [`Resource`]: super::fair_queue::Resource

mod resource;
mod token;

use std::collections::BTreeMap;
use std::fmt;

use self::resource::{Acquisition, Tokens};
pub use self::token::{CapacityToken, CapacityTokenArc};
use super::borrower::{AlreadyBorrowing, Borrower, NotBorrowing, TryBorrowError};
use super::fair_queue::FairQueue;
use crate::engine::Wait;
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// A limiter: a number of tokens, each with one borrower. The number can be changed while tokens are in use.
///
/// A borrower has at most one token. By default each acquisition counts as a separate borrower. To limit a
/// task, a user or a connection to one token, acquire on its behalf.
///
/// Waiting tasks receive tokens in order of arrival. A returned token is handed over to the first waiting
/// task.
///
/// # Examples
///
/// ```
/// use anyrt::sync::CapacityLimiter;
///
/// static WORKERS: CapacityLimiter = CapacityLimiter::new(1);
///
/// let token = WORKERS.try_acquire().unwrap();
/// assert!(WORKERS.try_acquire().is_err());
/// WORKERS.set_total(2);
/// let other = WORKERS.try_acquire_on_behalf_of("alice").unwrap();
/// assert_eq!(WORKERS.statistics().borrowed, 2);
/// # drop((token, other));
/// ```
pub struct CapacityLimiter {
    queue: FairQueue<Tokens>,
}

/// A snapshot of the state of a [`CapacityLimiter`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityStatistics {
    /// The number of tokens; [`CapacityLimiter::UNBOUNDED`] if there is no limit.
    pub total: usize,
    /// The number of borrowed tokens. Greater than the total after the total was lowered.
    pub borrowed: usize,
    /// The number of free tokens; [`CapacityLimiter::UNBOUNDED`] if there is no limit.
    pub available: usize,
    /// The borrowers that have a token, or were handed one and have not been polled since, in the order of
    /// `Ord`.
    pub borrowers: Vec<Borrower>,
    /// The number of waiting tasks.
    pub waiting: usize,
}

impl CapacityLimiter {
    /// A total that stands for no limit.
    pub const UNBOUNDED: usize = usize::MAX;

    const_fn! {
        /// Creates a limiter with this number of tokens. With zero, every acquisition waits until the total
        /// is raised.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::CapacityLimiter;
        ///
        /// static UPLOADS: CapacityLimiter = CapacityLimiter::new(4);
        /// assert_eq!(UPLOADS.total(), 4);
        /// ```
        pub const fn new(total: usize) -> CapacityLimiter {
            CapacityLimiter {
                queue: FairQueue::new(Tokens {
                    total,
                    borrowers: BTreeMap::new(),
                }),
            }
        }
    }

    /// Returns the number of tokens.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// assert_eq!(CapacityLimiter::new(40).total(), 40);
    /// ```
    pub fn total(&self) -> usize {
        self.queue.look(|tokens, _| tokens.total)
    }

    /// Sets the number of tokens. If it grows, waiting tasks receive the new tokens at once, the oldest
    /// first. If it shrinks, the difference takes effect as tokens are returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// let limiter = CapacityLimiter::new(1);
    /// let _first = limiter.try_acquire().unwrap();
    /// assert!(limiter.try_acquire().is_err());
    ///
    /// limiter.set_total(2);
    /// assert!(limiter.try_acquire().is_ok());
    /// ```
    pub fn set_total(&self, total: usize) {
        self.queue.change(|tokens| tokens.total = total);
    }

    /// Waits for a token.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe, but a cancelled call loses its place in the queue. A token that was handed
    /// over and not yet received goes to the next waiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// # anyrt::run(async {
    /// let limiter = CapacityLimiter::new(1);
    /// let token = limiter.acquire().await;
    /// assert_eq!(limiter.statistics().borrowed, 1);
    /// drop(token);
    /// assert_eq!(limiter.statistics().borrowed, 0);
    /// # });
    /// ```
    pub async fn acquire(&self) -> CapacityToken<'_> {
        let Ok(token) = self.borrow(Acquisition::single()).await else {
            unreachable!("{SINGLE}");
        };
        token
    }

    /// Waits for a token for this borrower.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowing`] if the borrower has a token now, or when the call reaches the front of the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// # anyrt::run(async {
    /// let limiter = CapacityLimiter::new(10);
    /// let _token = limiter.acquire_on_behalf_of("tenant 7").await.unwrap();
    /// assert!(limiter.acquire_on_behalf_of("tenant 7").await.is_err(), "one token each");
    /// assert!(limiter.acquire_on_behalf_of("tenant 8").await.is_ok());
    /// # });
    /// ```
    pub async fn acquire_on_behalf_of(
        &self,
        borrower: impl Into<Borrower>,
    ) -> Result<CapacityToken<'_>, AlreadyBorrowing> {
        self.borrow(Acquisition::of(borrower.into())).await
    }

    async fn borrow(&self, loan: Acquisition) -> Result<CapacityToken<'_>, AlreadyBorrowing> {
        // A call that is dropped here returns its token through the queue. Afterwards the guard does.
        self.queue.wait(loan.clone(), Wait::Token).await?;
        Ok(CapacityToken {
            limiter: self,
            loan: Some(loan),
        })
    }

    /// Waits for a token, like [`acquire`](CapacityLimiter::acquire); the token owns an `Arc` of the limiter,
    /// so it can be moved to another thread and dropped there.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let limiter = Arc::new(CapacityLimiter::new(1));
    /// let token = limiter.acquire_arc().await;
    /// std::thread::spawn(move || drop(token)).join().unwrap();
    /// assert!(limiter.try_acquire().is_ok());
    /// # });
    /// ```
    pub fn acquire_arc(self: &Arc<Self>) -> impl Future<Output = CapacityTokenArc> + use<> {
        let borrow = self.borrow_arc(Acquisition::single());
        async move {
            let Ok(token) = borrow.await else {
                unreachable!("{SINGLE}");
            };
            token
        }
    }

    /// Waits for a token for this borrower, like
    /// [`acquire_on_behalf_of`](CapacityLimiter::acquire_on_behalf_of); the token owns an `Arc` of the
    /// limiter.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowing`] if the borrower has a token now, or when the call reaches the front of the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let limiter = Arc::new(CapacityLimiter::new(10));
    /// let _token = limiter.acquire_arc_on_behalf_of(7).await.unwrap();
    /// assert!(limiter.acquire_arc_on_behalf_of(7).await.is_err(), "one token each");
    /// # });
    /// ```
    pub fn acquire_arc_on_behalf_of<B: Into<Borrower>>(
        self: &Arc<Self>,
        borrower: B,
    ) -> impl Future<Output = Result<CapacityTokenArc, AlreadyBorrowing>> + use<B> {
        self.borrow_arc(Acquisition::of(borrower.into()))
    }

    /// Waits for a token, like [`acquire_arc`](CapacityLimiter::acquire_arc), as a part of an operation that
    /// has already begun.
    pub(crate) fn acquire_arc_started(
        self: &Arc<Self>,
    ) -> impl Future<Output = CapacityTokenArc> + use<> {
        let limiter = self.clone();
        async move {
            let loan = Acquisition::single();
            let borrowed = limiter.queue.wait_on(loan.clone(), Wait::Token).await;
            borrowed.expect(SINGLE);
            CapacityTokenArc {
                limiter,
                loan: Some(loan),
            }
        }
    }

    fn borrow_arc(
        self: &Arc<Self>,
        loan: Acquisition,
    ) -> impl Future<Output = Result<CapacityTokenArc, AlreadyBorrowing>> + use<> {
        let limiter = self.clone();
        async move {
            limiter.queue.wait(loan.clone(), Wait::Token).await?;
            Ok(CapacityTokenArc {
                limiter,
                loan: Some(loan),
            })
        }
    }

    /// Acquires a token if one is free and no task waits.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// let limiter = CapacityLimiter::new(1);
    /// let token = limiter.try_acquire().unwrap();
    /// assert!(limiter.try_acquire().is_err());
    /// drop(token);
    /// assert!(limiter.try_acquire().is_ok());
    /// ```
    pub fn try_acquire(&self) -> Result<CapacityToken<'_>, WouldBlock> {
        match self.try_borrow(&Acquisition::single()) {
            Ok(loan) => Ok(CapacityToken {
                limiter: self,
                loan: Some(loan),
            }),
            Err(_) => Err(WouldBlock),
        }
    }

    /// Acquires a token for this borrower if one is free and no task waits.
    ///
    /// # Errors
    ///
    /// - [`TryBorrowError::WouldBlock`]: no token is free, or a task waits.
    /// - [`TryBorrowError::AlreadyBorrowing`]: the borrower has a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{CapacityLimiter, TryBorrowError};
    ///
    /// # anyrt::run(async {
    /// let limiter = CapacityLimiter::new(10);
    /// let _token = limiter.try_acquire_on_behalf_of("tenant 7").unwrap();
    /// let again = limiter.try_acquire_on_behalf_of("tenant 7").unwrap_err();
    /// assert!(matches!(again, TryBorrowError::AlreadyBorrowing(_)));
    /// # });
    /// ```
    pub fn try_acquire_on_behalf_of(
        &self,
        borrower: impl Into<Borrower>,
    ) -> Result<CapacityToken<'_>, TryBorrowError> {
        let loan = self.try_borrow(&Acquisition::of(borrower.into()))?;
        Ok(CapacityToken {
            limiter: self,
            loan: Some(loan),
        })
    }

    /// Acquires a token like [`try_acquire`](CapacityLimiter::try_acquire); the token owns an `Arc` of the
    /// limiter.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if no token is free, or a task waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(CapacityLimiter::new(1));
    /// let token = limiter.try_acquire_arc().unwrap();
    /// drop(limiter); // the token keeps it
    /// drop(token);
    /// ```
    pub fn try_acquire_arc(self: &Arc<Self>) -> Result<CapacityTokenArc, WouldBlock> {
        match self.try_borrow(&Acquisition::single()) {
            Ok(loan) => Ok(CapacityTokenArc {
                limiter: self.clone(),
                loan: Some(loan),
            }),
            Err(_) => Err(WouldBlock),
        }
    }

    fn try_borrow(&self, loan: &Acquisition) -> Result<Acquisition, TryBorrowError> {
        // Two errors: no grant, or a grant of the error of `collect`.
        self.queue.try_enter(loan).ok_or(WouldBlock)??;
        Ok(loan.clone())
    }

    /// Returns the token of this borrower, which was [forgotten](CapacityToken::forget) after its
    /// acquisition.
    ///
    /// # Errors
    ///
    /// [`NotBorrowing`] if the borrower has no token.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    ///
    /// let limiter = CapacityLimiter::new(1);
    /// limiter.try_acquire_on_behalf_of("tenant 7").unwrap().forget();
    /// assert_eq!(limiter.statistics().borrowed, 1);
    ///
    /// limiter.release_on_behalf_of("tenant 7").unwrap();
    /// assert!(limiter.release_on_behalf_of("tenant 7").is_err());
    /// ```
    pub fn release_on_behalf_of(&self, borrower: impl Into<Borrower>) -> Result<(), NotBorrowing> {
        let borrower = borrower.into();
        let released = self.queue.change(|tokens| {
            let held = tokens.borrowers.get(&borrower);
            // A token that was handed to a waiter cannot be released before the waiter has received it: its
            // `collect` would fail.
            let taken = held.is_some_and(|held| held.taken);
            taken && tokens.borrowers.remove(&borrower).is_some()
        });
        released
            .then_some(())
            .ok_or_else(|| NotBorrowing::new(borrower))
    }

    /// Returns the borrowers of the tokens and the number of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Borrower, CapacityLimiter};
    ///
    /// let limiter = CapacityLimiter::new(2);
    /// let _token = limiter.try_acquire_on_behalf_of("tenant 7").unwrap();
    /// let statistics = limiter.statistics();
    /// assert_eq!((statistics.borrowed, statistics.total), (1, 2));
    /// assert_eq!(statistics.borrowers, [Borrower::from("tenant 7")]);
    /// ```
    pub fn statistics(&self) -> CapacityStatistics {
        self.queue.look(|tokens, waiting| {
            let borrowed = tokens.borrowers.len();
            CapacityStatistics {
                total: tokens.total,
                borrowed,
                available: match tokens.total {
                    CapacityLimiter::UNBOUNDED => CapacityLimiter::UNBOUNDED,
                    total => total.saturating_sub(borrowed),
                },
                borrowers: tokens.borrowers.keys().cloned().collect(),
                waiting,
            }
        })
    }
}

// The borrower of a single acquisition is unique, so it cannot have a token already.
const SINGLE: &str = "the borrower of a single acquisition is unique, so it has no token yet";

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.statistics();
        f.debug_struct("CapacityLimiter")
            .field("total", &statistics.total)
            .field("borrowed", &statistics.borrowed)
            .field("waiting", &statistics.waiting)
            .finish_non_exhaustive()
    }
}
