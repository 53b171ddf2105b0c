//! The ways in which a run fails, and the report of one.

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt;
use std::time::Duration;

use crate::events::Event;
use crate::shared::Shared;
use crate::task_report::TaskReport;

/// The reason why a simulation has no value.
#[non_exhaustive]
pub enum Failure {
    /// The main future panicked, with this payload.
    Panic(Box<dyn Any + Send>),
    /// Nothing was ready and no timer was set, but the main future had not ended.
    Deadlock(Report),
    /// The virtual time of [`Config::time_limit`](crate::Config::time_limit) passed.
    TimeLimit(Report),
    /// The number of [`Config::max_steps`](crate::Config::max_steps) was reached.
    StepLimit(Report),
    /// Tasks were ready again and again while the clock stood still, since steps cost nothing: a million
    /// steps without any movement.
    NoProgress(Report),
    /// A thread outside of the simulation woke a task.
    ForeignWake(Report),
    /// A function on a worker thread neither ended nor waited by anyrt for a minute of real time. Threads run
    /// one at a time, so that it must not wait for another by other means.
    Blocked(Report),
    /// The run could not be started.
    Start(std::io::Error),
}

/// The state of a run that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The virtual time since the start.
    pub at: Duration,
    /// The number of steps.
    pub steps: u64,
    /// The tasks that had not ended: those at the top of the run, each with the tasks of its groups.
    pub tasks: Vec<TaskReport>,
    /// The latest events.
    pub events: Vec<Event>,
    /// The call that caused the failure, if it was another thread's.
    pub backtrace: Option<String>,
}

/// The number of lines about tasks that the text of a report shows.
const SHOWN: usize = 40;

impl Failure {
    /// Returns the report, unless it was a panic or the run was not started.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let failure = Config::new(7).run(async { anyrt::sleep_forever().await; }).result.unwrap_err();
    /// let report = failure.report().expect("a deadlock has one");
    /// assert_eq!(report.seed, 7);
    /// ```
    pub fn report(&self) -> Option<&Report> {
        match self {
            Failure::Panic(_) | Failure::Start(_) => None,
            Failure::Deadlock(report)
            | Failure::TimeLimit(report)
            | Failure::StepLimit(report)
            | Failure::NoProgress(report)
            | Failure::ForeignWake(report)
            | Failure::Blocked(report) => Some(report),
        }
    }

    /// Returns what happened, in a few words.
    fn what(&self) -> String {
        match self {
            Failure::Panic(payload) => format!("panicked: {}", message(&**payload)),
            Failure::Deadlock(_) => {
                "deadlock: nothing is ready, and no timer is set; threads outside of the simulation are not \
                 waited for, unless `Idle::Wait` allows it"
                    .to_owned()
            }
            Failure::TimeLimit(_) => "more virtual time passed than allowed".to_owned(),
            Failure::StepLimit(_) => "more steps were made than allowed".to_owned(),
            Failure::NoProgress(_) => {
                "tasks were ready again and again while the clock stood still; let steps cost time, or let \
                 the tasks wait for something"
                    .to_owned()
            }
            Failure::ForeignWake(_) => {
                "a thread outside of the simulation woke a task; run its work with `to_thread`, or allow \
                 this with `Idle::Wait`, which makes runs different"
                    .to_owned()
            }
            Failure::Blocked(_) => {
                "a function on a worker thread has neither ended nor waited by anyrt for a minute; threads of a \
                 simulation run one at a time, and must not wait for one another by other means"
                    .to_owned()
            }
            Failure::Start(error) => format!("the simulation was not started: {error}"),
        }
    }
}

/// Returns the message of a panic.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("(a payload that is not text)")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.report() {
            Some(report) => write!(f, "\n{report}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  seed {}, at {:?}, after {} steps",
            self.seed, self.at, self.steps
        )?;
        let lines = TaskReport::draw_all(&self.tasks);
        for line in lines.iter().take(SHOWN) {
            write!(f, "\n  {line}")?;
        }
        if lines.len() > SHOWN {
            write!(f, "\n  and {} more lines", lines.len() - SHOWN)?;
        }
        f.write_str("\n  the latest events:")?;
        for event in &self.events {
            write!(f, "\n  {event}")?;
        }
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n  the call:\n{backtrace}"),
            None => Ok(()),
        }
    }
}

/// A failure that the executor is about to report.
#[derive(Debug)]
pub(crate) struct Stop {
    failure: fn(Report) -> Failure,
    backtrace: Option<String>,
}

impl Stop {
    fn new(failure: fn(Report) -> Failure) -> Stop {
        Stop {
            failure,
            backtrace: None,
        }
    }

    pub(crate) fn deadlock() -> Stop {
        Stop::new(Failure::Deadlock)
    }

    pub(crate) fn time() -> Stop {
        Stop::new(Failure::TimeLimit)
    }

    pub(crate) fn steps() -> Stop {
        Stop::new(Failure::StepLimit)
    }

    pub(crate) fn in_place() -> Stop {
        Stop::new(Failure::NoProgress)
    }

    pub(crate) fn blocked() -> Stop {
        Stop::new(Failure::Blocked)
    }

    /// Creates the failure of a wake-up by this thread, which is outside.
    pub(crate) fn foreign_wake() -> Stop {
        Stop {
            failure: Failure::ForeignWake,
            backtrace: Some(Backtrace::force_capture().to_string()),
        }
    }

    /// Creates the failure. The state must not be locked: core's tree of tasks has locks of its own.
    pub(crate) fn into_failure(self, shared: &Shared) -> Failure {
        let tree = anyrt_core::task::entered_tree();
        let state = shared.lock();
        let mut spawned: Vec<_> = state.tasks.iter().map(|(_, task)| task.clone()).collect();
        let steps = state.stats.steps;
        let events = state.events.latest();
        drop(state);
        spawned.sort_by_key(|task| task.id);
        (self.failure)(Report {
            seed: shared.config.seed,
            at: Duration::from_nanos(shared.now()),
            steps,
            tasks: TaskReport::all(tree.as_ref(), &spawned),
            events,
            backtrace: self.backtrace,
        })
    }
}
