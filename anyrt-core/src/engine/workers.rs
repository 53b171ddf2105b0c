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
//! 5. While a worker is idle, no destructor of the user's runs on it: the next job could wait for it.
//!
//! All state is under one lock, except for the hints `jobs` and `looks`. These are relaxed: a stale hint
//! costs time, but a worker checks the queue under the lock before it sleeps, and `unpark` ends a sleep that
//! begins later. No lock is held while a thread is woken or a job is executed.

use std::any::TypeId;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::engine::Run;
use crate::loom::atomic::{AtomicU32, Ordering};
use crate::loom::thread::{self, Thread};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::unwind::Payload;

/// The number of idle workers that a run keeps for each runtime. Others return to the runtime's pool, which
/// ends them when they have been idle for long.
const KEPT: usize = 16;

/// The number of rounds that a worker spins before it sleeps: about 100 microseconds. On machines whose
/// processors sleep deeply, such as virtual machines, waking the caller, which then has the next job, takes
/// half of that.
const LOOKS: u32 = 300;

/// The duration of one sleep of an idle worker, and the number of sleeps before it returns to the runtime's
/// pool: a runtime with a paused clock does not advance it while functions run on its threads. The first
/// sleep may be cut short by a call that the worker has already handled.
const NAP: Duration = Duration::from_millis(100);
const NAPS: u32 = 2;

/// The exponent of the longest pause: a worker that has spun in vain repeatedly spins once in 2 to the power
/// of this many times.
const MOST_MISSES: u32 = 6;

/// The work of a call, as a worker executes it.
pub(crate) trait Job: Send {
    /// Executes the work, and stores the result.
    fn work(&mut self);

    /// Delivers the result. Returns false if no receiver is left. Drops no value of the user's.
    fn deliver(&mut self) -> bool;

    /// Drops the result, if it was not received.
    fn discard(&mut self);
}

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

#[derive(Default)]
struct State {
    /// The rooms, one for each runtime; nearly always one.
    pools: Vec<Pool>,
    /// `true` when the run has ended: no worker becomes idle any more.
    closed: bool,
}

/// The workers of one runtime, which is entered on their threads, and the jobs that need it.
struct Pool {
    runtime: TypeId,
    queue: VecDeque<Box<dyn Job>>,
    /// The idle workers. The one that became idle last is called first.
    idle: Vec<Thread>,
    /// The workers on their way to the queue.
    waking: Vec<Thread>,
}

/// A worker's own state. Accessed by its thread alone.
pub(super) struct WorkerState {
    runtime: TypeId,
    thread: Thread,
    /// The number of spins in vain since the last success.
    misses: u32,
    /// The number of times that it will not spin.
    pause: u32,
}

impl WorkerState {
    /// Creates the state of the worker on this thread.
    pub(super) fn new(runtime: TypeId) -> WorkerState {
        WorkerState {
            runtime,
            thread: thread::current(),
            misses: 0,
            pause: 0,
        }
    }
}

impl State {
    fn pool(&mut self, runtime: TypeId) -> &mut Pool {
        let at = self.pools.iter().position(|pool| pool.runtime == runtime);
        let at = at.unwrap_or_else(|| {
            self.pools.push(Pool {
                runtime,
                queue: VecDeque::new(),
                idle: Vec::new(),
                waking: Vec::new(),
            });
            self.pools.len() - 1
        });
        &mut self.pools[at]
    }

    /// Makes the worker idle. Returns false if it is not needed.
    fn go_idle(&mut self, worker: &WorkerState) -> bool {
        let closed = self.closed;
        let pool = self.pool(worker.runtime);
        let sits = !closed && pool.idle.len() < KEPT;
        if sits {
            pool.idle.push(worker.thread.clone());
        }
        sits
    }
}

impl Pool {
    /// Returns whether there are more workers for the queue than jobs in it.
    fn has_spare(&self) -> bool {
        self.queue.len() < self.idle.len() + self.waking.len()
    }

    /// Picks a worker to wake, so that one more is on its way to the queue. Returns `None` if there are
    /// `most` already, or as many as jobs.
    fn call(&mut self, most: usize) -> Option<Thread> {
        if self.waking.len() >= self.queue.len().min(most) {
            return None;
        }
        let next = self.idle.pop()?;
        self.waking.push(next.clone());
        Some(next)
    }

    fn is_idle(&self, worker: &WorkerState) -> bool {
        position(&self.idle, worker).is_some()
    }

    /// Removes the worker from both lists: it is neither idle nor waking any more.
    fn leave_idle(&mut self, worker: &WorkerState) {
        for list in [&mut self.waking, &mut self.idle] {
            if let Some(at) = position(list, worker) {
                list.remove(at);
            }
        }
    }
}

fn position(list: &[Thread], worker: &WorkerState) -> Option<usize> {
    list.iter()
        .rposition(|other| other.id() == worker.thread.id())
}

fn wake(waking: Option<Thread>) {
    if let Some(thread) = waking {
        thread.unpark();
    }
}

impl Workers {
    /// Passes the job to an idle worker, or to a new one.
    pub(crate) fn hand_over<R: Runtime>(run: &Arc<Run>, job: Box<dyn Job>) {
        if let Err(job) = run.workers.enqueue(TypeId::of::<R>(), job) {
            let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
            start_worker::<R>(&runtime, run, job);
        }
    }

