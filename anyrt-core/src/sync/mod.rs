//! Ways for tasks to wait for one another.
//!
//! | type | what it is for |
//! | --- | --- |
//! | [`Event`] | something that happens once |
//! | [`Mutex`] | a value that one task at a time may use |
//! | [`RwLock`] | a value that many may read, or one may change |
//! | [`Condition`] | waiting until the value in a mutex is as it should be |
//! | [`Semaphore`] | a number of permits |
//! | [`CapacityLimiter`] | a number of tokens, with a record of who has them |
//! | [`Barrier`] | a number of tasks that go on together |
//! | [`Promise`] | a value that comes later |
//! | [`ResourceGuard`] | finding out that two tasks use what one at a time may use |
//!
//! None of them belongs to a runtime or a run: they may be made before there is one, in statics
//! too, and be shared between several.
//!
//! All are fair. Who comes first is served first, and is *handed* what it waits for: nobody who
//! comes later gets in between, not with the `try_` functions either. Whoever is cancelled while
//! it waits leaves the queue; what it was handed and did not take goes to the next. Each tells in
//! `statistics()` how it stands.
//!
//! # Polling by hand
//!
//! Each task has a budget of operations that it may begin without giving other tasks a turn. If the budget is
//! used up, the first poll of an operation wakes the task and returns pending, before the operation begins:
//! it has no effect and no place in the queue yet, and `statistics()` does not count it. The next poll
//! begins it. With `.await` that makes no difference. Code that polls a future by hand, to put it into
//! the queue before it does something else, polls it again until `statistics()` shows it. In a
//! cancelled scope an operation does not begin at all.
//!
//! ```text
//!   Mutex  RwLock  Semaphore  CapacityLimiter  Condition  Barrier   Event    what is given out
//!      └──────┴────────┴────────┬───────┴──────────┴─────────┘        │
//!                            line.rs                                 │       in turn
//!                            queue.rs ◀──────────────────────────────┘       to whom
//! ```

use std::future::poll_fn;

use crate::engine::Operation;

mod barrier;
mod borrower;
mod condition;
mod event;
mod guard;
mod limiter;
mod line;
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

/// What an operation begins with that may be over without a wait (rules C4 and C11).
#[inline]
pub(crate) async fn begin() {
    let mut operation = Operation::New;
    poll_fn(|cx| operation.begin(cx)).await;
}
