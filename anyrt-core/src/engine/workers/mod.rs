//! The worker threads of a run.
//!
//! A worker is a thread of the runtime's pool that executes one job after another. When there is no job and
//! few workers are idle, it becomes idle itself. The next caller puts its job into the queue and makes sure
//! that a worker is on its way there. The end of the run sends the workers back to the pool.
//!
//! ```text
//!   job ──▶ work ──▶ go_idle ──▶ deliver ──▶ next job in the queue, or wait for one
//!             ▲       │ enough idle, or the run is over
//!             │       └────▶ deliver ──▶ back to the pool
//!             └── a new worker, if each idle one has a job in the queue already
//! ```
//!
//! A worker in one of a run's pools is in one of three states:
//!
//! ```text
//!            go_idle                  call (or close)
//!   ┌──────┐ ──────▶ ┌──────┐ ─────────────────────▶ ┌────────┐
//!   │ busy │         │ idle │                        │ waking │
//!   └──────┘ ◀────── └──────┘ ◀───────────────────── └────────┘
//!      ▲  leave_idle           the queue is empty        │
//!      └─────────────────────────────────────────────────┘ there is a job: leave_idle
//! ```
//!
//! 1. A worker becomes idle *before* it delivers. So a caller that has received its value finds the worker
//!    idle, and successive calls use one thread.
//! 2. There are never more jobs in the queue than idle and waking workers. So each job has a worker, even
//!    if no job ever ends. A worker that leaves for another reason passes on the job that was counted on it.
//! 3. While there is a job in the queue, a worker is on its way to it: it was called, and checks the queue
//!    before anything else. If it finds several jobs, it takes the first, and calls others, two at a time,
//!    before it begins. So a caller with many jobs wakes one thread instead of one for each, and short jobs
//!    are executed by the few threads that are awake.
//! 4. The worker that became idle last spins for a moment before it sleeps, if that has succeeded lately: a
//!    caller that makes successive calls has the next job ready in less time than it takes to wake a thread.
//!    Where the runtime decides how the thread waits ([`Park`](crate::runtime::Park)), it does not spin, and
//!    stays until the run has ended.
//! 5. While a worker is idle, no destructor of the user's runs on it: the next job could wait for it.
//!
//! All state is under one lock, except for the hints `jobs` and `looks`. These are relaxed: a stale hint
//! costs time, but a worker checks the queue under the lock before it sleeps, and `unpark` ends a sleep that
//! begins later. No lock is held while a thread is woken or a job is executed.

mod job;
#[cfg(all(test, loom))]
mod loom_tests;
mod pool;
mod thread;
mod wait;
mod worker_state;

use std::any::TypeId;
use std::fmt;

pub(crate) use self::job::Job;
use self::pool::{Pool, State};
pub(crate) use self::thread::alone;
use self::worker_state::WorkerState;
use crate::loom::atomic::{AtomicU32, Ordering};
use crate::loom::{Mutex, lock};
use crate::runtime::Unparker;

/// The idle workers of a run.
#[derive(Default)]
pub(crate) struct Workers {
    state: Mutex<State>,
    /// The number of jobs in the queues: a hint for spinning workers, which read it without the lock. Changed
    /// under the lock.
    jobs: AtomicU32,
    /// A counter of spins: when a worker begins to spin, the previous one stops.
    looks: AtomicU32,
}

impl Workers {
    /// Puts the job into the queue, or returns it if it needs a new worker.
    fn enqueue(&self, runtime: TypeId, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let mut state = lock(&self.state);
        let pool = state.pool(runtime);
        if !pool.has_spare() {
            return Err(job);
        }
        pool.queue.push_back(job);
        self.jobs.fetch_add(1, Ordering::Relaxed);
        let waking = pool.call(1);
        drop(state);
        wake(waking);
        Ok(())
    }

    fn go_idle(&self, worker: &WorkerState) -> bool {
        lock(&self.state).go_idle(worker)
    }

    /// Ends the idle state. Returns a job if that was counted on this worker.
    fn leave_idle(&self, worker: &WorkerState) -> Option<Box<dyn Job>> {
        let mut state = lock(&self.state);
        let pool = state.pool(worker.runtime);
        pool.leave_idle(worker);
        let left = pool.queue.len() > pool.idle.len() + pool.waking.len();
        let job = if left { self.next(pool) } else { None };
        let waking = pool.call(1);
        drop(state);
        wake(waking);
        job
    }

    fn next(&self, pool: &mut Pool) -> Option<Box<dyn Job>> {
        let job = pool.queue.pop_front()?;
        self.jobs.fetch_sub(1, Ordering::Relaxed);
        Some(job)
    }

    /// Ends the idle workers, since the run is over: sends them back to the pool, and keeps none from now on.
    /// Jobs in the queue are executed before.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let mut idle = Vec::new();
        for pool in &mut state.pools {
            idle.extend(pool.idle.iter().cloned());
            pool.waking.append(&mut pool.idle);
        }
        drop(state);
        for thread in idle {
            thread.unpark();
        }
    }

    /// Returns the number of idle workers.
    fn idle(&self) -> usize {
        lock(&self.state)
            .pools
            .iter()
            .map(|pool| pool.idle.len())
            .sum()
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("idle", &self.idle())
            .finish()
    }
}

fn wake(waking: Option<Unparker>) {
    if let Some(thread) = waking {
        thread.unpark();
    }
}
