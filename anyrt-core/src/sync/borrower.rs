//! The borrowers of a limiter, and the errors of borrowing.

use std::fmt;

use thiserror::Error as ThisError;

use crate::error::WouldBlock;
use crate::loom::Arc;
use crate::task::TaskId;

/// A borrower of a token of a [`CapacityLimiter`](super::CapacityLimiter).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Borrower {
    /// A single acquisition, with a unique number. Only the limiter creates these.
    #[non_exhaustive]
    Acquisition(u64),
    /// A task.
    Task(TaskId),
    /// A number that the program chose.
    Number(u64),
    /// A name that the program chose.
    Name(Arc<str>),
}

impl From<TaskId> for Borrower {
    fn from(task: TaskId) -> Self {
        Borrower::Task(task)
    }
}

impl From<u64> for Borrower {
    fn from(number: u64) -> Self {
        Borrower::Number(number)
    }
}

impl From<&str> for Borrower {
    fn from(name: &str) -> Self {
        Borrower::Name(name.into())
    }
}

impl From<String> for Borrower {
    fn from(name: String) -> Self {
        Borrower::Name(name.into())
    }
}

impl fmt::Display for Borrower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Borrower::Acquisition(number) => write!(f, "acquisition {number}"),
            Borrower::Task(task) => write!(f, "task {task}"),
            Borrower::Number(number) => write!(f, "borrower {number}"),
            Borrower::Name(name) => write!(f, "borrower `{name}`"),
        }
    }
}

/// Error: the borrower already has its one token. The limiter is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{borrower} has a token of this limiter already: give it back first")]
pub struct AlreadyBorrowing {
    borrower: Borrower,
}

impl AlreadyBorrowing {
    pub(super) fn new(borrower: Borrower) -> AlreadyBorrowing {
        AlreadyBorrowing { borrower }
    }

    /// Returns the borrower.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Borrower, CapacityLimiter};
    ///
    /// # anyrt::run(async {
    /// let limiter = CapacityLimiter::new(2);
    /// let _token = limiter.acquire_on_behalf_of("tenant 7").await.unwrap();
    /// let error = limiter.acquire_on_behalf_of("tenant 7").await.unwrap_err();
    /// assert_eq!(error.borrower(), &Borrower::from("tenant 7"));
    /// # });
    /// ```
    pub fn borrower(&self) -> &Borrower {
        &self.borrower
    }
}

/// Error: the borrower has no token to return. The limiter is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{borrower} has no token of this limiter to give back")]
pub struct NotBorrowing {
    borrower: Borrower,
}

impl NotBorrowing {
    pub(super) fn new(borrower: Borrower) -> NotBorrowing {
        NotBorrowing { borrower }
    }

    /// Returns the borrower.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Borrower, CapacityLimiter};
    ///
    /// let error = CapacityLimiter::new(1).release_on_behalf_of(7).unwrap_err();
    /// assert_eq!(error.borrower(), &Borrower::from(7));
    /// ```
    pub fn borrower(&self) -> &Borrower {
        &self.borrower
    }
}

/// Error: no token can be acquired at once.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum TryBorrowError {
    /// No token is free, or a task waits.
    #[error(transparent)]
    WouldBlock(#[from] WouldBlock),
    /// The borrower has a token already.
    #[error(transparent)]
    AlreadyBorrowing(#[from] AlreadyBorrowing),
}
