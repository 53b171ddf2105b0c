//! The run that the caller belongs to, through its task or its thread.

use std::cell::Cell;
use std::time::Duration;

use crate::engine::{Run, poll_state};
use crate::loom::{Arc, thread_local};

/// The time that a holder that was woken may stay without being polled, unless the run's options set another.
const STRANDED_AFTER: Duration = Duration::from_secs(1);

thread_local! {
    /// The run that a worker thread works for.
    static WORKS_FOR: Cell<Option<Arc<Run>>> = const { Cell::new(None) };
}

impl Run {
    /// Returns the run that the caller belongs to.
    pub(crate) fn current() -> Option<Arc<Run>> {
        Run::of_task().or_else(|| {
            // While the thread's locals are being destroyed, it no longer works for a run.
            // Taken out, cloned and put back, since a `Cell` gives no reference. The clone of an `Arc` runs
            // no foreign code, so the empty cell is never seen.
            let works_for = WORKS_FOR.try_with(|cell| {
                let run = cell.take();
                cell.set(run.clone());
                run
            });
            works_for.ok().flatten()
        })
    }

    /// Returns how long a holder that was woken may stay without being polled in the current run (rule C6).
    pub(crate) fn stranded_after() -> Duration {
        let given = poll_state::with_task(|task| task?.group().run.as_ref()?.stranded_after);
        given.unwrap_or(STRANDED_AFTER)
    }

    /// Returns the run of the task that is being polled.
    pub(crate) fn of_task() -> Option<Arc<Run>> {
        poll_state::with_task(|task| task.and_then(|task| task.group().run.clone()))
    }

    /// Runs `f` as part of a run, on a thread without a task.
    pub(crate) fn work_for<T>(run: Option<Arc<Run>>, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<Run>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKS_FOR.with(|cell| cell.set(self.0.take()));
            }
        }
        let _restore = Restore(WORKS_FOR.with(|cell| cell.replace(run)));
        f()
    }
}
