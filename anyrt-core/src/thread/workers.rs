//! The worker threads of a run.
//!
//! A worker is a thread of the runtime's pool that does one job after another. When there is
//! nothing to do and not many are idle already, it takes a seat; whoever has a job next puts it
//! into the queue and wakes the worker that sat down last. The end of the run sends them back to
//! the pool.
//!
//! ```text
//!   job ──▶ work ──▶ sit ──▶ deliver ──▶ next job in the queue, or wait for one
//!             ▲       │ enough idle, or the run is over
//!             │       └────▶ deliver ──▶ back to the pool
//!             └── a new worker, where nobody sits
//! ```
//!
//! 1. A worker sits down *before* it delivers: so a caller that has got its value finds the worker
//!    free, and calls one after another use one thread.
//! 2. For every job in the queue a worker was taken off its seat. It looks into the queue before it
//!    does anything else; that another was faster and has done the job does no harm.
//! 3. While a worker sits, no destructor of the user's runs on it: the next job could wait for it.

use std::any::TypeId;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, Thread};

use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::task::Run;

/// How many idle workers a run keeps. More go back to the runtime's pool, which ends them when
/// they have been idle for long.
const KEPT: usize = 16;

/// What a worker does for a call.
pub(super) trait Job: Send {
    /// Does the work, and keeps what comes out.
    fn work(&mut self);

    /// Hands over what came out; false if nobody is left to take it. Drops nothing of the user's.
    fn deliver(&mut self) -> bool;

    /// Drops what nobody has taken.
    fn discard(&mut self);
}

/// The idle workers of a run.
#[derive(Default)]
pub(crate) struct Workers(Mutex<State>);

#[derive(Default)]
struct State {
    idle: Vec<Arc<Seat>>,
    queue: VecDeque<(TypeId, Box<dyn Job>)>,
    closed: bool,
}

/// Where a worker waits.
struct Seat {
    /// The runtime that provided the thread, and that is found there.
    runtime: TypeId,
    thread: Thread,
}

impl State {
    fn has(&self, seat: &Arc<Seat>) -> bool {
        self.idle.iter().any(|other| Arc::ptr_eq(other, seat))
    }

    /// Takes the worker off the list; false if somebody else has.
    fn stand(&mut self, seat: &Arc<Seat>) -> bool {
        let at = self.idle.iter().rposition(|other| Arc::ptr_eq(other, seat));
        at.map(|at| self.idle.remove(at)).is_some()
    }

    /// Puts the worker on the list; false if it is not needed there.
    fn sit(&mut self, seat: &Arc<Seat>) -> bool {
        let sits = !self.closed && self.idle.len() < KEPT;
        if sits {
            self.idle.push(seat.clone());
        }
        sits
    }

    /// The next job that the worker can do.
    fn next(&mut self, seat: &Arc<Seat>) -> Option<Box<dyn Job>> {
        let at = self
            .queue
            .iter()
            .position(|(runtime, _)| *runtime == seat.runtime);
        Some(self.queue.remove(at?)?.1)
    }
}

impl Workers {
    /// Gives the job to an idle worker, or to a new one.
    pub(super) fn hand_over<R: Runtime>(run: &Arc<Run>, job: Box<dyn Job>) {
        let runtime = TypeId::of::<R>();
        let mut state = lock(&run.workers.0);
        let last = state.idle.iter().rposition(|seat| seat.runtime == runtime);
        if let Some(last) = last {
            let seat = state.idle.remove(last);
            state.queue.push_back((runtime, job));
            drop(state);
            seat.thread.unpark();
            return;
        }
        drop(state);
        let run = run.clone();
        start::<R>(move || worker::<R>(&run, job));
    }

    fn sit(&self, seat: &Arc<Seat>) -> bool {
        lock(&self.0).sit(seat)
    }

    /// Gets up. A job that is returned was meant for this worker.
    fn stand(&self, seat: &Arc<Seat>) -> Option<Box<dyn Job>> {
        let mut state = lock(&self.0);
        if state.stand(seat) {
            None
        } else {
            state.next(seat)
        }
    }

    /// Waits for a job, on a seat; none if the worker is to go.
    fn wait(&self, seat: &Arc<Seat>) -> Option<Box<dyn Job>> {
        loop {
            {
                let mut state = lock(&self.0);
                if let Some(job) = state.next(seat) {
                    state.stand(seat);
                    return Some(job);
                }
                // Somebody may have taken it off its seat, and another have done the job. If not,
                // it keeps its place among the others.
                if !state.has(seat) && !state.sit(seat) {
                    return None;
                }
            }
            thread::park();
        }
    }

    /// The run is over: sends every idle worker back to the pool, and keeps none from now on.
    pub(crate) fn close(&self) {
        let idle = {
            let mut state = lock(&self.0);
            state.closed = true;
            std::mem::take(&mut state.idle)
        };
        for seat in idle {
            seat.thread.unpark();
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle = lock(&self.0).idle.len();
        f.debug_struct("Workers").field("idle", &idle).finish()
    }
}

/// Does a job outside of every run: on a thread of the pool, which goes back there.
pub(super) fn alone<R: Runtime>(mut job: Box<dyn Job>) {
    start::<R>(move || {
        job.work();
        if !job.deliver() {
            job.discard();
        }
    });
}

fn start<R: Runtime>(f: impl FnOnce() + Send + 'static) {
    let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
    // Nobody waits for the thread as such.
    drop(R::spawn_blocking(&runtime, f));
}

fn worker<R: Runtime>(run: &Arc<Run>, first: Box<dyn Job>) {
    let seat = Arc::new(Seat {
        runtime: TypeId::of::<R>(),
        thread: thread::current(),
    });
    let mut next = Some(first);
    while let Some(mut job) = next {
        job.work();
        let mut sits = run.workers.sit(&seat);
        // A foreign waker may panic. The outcome was delivered all the same.
        let delivered = catch_unwind(AssertUnwindSafe(|| job.deliver()));
        if matches!(delivered, Ok(true)) {
            drop(job);
        } else {
            if sits && let Some(other) = run.workers.stand(&seat) {
                Workers::hand_over::<R>(run, other);
            }
            match delivered {
                Ok(_) => job.discard(),
                Err(payload) => Run::unhandled_panic(Some(run), payload),
            }
            drop(job);
            sits = run.workers.sit(&seat);
        }
        next = if sits { run.workers.wait(&seat) } else { None };
    }
}
