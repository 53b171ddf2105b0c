//! The job of a call on a worker thread, and the guards that dispose of an outcome without a receiver.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use super::super::call::{Call, Leftover, Worker};
use super::super::from_thread::caller_gone;
use crate::engine::poll_state::IN_TASK;
use crate::engine::{Context, Job, Run, Workers, alone, poll_state};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityTokenArc;

/// The caller's end of a call.
pub(in super::super) struct CallGuard<T: Send + 'static> {
    pub(in super::super) call: Arc<Call<T>>,
    pub(in super::super) run: Option<Arc<Run>>,
    /// Whether the run waits for the function if the call is dropped before the outcome.
    pub(in super::super) owes: bool,
    /// Starts a job on a worker thread.
    pub(in super::super) hand_over: fn(Option<&Arc<Run>>, Box<dyn Job>),
}

impl<T: Send + 'static> Drop for CallGuard<T> {
    fn drop(&mut self) {
        // 1. Make the run wait for what is left of the call, unless it was abandoned or has completed.
        let run = self.run.as_ref().filter(|_| self.owes);
        let owed = run.and_then(Run::owe);
        // 2. Leave. If the function still runs, its thread has the rest to do.
        let Some(leftover) = self.call.leave(caller_gone, owed) else {
            return;
        };
        // 3. The outcome was here, unseen: drop it.
        let leftover = Discard {
            leftover: Some(leftover),
            run: self.run.clone(),
        };
        // A value from a worker thread may block in its destructor, so a worker thread drops it.
        if leftover.needs_a_thread() {
            (self.hand_over)(self.run.as_ref(), Box::new(leftover));
        }
    }
}

/// Drops an outcome that its caller has not received.
struct Discard<T> {
    leftover: Option<Leftover<T>>,
    run: Option<Arc<Run>>,
}

impl<T> Discard<T> {
    /// Returns whether the run waits for the value, and the value has a destructor.
    fn needs_a_thread(&self) -> bool {
        let leftover = self.leftover.as_ref();
        std::mem::needs_drop::<T>()
            && leftover.is_some_and(|left| left.owed.is_some() && left.outcome.is_ok())
            && poll_state::surroundings().has(IN_TASK)
    }

    fn discard(&mut self) {
        if let Some(leftover) = self.leftover.take() {
            discard(self.run.as_deref(), leftover);
        }
    }
}

impl<T> Drop for Discard<T> {
    fn drop(&mut self) {
        self.discard();
    }
}

impl<T: Send> Job for Discard<T> {
    fn work(&mut self) {
        let run = self.run.clone();
        Run::work_for(run, || self.discard());
    }

    fn deliver(&mut self) -> bool {
        true
    }

    fn discard(&mut self) {}
}

/// Starts a job of the run on a worker thread.
pub(in super::super) fn hand_over<R: Runtime>(run: Option<&Arc<Run>>, job: Box<dyn Job>) {
    match run {
        // Only in a task: on a worker thread of the run, the current runtime is another one. It can end
        // before the run, and its end would wait for a worker that the run keeps.
        Some(run) if poll_state::surroundings().has(IN_TASK) => Workers::hand_over::<R>(run, job),
        _ => alone::<R>(&R::current().unwrap_or_else(|error| panic!("{error}")), job),
    }
}

/// The job on the worker thread.
///
/// It is run in this order: `work`, `deliver`, and `discard` if `deliver` returned false.
pub(in super::super) struct Work<F, T> {
    /// The function and its surroundings; taken by `work`.
    pub(in super::super) task: Option<(F, Context, Worker)>,
    pub(in super::super) outcome: Option<thread::Result<T>>,
    pub(in super::super) leftover: Option<Leftover<T>>,
    pub(in super::super) token: Option<CapacityTokenArc>,
    pub(in super::super) call: Arc<Call<T>>,
    pub(in super::super) run: Option<Arc<Run>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send + 'static,
{
    fn work(&mut self) {
        let Some((function, context, worker)) = self.task.take() else {
            return;
        };
        let run = self.run.clone();
        // The context is dropped inside too, and with it variables that the function has set, whose
        // destructors may panic.
        let work = move || Run::work_for(run, || context.run(|| worker.run(function)));
        self.outcome = Some(catch_unwind(AssertUnwindSafe(work)));
    }

    fn deliver(&mut self) -> bool {
        // The token is returned first, so that the caller finds it free when it has the outcome. That wakes a
        // waiter of the limiter, and a waker may panic.
        let token = self.token.take();
        let returned = catch_unwind(AssertUnwindSafe(|| drop(token)));
        if let Some(outcome) = self.outcome.take() {
            // The function has ended either way. A leftover is dropped later, by `discard`.
            self.leftover = self.call.deliver(outcome);
        }
        if let Err(payload) = returned {
            resume_unwind(payload);
        }
        self.leftover.is_none()
    }

    fn discard(&mut self) {
        if let Some(leftover) = self.leftover.take() {
            discard(self.run.as_deref(), leftover);
        }
    }
}

/// Drops an outcome that its caller has not received. A panic goes to the run, which is released afterwards.
fn discard<T>(run: Option<&Run>, leftover: Leftover<T>) {
    // Declared first, hence dropped last: the run ends after the destructor of the value.
    let _owed = leftover.owed;
    let dropped = match leftover.outcome {
        Ok(value) => catch_unwind(AssertUnwindSafe(|| drop(value))),
        Err(payload) => Err(payload),
    };
    if let Err(payload) = dropped {
        Run::unhandled_panic(run, payload);
    }
}
