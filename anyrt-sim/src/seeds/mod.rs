//! Running a test for many seeds.

mod alone;
mod environment;
mod jobs;
mod progress;
mod report;
mod trace;
mod watchdog;

use std::io::{Write, stderr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::alone::{Loudness, run_alone, run_here};
use self::environment::Repeat;
pub use self::environment::seed_from_env;
pub use self::report::{SeedFailure, SeedReport};
pub(crate) use self::watchdog::Watch;
use self::watchdog::Watchdog;
use crate::config::{Config, Policy};
use crate::properties::Properties;
use crate::run::FirstDifference;
use crate::shrink::{Shrink, Signature};

/// A test that is run for a range of seeds.
///
/// Each seed is run on a new thread, so that no earlier seed can change what the test finds in variables
/// of the thread; statics of the process are shared. No further seed is started after a failure. The seeds
/// below the one that failed have been run by then, so that the first failure is the same with any number of
/// jobs.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anyrt::sim::Seeds;
///
/// let report = Seeds::range(0..200).jobs(2).run(|| async {
///     anyrt::sleep(Duration::from_secs(60)).await;
/// });
/// assert_eq!(report.seeds, 200);
/// report.unwrap();
/// ```
///
/// A failure is shrunk to few choices:
///
/// ```
/// use anyrt::sim::{Seeds, Simulation};
///
/// let report = Seeds::range(0..1000).run(|| async {
///     let simulation = Simulation::current().expect("inside of a simulation");
///     let (first, second) = (simulation.choose(10), simulation.choose(10));
///     assert!(first < 3 || second < 7, "both are high");
/// });
/// let failure = &report.failures[0];
/// let shrunk = failure.shrunk.as_ref().expect("the choices repeat it");
/// assert_eq!(shrunk.choices, "user=3,7".parse()?);
/// assert!(report.to_string().contains("ANYRT_SIM_CHOICES=\"user=3,7/7649\""), "{report}");
/// # Ok::<(), anyrt_sim::ParseChoicesError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is run until `run` is called"]
pub struct Seeds {
    range: Range<u64>,
    config: Config,
    jobs: usize,
    budget: Duration,
    shrink_for: Duration,
    check_determinism: bool,
    reuse_threads: bool,
    stall_limit: Duration,
    /// The file for the timeline.
    trace: Option<PathBuf>,
    /// A run that is repeated for a person who looks for its fault.
    repeat: Repeat,
}

impl Seeds {
    /// Runs these seeds.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// let report = Seeds::range(0..50).run(|| anyrt::checkpoint());
    /// assert_eq!(report.seeds, 50);
    /// report.unwrap();
    /// ```
    pub fn range(range: Range<u64>) -> Seeds {
        Seeds {
            range,
            config: Config::default(),
            jobs: 1,
            budget: Duration::MAX,
            shrink_for: Duration::from_secs(10),
            check_determinism: true,
            reuse_threads: false,
            stall_limit: Duration::from_secs(60),
            trace: None,
            repeat: Repeat::No,
        }
    }

    /// Runs the seeds that the environment names, or else `default`.
    ///
    /// | variable | runs |
    /// | --- | --- |
    /// | `ANYRT_SIM_SEED=7` | this seed alone |
    /// | `ANYRT_SIM_SEEDS=5000` | this number of seeds, from the start of `default` |
    /// | `ANYRT_SIM_SEEDS=100..200` | these seeds |
    /// | `ANYRT_SIM_CHOICES="order=0*12,3"` | a list of choices, with the seed of `ANYRT_SIM_SEED` if that is set |
    ///
    /// `ANYRT_SIM_TRACE=FILE` does what [`trace`](Seeds::trace) does. If it names a folder that exists, or ends with a
    /// slash, each test writes a file of its own in it, named after the test and the seed.
    ///
    /// A seed alone and a list of choices are run once, without a check of determinism and without shrinking,
    /// and panics print what they print elsewhere. If the run does not fail, a line on the standard error stream
    /// reports that: what was to be repeated did not come up again. It also reports a list of choices that does not
    /// [fit](crate::Misfit) the run.
    ///
    /// # Panics
    ///
    /// If one of the variables has a value that cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// Seeds::from_env(0..50).run(|| async {}).unwrap();
    /// ```
    #[track_caller]
    pub fn from_env(default: Range<u64>) -> Seeds {
        let read = |name: &str| std::env::var(name).ok();
        match environment::parse(default, read) {
            Ok((range, repeat)) => Seeds {
                repeat,
                trace: environment::trace(),
                ..Seeds::range(range)
            },
            Err(error) => panic!("{error}"),
        }
    }

    /// Sets the options of the runs, except for the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Faults, Seeds};
    ///
    /// let rough = Config::default().faults(Faults::rough());
    /// Seeds::range(0..50).config(rough).run(|| anyrt::checkpoint()).unwrap();
    /// ```
    pub fn config(mut self, config: Config) -> Seeds {
        self.config = config;
        self
    }

    /// Sets the number of seeds that are run at the same time. The default is 1, since the harness of tests
    /// runs several tests at the same time.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// Seeds::range(0..50).jobs(4).run(|| anyrt::checkpoint()).unwrap();
    /// ```
    pub fn jobs(mut self, jobs: usize) -> Seeds {
        assert!(jobs > 0, "seeds need at least one job");
        self.jobs = jobs;
        self
    }

    /// Sets the real time after which no further seed is started. The default is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    /// use std::time::Duration;
    ///
    /// let report = Seeds::range(0..1_000_000).budget(Duration::ZERO).run(|| anyrt::checkpoint());
    /// assert!(report.seeds < report.planned);
    /// ```
    pub fn budget(mut self, budget: Duration) -> Seeds {
        self.budget = budget;
        self
    }

    /// Sets the real time for shrinking the first failure. With zero, it is not shrunk. The default is 10
    /// seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Seeds, Simulation};
    /// use std::time::Duration;
    ///
    /// let report = Seeds::range(0..100).shrink_for(Duration::ZERO).run(|| async {
    ///     assert_ne!(Simulation::current().unwrap().choose(10), 7);
    /// });
    /// assert!(report.failures[0].shrunk.is_none());
    /// ```
    pub fn shrink_for(mut self, limit: Duration) -> Seeds {
        self.shrink_for = limit;
        self
    }

    /// Sets whether the first seed is run twice more, and the courses of both runs are compared. On by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// let report = Seeds::range(0..10).check_determinism(false).run(|| anyrt::checkpoint());
    /// assert!(report.nondeterminism.is_none());
    /// ```
    pub fn check_determinism(mut self, check: bool) -> Seeds {
        self.check_determinism = check;
        self
    }

    /// Writes the [`Timeline`](crate::Timeline) of one run to a file, as a page for a browser, and the place of the
    /// file to the standard error stream: of the first failure, after it is shrunk, or else of the last seed. The
    /// test is run once more for it. If the path is that of a folder, or ends with a slash, the file is in it, and named
    /// after the test and the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// let file = std::env::temp_dir().join(format!("anyrt-seeds-{}.html", std::process::id()));
    /// Seeds::range(0..10).trace(&file).run(|| anyrt::checkpoint()).unwrap();
    /// assert!(file.exists());
    /// # std::fs::remove_file(file)?;
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn trace(mut self, path: impl Into<PathBuf>) -> Seeds {
        self.trace = Some(path.into());
        self
    }

    /// Sets whether each job runs its seeds on one thread. Off by default: each seed has a new thread, which
    /// takes longer than a tiny simulation does.
    ///
    /// anyrt itself gives the same run on a thread that was used before. The test, or a library that it uses, may
    /// leave something in variables of the thread: then a failure depends on earlier seeds, and its seed alone
    /// does not repeat it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// Seeds::range(0..50).reuse_threads(true).run(|| anyrt::checkpoint()).unwrap();
    /// ```
    pub fn reuse_threads(mut self, reuse: bool) -> Seeds {
        self.reuse_threads = reuse;
        self
    }

    /// Sets the real time after which a run that makes no step ends the process. The default is a minute.
    ///
    /// A task that blocks its thread by other means than anyrt's, such as the lock of a [`std::sync::Mutex`] that
    /// another task has, stops the whole simulation, and so does a poll that never ends. A thread that watches the
    /// runs then prints the seed, the task and the command that repeats it, and aborts the process with all of its
    /// tests: a thread cannot be ended from outside.
    ///
    /// With [`Duration::MAX`] there is no limit: for a test whose polls take that long, or under a debugger.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    /// use std::time::Duration;
    ///
    /// // A test whose tasks may block their thread for some minutes.
    /// Seeds::range(0..10).stall_limit(Duration::from_secs(600)).run(|| anyrt::checkpoint()).unwrap();
    /// ```
    pub fn stall_limit(mut self, limit: Duration) -> Seeds {
        self.stall_limit = limit;
        self
    }

    /// Runs the test for each seed.
    ///
    /// If that takes longer than a second, progress is printed to the standard error stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Seeds, Simulation};
    ///
    /// let report = Seeds::range(0..100).run(|| async {
    ///     match Simulation::current().unwrap().choose(10) {
    ///         7 => Err("a seven"),
    ///         _ => Ok(()),
    ///     }
    /// });
    /// assert!(!report.is_ok());
    /// ```
    #[must_use = "a report has the failures; `unwrap` panics with them"]
    pub fn run<F, Fut>(self, test: F) -> SeedReport
    where
        F: Fn() -> Fut + Sync,
        Fut: Future<Output: TestOutput>,
    {
        let started = Instant::now();
        let watchdog = Watchdog::start(self.stall_limit);
        let mut config = self.config.without_trace();
        config.watch = Some(watchdog.watch());
        let properties = Arc::new(Properties::default());
        config.properties = Some(properties.clone());
        if let Repeat::Choices(choices) = &self.repeat {
            config = config.policy(Policy::Replay(choices.clone()));
        }
        let repeats = self.repeat != Repeat::No;

        // 1. All seeds, until one fails.
        let plan = jobs::Plan {
            range: self.range.clone(),
            jobs: self.jobs,
            reuse_threads: self.reuse_threads,
            until: started.checked_add(self.budget),
            loudness: if repeats {
                Loudness::Prints
            } else {
                Loudness::Quiet
            },
        };
        let mut report = jobs::run(&plan, &config, &test);

        // 2. The first seed twice more, with all events.
        if self.check_determinism && !repeats && !self.range.is_empty() {
            let config = config.clone().with_seed(self.range.start);
            report.nondeterminism = compare(&config, &test);
        }

        // 3. The first failure, unless runs differ: then choices do not repeat it.
        if !repeats && report.nondeterminism.is_none() && !self.shrink_for.is_zero() {
            if let Some(first) = report.failures.first_mut() {
                let signature = Signature::of(&first.failure, first.place.as_deref());
                let mut config = self.config.clone().with_seed(first.seed);
                config.watch = Some(watchdog.watch());
                first.shrunk = Shrink::new(&config, first.choices.clone())
                    .within(self.shrink_for)
                    .search(Some(&signature), &test);
            }
        }
        report.never = properties.never();
        report.repeats = repeats;
        if repeats && report.failures.is_empty() && !self.range.is_empty() {
            self.report_no_failure(&report);
        }

        // 4. The run to look at.
        let trace = self.trace.as_ref().or(self.config.trace.as_ref());
        if let Some(path) = trace.filter(|_| !self.range.is_empty()) {
            let last = self.range.end - 1;
            trace::write(path, &mut report, last, &config, &test);
        }
        report.elapsed = started.elapsed();
        report
    }
}

impl Seeds {
    /// Prints that the run that was to be repeated did not fail.
    fn report_no_failure(&self, report: &SeedReport) {
        let what = match self.repeat {
            Repeat::Choices(_) => "the choices of ANYRT_SIM_CHOICES".to_owned(),
            _ => format!("seed {}", self.range.start),
        };
        let test = report.test.as_deref().unwrap_or("the test");
        let mut line = format!("{test} passed with {what}: no failure is reproduced");
        match (&report.misfit, &self.repeat) {
            (Some(misfit), _) => line += &format!("\n{misfit}"),
            (None, Repeat::Choices(choices)) if choices.lacks_bounds() => {
                line += "\nthe list has no hashes of the numbers of alternatives, as those of older versions: \
                         whether it fits the run is not known";
            }
            _ => {}
        }
        // A closed stream does not make the run fail.
        let _ = writeln!(stderr(), "{line}");
    }
}

/// Runs a test twice, and returns the first event that differs, if one does.
fn compare<F, Fut>(config: &Config, test: &F) -> Option<Box<FirstDifference>>
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output: TestOutput>,
{
    let config = config.clone().keep_events(true);
    let first = run_alone(&config, Loudness::Quiet, test);
    let second = run_alone(&config, Loudness::Quiet, test);
    FirstDifference::between(
        config.seed(),
        (first.hash, &first.events),
        (second.hash, &second.events),
    )
    .err()
}

/// A type that the future of a test may return: nothing, or a [`Result`] whose error fails the test.
pub trait TestOutput {
    /// Returns the text of the error, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::TestOutput;
    ///
    /// assert_eq!(().error(), None);
    /// assert!(Err::<(), _>("a seven").error().unwrap().contains("a seven"));
    /// ```
    fn error(self) -> Option<String>;
}

impl TestOutput for () {
    fn error(self) -> Option<String> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl TestOutput for Never {
    fn error(self) -> Option<String> {
        self
    }
}

/// `!`, written in a way that stable Rust accepts: the output of a test that always panics.
type Never = <fn() -> ! as FnOutput>::Output;

#[doc(hidden)]
pub trait FnOutput {
    type Output;
}

impl<R> FnOutput for fn() -> R {
    type Output = R;
}

impl<E: std::fmt::Debug> TestOutput for Result<(), E> {
    fn error(self) -> Option<String> {
        self.err().map(|error| format!("{error:?}"))
    }
}
