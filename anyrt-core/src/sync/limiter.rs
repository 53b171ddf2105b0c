use std::collections::BTreeMap;
use std::fmt;

use super::borrower::{AlreadyBorrowing, Borrower, NotBorrowing, TryBorrowError};
use super::line::{Line, Resource};
use crate::engine::{Wait, poll_state};
use crate::error::WouldBlock;
use crate::loom::{Arc, const_fn};

/// A number of tokens, each of which one borrower at a time may have; the number can be changed
/// while they are in use.
///
/// A borrower has one token at most. Usually each acquisition is a borrower of its own; where a
/// task, a user or a connection should not have two, borrow on its behalf.
///
/// Whoever waits gets a token in the order of arrival, handed over by whoever gives one back.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::CapacityLimiter;
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
    line: Line<Tokens>,
}

struct Tokens {
    total: usize,
    borrowers: BTreeMap<Borrower, Held>,
}

/// A token that is in use.
struct Held {
    /// The number of the acquisition.
    serial: u64,
    /// False while it was handed to a waiter that has not run since.
    taken: bool,
}

/// One acquisition.
#[derive(Clone, Debug)]
struct Loan {
    borrower: Borrower,
    serial: u64,
}

impl Loan {
    fn of(borrower: Borrower) -> Loan {
        let serial = poll_state::next_serial();
        Loan { borrower, serial }
    }

    fn single() -> Loan {
        let serial = poll_state::next_serial();
        Loan {
            borrower: Borrower::Acquisition(serial),
            serial,
        }
    }
}

impl Tokens {
    /// The token of this acquisition, if it has one.
    fn held(&mut self, loan: &Loan) -> Option<&mut Held> {
        let held = self.borrowers.get_mut(&loan.borrower)?;
        (held.serial == loan.serial).then_some(held)
    }
}

impl Resource for Tokens {
    type Ask = Loan;
    type Grant = Result<(), AlreadyBorrowing>;

    fn admit(&mut self, loan: &Loan) -> bool {
        // Who has one already is let in to be told so.
        let borrows = self.borrowers.contains_key(&loan.borrower);
        if !borrows && self.borrowers.len() < self.total {
            let held = Held {
                serial: loan.serial,
                taken: false,
            };
            self.borrowers.insert(loan.borrower.clone(), held);
            return true;
        }
        borrows
    }

    fn collect(&mut self, loan: &Loan) -> Result<(), AlreadyBorrowing> {
        let held = self.held(loan);
        held.ok_or_else(|| AlreadyBorrowing::new(loan.borrower.clone()))?
            .taken = true;
        Ok(())
    }

    fn give_back(&mut self, loan: &Loan) {
        if self.held(loan).is_some() {
            self.borrowers.remove(&loan.borrower);
        }
    }

    fn enter(&mut self, loan: &Loan, waiting: usize) -> Option<Result<(), AlreadyBorrowing>> {
        let borrows = self.borrowers.contains_key(&loan.borrower);
        let enters = borrows || (waiting == 0 && self.admit(loan));
        enters.then(|| self.collect(loan))
    }
}

/// What is known about a [`CapacityLimiter`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityStatistics {
    /// How many tokens there are; [`CapacityLimiter::UNLIMITED`] for any number.
    pub total: usize,
    /// How many are borrowed. More than the total if that was lowered.
    pub borrowed: usize,
    /// How many could be borrowed; [`CapacityLimiter::UNLIMITED`] for any number.
    pub available: usize,
    /// Who has one, or was handed one and has not run yet; in the order of their keys.
    pub borrowers: Vec<Borrower>,
    /// How many wait for one.
    pub waiting: usize,
}

impl CapacityLimiter {
    /// A total that is never reached.
    pub const UNLIMITED: usize = usize::MAX;

    const_fn! {
        /// A limiter with so many tokens. With none, nobody gets in until there are more.
        pub const fn new(total: usize) -> CapacityLimiter {
            CapacityLimiter {
                line: Line::new(Tokens {
                    total,
                    borrowers: BTreeMap::new(),
                }),
            }
        }
    }

    /// How many tokens there are.
    pub fn total(&self) -> usize {
        self.line.look(|tokens, _| tokens.total)
    }

    /// Changes the number of tokens. More let in as many of those who wait as fit, oldest first,
    /// at once; fewer take effect as tokens come back.
    pub fn set_total(&self, total: usize) {
        self.line.change(|tokens| tokens.total = total);
    }

