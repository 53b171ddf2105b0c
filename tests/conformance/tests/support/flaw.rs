//! Ways to be broken.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::scheduler::{BoxedTask, Scheduler};

/// What a runtime does wrong; by default nothing.
pub(crate) trait Flaw: Send + Sync + 'static {
    /// How much too early timers are.
    const EARLY: Duration = Duration::ZERO;
    /// Whether a call is lost whose future is dropped before it began.
    const LOSES_CALLS: bool = false;

    /// Starts a task.
    fn spawn(scheduler: &Arc<Scheduler>, task: BoxedTask) {
        scheduler.spawn(task, false);
    }
}

/// Nothing is wrong.
#[derive(Debug)]
pub(crate) struct Sound;

impl Flaw for Sound {}

/// Drops every fifth task at once, as if it had ended.
#[derive(Debug)]
pub(crate) struct DropsTasks;

impl Flaw for DropsTasks {
    fn spawn(scheduler: &Arc<Scheduler>, task: BoxedTask) {
        if scheduler.count_spawn() % 5 != 0 {
            scheduler.spawn(task, false);
        }
    }
}

/// Polls each task once, and does not hear of most of its wake-ups.
#[derive(Debug)]
pub(crate) struct LosesWakes;

impl Flaw for LosesWakes {
    fn spawn(scheduler: &Arc<Scheduler>, task: BoxedTask) {
        scheduler.spawn(task, true);
    }
}

/// Timers complete 20 milliseconds too early.
#[derive(Debug)]
pub(crate) struct EarlyTimers;

impl Flaw for EarlyTimers {
    const EARLY: Duration = Duration::from_millis(20);
}

/// Polls a task before `spawn` returns.
#[derive(Debug)]
pub(crate) struct SpawnsInline;

impl Flaw for SpawnsInline {
    fn spawn(scheduler: &Arc<Scheduler>, mut task: BoxedTask) {
        if task
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            scheduler.spawn(task, false);
        }
    }
}

/// Forgets a blocking call whose future is dropped at once.
#[derive(Debug)]
pub(crate) struct LosesCalls;

impl Flaw for LosesCalls {
    const LOSES_CALLS: bool = true;
}
