//! Running a simulation.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use anyrt_core::runtime::Enter;
use anyrt_core::task::RunOptions;

use crate::Sim;
use crate::choices::Choices;
use crate::config::Config;
use crate::disk::Disk;
use crate::events::{Event, EventList};
use crate::executor::drive;
use crate::failure::{Failure, message};
use crate::host::{HostClock, Incarnation};
use crate::lock::lock;
use crate::misfit::Misfit;
use crate::panics::{Panicked, place_of, record};
use crate::shared::Shared;
use crate::stats::Stats;
use crate::timeline::Timeline;

/// What can be said of a simulation that is over.
#[non_exhaustive]
pub struct Outcome<T> {
    /// The value of the main future, or the reason why there is none.
    pub result: Result<T, Failure>,
    /// The seed.
    pub seed: u64,
    /// The hash of all events: two runs with the same hash took the same course.
    pub hash: u64,
    /// The draws, unless [`Config::keep_choices`] is off. [`Policy::Replay`](crate::Policy::Replay) repeats
    /// them.
    pub choices: Choices,
    /// The difference between the list of [`Policy::Replay`](crate::Policy::Replay) and the run, if there is one:
    /// the list does not repeat the run that it was made of.
    pub misfit: Option<Misfit>,
    /// What was counted.
    pub stats: Stats,
    /// All events, if [`Config::keep_events`] is on.
    pub events: EventList,
}

impl<T> Outcome<T> {
    /// Returns the value of the main future.
    ///
    /// # Panics
    ///
    /// With the panic of the main future, or with the text of the failure.
    ///
    /// # Examples
    ///
    /// ```
    /// let outcome = anyrt::sim::Config::new(7).run(async { 6 * 7 });
    /// assert_eq!(outcome.unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn unwrap(self) -> T {
        match self.result {
            Ok(value) => value,
            Err(Failure::Panic(payload)) => std::panic::resume_unwind(payload),
            Err(failure) => panic!("{failure}"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("result", &self.result)
            .field("seed", &self.seed)
            .field("hash", &format_args!("{:016x}", self.hash))
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Simulates a future, as the main task of a run.
    ///
    /// A panic of the future is not continued: it is the failure of the outcome.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use std::time::Duration;
    ///
    /// let day = Duration::from_secs(86_400);
    /// let outcome = Config::new(7).run(anyrt::sleep(day));
    /// assert!(outcome.result.is_ok());
    /// assert!(outcome.stats.elapsed >= day);
    /// ```
    pub fn run<F: Future>(&self, main: F) -> Outcome<F::Output> {
        self.run_with(RunOptions::new(), main)
    }

    /// Simulates a future as the main task of a run with these options.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::RunOptions;
    /// use anyrt::sim::Config;
    ///
    /// let options = RunOptions::new().name("server");
    /// let outcome = Config::new(7).run_with(options, async { anyrt::task::current().unwrap().name() });
    /// assert_eq!(&*outcome.unwrap(), "server");
    /// ```
    pub fn run_with<F: Future>(&self, options: RunOptions, main: F) -> Outcome<F::Output> {
        let keeper = Keeper {
            config: self.clone(),
            kept: Arc::default(),
        };
        let ended = catch_unwind(AssertUnwindSafe(|| {
            anyrt_core::task::run(&keeper, options, main)
        }));
        let shared = lock(&keeper.kept)
            .take()
            .unwrap_or_else(|| Shared::new(self));
        let mut state = shared.lock();
        let result = match (state.failure.take(), ended) {
            (Some(failure), _) => Err(failure),
            (None, Ok(Ok(value))) => Ok(value),
            (None, Ok(Err(error))) => Err(Failure::Start(io::Error::other(error))),
            (None, Err(payload)) => Err(Failure::Panic(payload)),
        };
        Outcome {
            result,
            seed: self.seed,
            hash: state.events.hash(),
            choices: state.draws.take_kept(),
            misfit: state.draws.misfit(),
            stats: state.stats,
            events: state.events.take_all(),
        }
    }

    /// Runs a test twice, and compares the courses of both runs. `test` is called once for each run.
    ///
    /// # Errors
    ///
    /// The first event that differs, if one does: the program has a source of chance that is not the
    /// simulation's.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use std::cell::Cell;
    ///
    /// let config = Config::new(7);
    /// assert!(config.check_determinism(|| async { anyrt::checkpoint().await }).is_ok());
    ///
    /// let runs = Cell::new(0);
    /// let different = config.check_determinism(|| {
    ///     runs.set(runs.get() + 1);
    ///     let steps = runs.get();
    ///     async move {
    ///         for _ in 0..steps {
    ///             anyrt::checkpoint().await;
    ///         }
    ///     }
    /// });
    /// assert!(different.is_err());
    /// ```
    pub fn check_determinism<F: Future>(
        &self,
        mut test: impl FnMut() -> F,
    ) -> Result<(), Box<FirstDifference>> {
        let config = self.without_trace().keep_events(true);
        let first = config.run(test());
        let second = config.run(test());
        FirstDifference::between(
            self.seed,
            (first.hash, &first.events),
            (second.hash, &second.events),
        )
    }
}

/// The first event in which two runs with one seed differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirstDifference {
    /// The seed of both runs.
    pub seed: u64,
    /// The number of events before it.
    pub position: usize,
    /// The event of the first run, or `None` if it had ended.
    pub first: Option<Event>,
    /// The event of the second run, or `None` if it had ended.
    pub second: Option<Event>,
}

impl FirstDifference {
    /// Compares the hashes of two runs and, if they differ, the events.
    pub(crate) fn between(
        seed: u64,
        first: (u64, &EventList),
        second: (u64, &EventList),
    ) -> Result<(), Box<FirstDifference>> {
        if first.0 == second.0 {
            return Ok(());
        }
        let (first, second) = (first.1, second.1);
        let position = first.first_difference(second);
        Err(Box::new(FirstDifference {
            seed,
            position,
            first: first.iter().nth(position),
            second: second.iter().nth(position),
        }))
    }
}

impl fmt::Display for FirstDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |event: &Option<Event>| match event {
            Some(event) => event.to_string(),
            None => "the end".to_owned(),
        };
        write!(
            f,
            "two runs with seed {} differ after {} events: the program has a source of chance that is not \
             the simulation's\n  first:  {}\n  second: {}",
            self.seed,
            self.position,
            show(&self.first),
            show(&self.second)
        )
    }
}