    /// Waits for a token.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but gives up its place in the queue. A token that was handed over and not
    /// taken goes to the next.
    pub async fn acquire(&self) -> CapacityToken<'_> {
        let Ok(token) = self.borrow(Loan::single()).await else {
            unreachable!("{SINGLE}");
        };
        token
    }

    /// Waits for a token for this borrower.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowing`] if the borrower has a token now, or when its turn comes.
    pub async fn acquire_on_behalf_of(
        &self,
        borrower: impl Into<Borrower>,
    ) -> Result<CapacityToken<'_>, AlreadyBorrowing> {
        self.borrow(Loan::of(borrower.into())).await
    }

    async fn borrow(&self, loan: Loan) -> Result<CapacityToken<'_>, AlreadyBorrowing> {
        self.line.wait(loan.clone(), Wait::Token).await?;
        Ok(CapacityToken {
            limiter: self,
            loan: Some(loan),
        })
    }

    /// [`acquire`](CapacityLimiter::acquire) with a token that borrows nothing: it can be moved to
    /// another thread, and be given back there.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    pub fn acquire_arc(self: &Arc<Self>) -> impl Future<Output = CapacityTokenArc> + use<> {
        let borrow = self.borrow_arc(Loan::single());
        async move {
            let Ok(token) = borrow.await else {
                unreachable!("{SINGLE}");
            };
            token
        }
    }

    /// [`acquire_on_behalf_of`](CapacityLimiter::acquire_on_behalf_of) with a token that borrows
    /// nothing.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](CapacityLimiter::acquire).
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowing`] if the borrower has a token now, or when its turn comes.
    pub fn acquire_arc_on_behalf_of<B: Into<Borrower>>(
        self: &Arc<Self>,
        borrower: B,
    ) -> impl Future<Output = Result<CapacityTokenArc, AlreadyBorrowing>> + use<B> {
        self.borrow_arc(Loan::of(borrower.into()))
    }

    /// [`acquire_arc`](CapacityLimiter::acquire_arc) as a part of an operation that has started already.
    pub(crate) fn acquire_arc_started(
        self: &Arc<Self>,
    ) -> impl Future<Output = CapacityTokenArc> + use<> {
        let limiter = self.clone();
        async move {
            let loan = Loan::single();
            let borrowed = limiter.line.wait_on(loan.clone(), Wait::Token).await;
            borrowed.expect(SINGLE);
            CapacityTokenArc {
                limiter,
                loan: Some(loan),
            }
        }
    }

    fn borrow_arc(
        self: &Arc<Self>,
        loan: Loan,
    ) -> impl Future<Output = Result<CapacityTokenArc, AlreadyBorrowing>> + use<> {
        let limiter = self.clone();
        async move {
            limiter.line.wait(loan.clone(), Wait::Token).await?;
            Ok(CapacityTokenArc {
                limiter,
                loan: Some(loan),
            })
        }
    }

    /// Takes a token if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] otherwise.
    pub fn try_acquire(&self) -> Result<CapacityToken<'_>, WouldBlock> {
        match self.try_borrow(&Loan::single()) {
            Ok(loan) => Ok(CapacityToken {
                limiter: self,
                loan: Some(loan),
            }),
            Err(_) => Err(WouldBlock),
        }
    }

    /// Takes a token for this borrower if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// - [`TryBorrowError::WouldBlock`]: none is free, or others wait.
    /// - [`TryBorrowError::AlreadyBorrowing`]: the borrower has one.
    pub fn try_acquire_on_behalf_of(
        &self,
        borrower: impl Into<Borrower>,
    ) -> Result<CapacityToken<'_>, TryBorrowError> {
        let loan = self.try_borrow(&Loan::of(borrower.into()))?;
        Ok(CapacityToken {
            limiter: self,
            loan: Some(loan),
        })
    }

    /// [`try_acquire`](CapacityLimiter::try_acquire) with a token that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if none is free, or others wait.
    pub fn try_acquire_arc(self: &Arc<Self>) -> Result<CapacityTokenArc, WouldBlock> {
        match self.try_borrow(&Loan::single()) {
            Ok(loan) => Ok(CapacityTokenArc {
                limiter: self.clone(),
                loan: Some(loan),
            }),
            Err(_) => Err(WouldBlock),
        }
    }

    fn try_borrow(&self, loan: &Loan) -> Result<Loan, TryBorrowError> {
        self.line.try_enter(loan).ok_or(WouldBlock)??;
        Ok(loan.clone())
    }

    /// Gives back the token of this borrower, which was [forgotten](CapacityToken::forget) when it
    /// was acquired.
    ///
    /// # Errors
    ///
    /// [`NotBorrowing`] if it has none.
    pub fn release_on_behalf_of(&self, borrower: impl Into<Borrower>) -> Result<(), NotBorrowing> {
        let borrower = borrower.into();
        let released = self.line.change(|tokens| {
            let held = tokens.borrowers.get(&borrower);
            let taken = held.is_some_and(|held| held.taken);
            taken && tokens.borrowers.remove(&borrower).is_some()
        });
        released
            .then_some(())
            .ok_or_else(|| NotBorrowing::new(borrower))
    }

    /// Who has the tokens and how many wait, at this moment.
    pub fn statistics(&self) -> CapacityStatistics {
        self.line.look(|tokens, waiting| {
            let borrowed = tokens.borrowers.len();
            CapacityStatistics {
                total: tokens.total,
                borrowed,
                available: match tokens.total {
                    CapacityLimiter::UNLIMITED => CapacityLimiter::UNLIMITED,
                    total => total.saturating_sub(borrowed),
                },
                borrowers: tokens.borrowers.keys().cloned().collect(),
                waiting,
            }
        })
    }
}

const SINGLE: &str = "an acquisition with a number of its own has no token yet";

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

/// A token of a [`CapacityLimiter`], which goes to the next when dropped.
#[must_use = "the token is given back when it is dropped"]
#[derive(Debug)]
pub struct CapacityToken<'a> {
    limiter: &'a CapacityLimiter,
    /// None once it is forgotten.
    loan: Option<Loan>,
}

/// A [`CapacityToken`] that borrows nothing.
#[must_use = "the token is given back when it is dropped"]
#[derive(Debug)]
pub struct CapacityTokenArc {
    limiter: Arc<CapacityLimiter>,
    /// None once it is forgotten.
    loan: Option<Loan>,
}

/// What both kinds of tokens have in common.
macro_rules! token {
    ($token:ty) => {
        impl $token {
            /// Keeps the token from coming back: its borrower has it until it is
            /// [released](CapacityLimiter::release_on_behalf_of) on its behalf.
            pub fn forget(mut self) {
                self.loan = None;
            }
        }

        impl Drop for $token {
            fn drop(&mut self) {
                if let Some(loan) = self.loan.take() {
                    self.limiter.line.change(|tokens| tokens.give_back(&loan));
                }
            }
        }
    };
}

token!(CapacityToken<'_>);
token!(CapacityTokenArc);
