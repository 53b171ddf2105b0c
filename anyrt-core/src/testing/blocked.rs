//! [`wait_all_tasks_blocked`]: an observation of all tasks of the run.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::engine::{Operation, Run, Wait};
use crate::runtime::Time;
use crate::task::for_each_task;
use crate::time::sleep;

/// The time between two observations of all tasks.
const CUSHION: Duration = Duration::from_millis(5);

/// The number of observations in a row that must be equal.
const CUSHIONS: u32 = 2;

/// Waits until every other task of the run waits for something: a timer, I/O, a thread, another task.
///
/// Several tasks may call it at once. On a simulated runtime it is exact, and no time passes on the clock; see
/// [`Time::poll_quiet`]. On a real runtime this is an observation over a short time: none of anyrt's tasks was
/// polled for some milliseconds. A program must not rely on it for correctness; a test may use it to let other
/// tasks reach their waits.
///
/// Outside of a run there are no tasks to observe, and it returns after that time.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub async fn wait_all_tasks_blocked<R: Time>() {
    let mut operation = Operation::New;
    let quiet = poll_fn(|cx| {
        ready!(operation.begin(cx));
        match R::poll_quiet(cx) {
            Some(polled) => polled.map(|()| true),
            None => Poll::Ready(false),
        }
    });
    if AllBlocked(quiet).await {
        return;
    }
    let mut quiet = 0;
    let mut before = observe();
    while quiet < CUSHIONS {
        AllBlocked(sleep::<R>(CUSHION)).await;
        let now = observe();
        let busy = now.values().any(Observed::is_busy);
        quiet = if now == before && !busy { quiet + 1 } else { 0 };
        before = now;
    }
}

/// A wait that listings show as one for all other tasks.
#[pin_project::pin_project]
struct AllBlocked<F>(#[pin] F);

impl<F: Future> Future for AllBlocked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.project().0.poll(cx);
        crate::engine::poll_state::waits_for(Wait::AllBlocked);
        polled
    }
}

/// The observed state of a task.
#[derive(PartialEq)]
struct Observed {
    polls: u32,
    wait: Wait,
}

impl Observed {
    /// Returns whether the task is being polled, or is ready to be: a busy system can take long to do it.
    fn is_busy(&self) -> bool {
        self.polls % 2 == 1 || self.wait == Wait::Turn
    }
}

/// Returns the state of each task that is not in `wait_all_tasks_blocked` itself.
fn observe() -> BTreeMap<u64, Observed> {
    let mut tasks = BTreeMap::new();
    let own = crate::engine::poll_state::current_task().map(|task| task.id());
    if let Some(core) = Run::current().and_then(|run| run.core()) {
        for_each_task(core, |task| {
            let (polls, wait) = (task.polls(), task.wait());
            if wait != Wait::AllBlocked && Some(task.id()) != own {
                tasks.insert(task.id(), Observed { polls, wait });
            }
        });
    }
    tasks
}
