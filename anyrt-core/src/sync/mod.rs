//! Synchronization primitives for tasks.
//!
//! | type | purpose |
//! | --- | --- |
//! | [`Event`] | a one-time signal |
//! | [`Mutex`] | a value with one user at a time |
//! | [`RwLock`] | a value with many readers or one writer |
//! | [`Condition`] | a wait for a change of the value in a mutex |
//! | [`Semaphore`] | a number of permits |
//! | [`CapacityLimiter`] | a number of tokens, with a record of their borrowers |
//! | [`Barrier`] | a rendezvous of a fixed number of tasks |
//! | [`Promise`] | a value that is set once, later |
//! | [`ResourceGuard`] | detection of a second, concurrent use |
//!
//! The primitives do not belong to a runtime or a run. They can be created before there is one, in statics
//! too, and be shared between several.
//!
//! All of them are fair. Waiters are served in order of arrival. A released lock, permit or token is *handed
//! over* to the first waiter, so later callers cannot overtake it, not even with the `try_` functions. A
//! waiter that is cancelled leaves the queue; anything that was handed to it and not yet received goes to the
//! next waiter. The `statistics()` of each primitive return its current state.
//!
//! # Polling by hand
//!
//! Each task has a budget of operations that it can begin before it yields to other tasks. If the budget is
//! used up, the first poll of an operation wakes the task and returns `Pending`, before the operation begins:
//! the operation has no effect and no place in the queue yet, and `statistics()` does not count it. The next
//! poll begins it. With `.await` that makes no difference. Code that polls a future by hand, to put it into
//! the queue before it does something else, must poll again until `statistics()` shows it. In a cancelled
//! scope an operation does not begin at all.
//!
//! ```text
//!   Mutex  RwLock  Semaphore  CapacityLimiter  Condition  Barrier   Event    the resource
//!      └──────┴────────┴────────┬───────┴──────────┴─────────┘        │
//!                            fair_queue.rs                                 │       order of service
//!                            queue.rs ◀──────────────────────────────┘       the waiters
//! ```

use std::future::poll_fn;

use crate::engine::Operation;

mod barrier;
mod borrower;
mod condition;
mod event;
mod fair_queue;
mod guard;
mod limiter;
#[cfg(all(test, loom))]
mod loom_tests;
mod mutex;
mod promise;
mod queue;
mod resource_guard;
mod rw_lock;
mod semaphore;
#[cfg(all(test, not(loom)))]
mod tests;

pub use self::barrier::{Barrier, BarrierStatistics};
pub use self::borrower::{AlreadyBorrowing, Borrower, NotBorrowing, TryBorrowError};
pub use self::condition::{Condition, ConditionStatistics};
pub use self::event::{Event, EventStatistics};
pub use self::guard::LockGuard;
pub use self::limiter::{CapacityLimiter, CapacityStatistics, CapacityToken, CapacityTokenArc};
pub use self::mutex::{Mutex, MutexGuard, MutexGuardArc, MutexStatistics};
pub use self::promise::{AlreadySettled, Promise, PromiseError, Settled};
pub use self::resource_guard::{ResourceGuard, ResourceUse};
pub use self::rw_lock::{
    RwLock, RwLockReadGuard, RwLockReadGuardArc, RwLockStatistics, RwLockWriteGuard,
    RwLockWriteGuardArc,
};
pub use self::semaphore::{
    Semaphore, SemaphorePermit, SemaphorePermitArc, SemaphoreStatistics, TooManyPermits,
};

/// Begins an operation that can complete without a wait (rules C4 and C11).
#[inline]
pub(crate) async fn begin() {
    let mut operation = Operation::New;
    poll_fn(|cx| operation.begin(cx)).await;
}