impl std::error::Error for FirstDifference {}

/// A backend that keeps the state of its last run, which [`Enter`] has no way to return.
#[derive(Clone, Debug)]
struct Keeper {
    config: Config,
    kept: Arc<Mutex<Option<Arc<Shared>>>>,
}

impl Enter for Keeper {
    type Runtime = Sim;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let shared = Shared::new(&self.config);
        if let Some(watch) = &self.config.watch {
            watch.add(&shared);
        }
        *lock(&self.kept) = Some(shared.clone());
        Ok(enter(shared, future))
    }

    fn check_new_thread(&self) -> io::Result<()> {
        Err(refuses_threads())
    }
}

impl Enter for Config {
    type Runtime = Sim;

    /// # Panics
    ///
    /// With the text of the failure if the run cannot go on; see [`Failure`].
    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        Ok(enter(Shared::new(self), future))
    }

    fn check_new_thread(&self) -> io::Result<()> {
        Err(refuses_threads())
    }
}

/// The error of a portal with a run of its own: its thread would run beside the simulation.
fn refuses_threads() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "a simulation has no threads but its own; open the portal inside the run, with `BlockingPortal::open`",
    )
}

fn enter<F: Future>(shared: Arc<Shared>, future: F) -> F::Output {
    let host = Incarnation::new(shared.clone(), 0, HostClock::default(), Disk::new());
    let Some(path) = &shared.config.trace else {
        return drive(&host, future);
    };
    // The hook of the process prints panics, as it does without this.
    let (ended, panics) = record(true, || {
        catch_unwind(AssertUnwindSafe(|| drive(&host, future)))
    });
    let panicked = ended.as_ref().err().map(|payload| message(&**payload));
    timeline(&shared, panicked, &panics).write(path);
    ended.unwrap_or_else(|payload| resume_unwind(payload))
}

/// Returns the timeline of a run that has ended, perhaps with a panic that has this message.
fn timeline(shared: &Shared, panicked: Option<&str>, panics: &[Panicked]) -> Timeline {
    let state = shared.lock();
    let failure = match (&state.failure, panicked) {
        (Some(failure), _) => Some(failure.to_string()),
        (None, Some(message)) => Some(match place_of(panics, message) {
            Some(place) => format!("panicked at {place}: {message}"),
            None => format!("panicked: {message}"),
        }),
        (None, None) => None,
    };
    let config = &shared.config;
    let run = (config.seed, state.events.hash(), state.stats);
    let timeline = Timeline::new(run, state.events.all()).with_failure(failure);
    match &config.command {
        Some(command) => timeline.with_command(command),
        None => timeline,
    }
}
