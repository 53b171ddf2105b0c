//! Synchronization between tasks: events, locks, semaphores and others.
//!
//! None of them belongs to a runtime or a run. They can be created before there is one, also in statics,
//! and be shared between several runs. All are fair: waiting tasks are served in the order of their
//! arrival. A lock or permit is *handed* to the next waiting task, so that later callers cannot get in
//! between. A waiting task that is cancelled leaves the queue; if it was handed something that it has
//! not taken yet, that goes to the next. `statistics()` returns the state of each.
//!
//! The locks of the standard library block the thread, and their guards cannot be held across an
//! `.await` in a task. Where no guard is held across an `.await`, they are the better choice.
//!
//! # Examples
//!
//! A value that one task at a time may use:
//!
//! ```
//! use std::sync::Arc;
//!
//! # if anyrt::Backend::available().is_empty() { return }
//! let total = anyrt::run(async {
//!     let total = Arc::new(anyrt::sync::Mutex::new(0));
//!     let group = anyrt::task_group(async |tg| {
//!         for n in 1..=10 {
//!             let total = total.clone();
//!             tg.spawn(async move {
//!                 let mut total = total.lock().await;
//!                 anyrt::checkpoint().await; // no other task gets the lock meanwhile
//!                 *total += n;
//!             });
//!         }
//!     });
//!     group.await.unwrap();
//!     *total.lock().await
//! });
//! assert_eq!(total, 55);
//! ```
//!
//! At most two tasks at a time, and a task that waits for the others:
//!
//! ```
//! use anyrt::sync::{CapacityLimiter, Event};
//!
//! static LIMITER: CapacityLimiter = CapacityLimiter::new(2);
//! static DONE: Event = Event::new();
//!
//! # if anyrt::Backend::available().is_empty() { return }
//! let group = anyrt::run(anyrt::task_group(async |tg| {
//!     for n in 0..4 {
//!         tg.spawn(async move {
//!             let _token = LIMITER.acquire().await;
//!             assert!(LIMITER.statistics().borrowed <= 2);
//!             if n == 3 {
//!                 DONE.set();
//!             }
//!         });
//!     }
//!     DONE.wait().await;
//! }));
//! group.unwrap();
//! ```
//!
//! Waiting until a value meets a condition:
//!
//! ```
//! use anyrt::sync::{Condition, Mutex};
//!
//! # if anyrt::Backend::available().is_empty() { return }
//! let jobs = Mutex::new(Vec::new());
//! let added = Condition::new(&jobs);
//! let (job, ()) = anyrt::run(anyrt::gather((
//!     async {
//!         let (_jobs, job) = added.wait_for(jobs.lock().await, Vec::pop).await;
//!         job
//!     },
//!     async {
//!         let mut jobs = jobs.lock().await;
//!         jobs.push("sweep");
//!         added.notify(&jobs, 1);
//!     },
//! )));
//! assert_eq!(job, "sweep");
//! ```

pub use anyrt_core::sync::{
    AlreadyBorrowing, AlreadySettled, Barrier, BarrierStatistics, Borrower, CapacityLimiter,
    CapacityStatistics, CapacityToken, CapacityTokenArc, Condition, ConditionStatistics, Event,
    EventStatistics, LockGuard, Mutex, MutexGuard, MutexGuardArc, MutexStatistics, NotBorrowing,
    Promise, PromiseError, ResourceGuard, ResourceUse, RwLock, RwLockReadGuard, RwLockReadGuardArc,
    RwLockStatistics, RwLockWriteGuard, RwLockWriteGuardArc, Semaphore, SemaphorePermit,
    SemaphorePermitArc, SemaphoreStatistics, Settled, TooManyPermits, TryBorrowError,
};
