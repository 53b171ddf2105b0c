//! The code that a thread of the pool runs: jobs, one after another.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Workers;
use super::job::Job;
use super::worker_state::WorkerState;
use crate::engine::Run;
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::unwind::Payload;

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
            // The drop of the result may run destructors: not while this worker is idle (see 5 in `mod.rs`).
            if sits {
                if let Some(other) = run.workers.leave_idle(&worker) {
                    Workers::hand_over::<R>(run, other);
                }
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
