//! Who borrows from a limiter, and what can be wrong with that.

use std::fmt;

use thiserror::Error as ThisError;

use crate::error::WouldBlock;
use crate::loom::Arc;
use crate::task::TaskId;

/// Who borrows a token of a [`CapacityLimiter`](super::CapacityLimiter).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Borrower {
    /// A single acquisition; the number was never used before. Only the limiter makes these.
    #[non_exhaustive]
    Acquisition(u64),
    /// A task.
    Task(TaskId),
    /// Something with a number.
    Number(u64),
    /// Something with a name.
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

/// The borrower has a token already, and may have one only; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{borrower} has a token of this limiter already: give it back first")]
pub struct AlreadyBorrowing {
    borrower: Borrower,
}

impl AlreadyBorrowing {
    pub(super) fn new(borrower: Borrower) -> AlreadyBorrowing {
        AlreadyBorrowing { borrower }
    }

    /// Who has one.
    pub fn borrower(&self) -> &Borrower {
        &self.borrower
    }
}

/// The borrower has no token to give back; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{borrower} has no token of this limiter to give back")]
pub struct NotBorrowing {
    borrower: Borrower,
}

impl NotBorrowing {
    pub(super) fn new(borrower: Borrower) -> NotBorrowing {
        NotBorrowing { borrower }
    }

    /// Who has none.
    pub fn borrower(&self) -> &Borrower {
        &self.borrower
    }
}

/// Why there is no token at once.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum TryBorrowError {
    /// None is free, or others wait.
    #[error(transparent)]
    WouldBlock(#[from] WouldBlock),
    /// The borrower has one already.
    #[error(transparent)]
    AlreadyBorrowing(#[from] AlreadyBorrowing),
}