    /// Does the same from any thread, with the runtime's handle.
    pub(crate) fn hand_over_from<R: Runtime>(
        runtime: &R::Handle,
        run: &Arc<Run>,
        job: Box<dyn Job>,
    ) {
        if let Err(job) = run.workers.enqueue(TypeId::of::<R>(), job) {
            start_worker::<R>(runtime, run, job);
        }
    }

    /// Puts the job into the queue, or returns it if it needs a new worker.
    pub(super) fn enqueue(&self, runtime: TypeId, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
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

    pub(super) fn go_idle(&self, worker: &WorkerState) -> bool {
        lock(&self.state).go_idle(worker)
    }

    /// Ends the idle state. Returns a job if that was counted on this worker.
    pub(super) fn leave_idle(&self, worker: &WorkerState) -> Option<Box<dyn Job>> {
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

    /// Waits for a job while idle. Returns `None` if the worker has to end.
    pub(super) fn wait(&self, worker: &mut WorkerState) -> Option<Box<dyn Job>> {
        let (mut looked, mut naps) = (false, 0);
        // Ends with a job, or after `NAPS` sleeps without a call. A call that finds no job starts the count
        // again.
        loop {
            let mut state = lock(&self.state);
            let pool = state.pool(worker.runtime);
            if let Some(job) = self.next(pool) {
                pool.leave_idle(worker);
                let waking = [pool.call(2), pool.call(2)];
                drop(state);
                waking.into_iter().for_each(wake);
                return Some(job);
            }
            // A called worker that finds its job done by another becomes idle again. A worker that was not
            // called for a long time returns to the pool.
            let was_called = !pool.is_idle(worker);
            if was_called || naps == NAPS {
                pool.leave_idle(worker);
                if !was_called || !state.go_idle(worker) {
                    return None;
                }
                naps = 0;
            }
            drop(state);
            if looked || !self.spin(worker) {
                thread::park_timeout(NAP);
                naps += 1;
            }
            looked = true;
        }
    }

    /// Spins before sleeping, if that has succeeded lately. Returns whether there is a job.
    fn spin(&self, worker: &mut WorkerState) -> bool {
        if worker.pause > 0 {
            worker.pause -= 1;
            return false;
        }
        let look = self.looks.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let is_there = || self.jobs.load(Ordering::Relaxed) > 0;
        let is_last = || self.looks.load(Ordering::Relaxed) == look;
        let ended = thread::spin(LOOKS, || is_there() || !is_last());
        let found = is_there();
        if ended && !found {
            // It sleeps because another worker spins, so the result does not count.
            return false;
        }
        worker.misses = if found {
            0
        } else {
            MOST_MISSES.min(worker.misses + 1)
        };
        worker.pause = (1 << worker.misses) - 1;
        found
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
    pub(super) fn idle(&self) -> usize {
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

/// Executes a job outside of every run, on a thread of the pool that returns there afterwards.
pub(crate) fn alone<R: Runtime>(runtime: &R::Handle, mut job: Box<dyn Job>) {
    start::<R>(runtime, move || {
        job.work();
        let delivered = deliver(&mut *job);
        clear_away(job, delivered, None);
    });
}

/// Delivers the result. Returns whether it was received. A foreign waker may panic.
fn deliver(job: &mut dyn Job) -> Result<bool, Payload> {
    catch_unwind(AssertUnwindSafe(|| job.deliver()))
}

/// Drops the rest of a job, and reports the panic of a waker.
fn clear_away(mut job: Box<dyn Job>, delivered: Result<bool, Payload>, run: Option<&Run>) {
    if let Err(payload) = delivered {
        Run::unhandled_panic(run, payload);
    }
    job.discard();
}

/// Runs `f` on a thread of the runtime's pool.
fn start<R: Runtime>(runtime: &R::Handle, f: impl FnOnce() + Send + 'static) {
    // The result is delivered by the job, so the thread itself is not awaited.
    drop(R::spawn_blocking(runtime, f));
}

fn start_worker<R: Runtime>(runtime: &R::Handle, run: &Arc<Run>, job: Box<dyn Job>) {
    let run = run.clone();
    start::<R>(runtime, move || worker::<R>(&run, job));
}

/// Executes jobs until the worker is not needed any more.
fn worker<R: Runtime>(run: &Arc<Run>, first: Box<dyn Job>) {
    let mut worker = WorkerState::new(TypeId::of::<R>());
    let mut next = Some(first);
    while let Some(mut job) = next {
        job.work();
        let mut sits = run.workers.go_idle(&worker);
        let delivered = deliver(&mut *job);
        if matches!(delivered, Ok(true)) {
            drop(job);
        } else {
            // The drop of the result may run destructors: not while this worker is idle (see 5 above).
            if sits && let Some(other) = run.workers.leave_idle(&worker) {
                Workers::hand_over::<R>(run, other);
            }
            clear_away(job, delivered, Some(run));
            sits = run.workers.go_idle(&worker);
        }
        next = if sits {
            run.workers.wait(&mut worker)
        } else {
            None
        };
    }
}
