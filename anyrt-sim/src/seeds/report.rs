//! The report of a test that was run for many seeds.

use std::fmt;
use std::time::Duration;

use crate::choices::Choices;
use crate::failure::Failure;
use crate::misfit::Misfit;
use crate::properties::Sometimes;
use crate::run::FirstDifference;
use crate::shrink::Shrunk;
use crate::stats::Stats;

/// The result of [`Seeds::run`](crate::Seeds::run).
///
/// `Display` describes the failures for a person, with the commands that repeat the first one.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "a report has the failures; `unwrap` panics with them"]
pub struct SeedReport {
    /// The number of seeds that were run.
    pub seeds: u64,
    /// The number of seeds in the range.
    pub planned: u64,
    /// The seeds that failed, in order. There may be several with several jobs.
    pub failures: Vec<SeedFailure>,
    /// The difference between a list of choices that was to be repeated and its run, if there is one.
    pub misfit: Option<Misfit>,
    /// The first event that differs between two runs of the first seed, if one does.
    pub nondeterminism: Option<Box<FirstDifference>>,
    /// The places of [`sometimes!`](crate::sometimes) that were reached, and whose condition was never true.
    pub never: Vec<Sometimes>,
    /// The real time that it took.
    pub elapsed: Duration,
    /// The counts of all runs together.
    pub stats: Stats,
    /// A hash of the courses of all runs, in whatever order they were run.
    pub hash: u64,
    /// The name of the test, from its thread.
    pub(super) test: Option<String>,
    /// Whether it is a single run that was repeated.
    pub(super) repeats: bool,
    /// Whether the timeline was written.
    pub(super) is_traced: bool,
}

/// A seed that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct SeedFailure {
    /// The seed.
    pub seed: u64,
    /// The failure.
    pub failure: Failure,
    /// The place of the panic, if the failure is one and the place is known.
    pub place: Option<String>,
    /// All draws of the run.
    pub choices: Choices,
    /// The counts of the run.
    pub stats: Stats,
    /// A simpler run that fails in the same way. Only the first failure of a report has one.
    pub shrunk: Option<Shrunk>,
}

impl SeedReport {
    /// Returns whether nothing failed: no seed, and not the check of determinism. A
    /// [`sometimes!`](crate::sometimes) that was never true counts as a failure if all seeds were run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Seeds, Simulation};
    ///
    /// let report = Seeds::range(0..100).run(|| async {
    ///     assert_ne!(Simulation::current().unwrap().choose(10), 7);
    /// });
    /// assert!(!report.is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty() && self.nondeterminism.is_none() && !self.is_never_a_failure()
    }

    /// Returns whether conditions that were never true make the report a failure.
    fn is_never_a_failure(&self) -> bool {
        !self.never.is_empty() && self.seeds == self.planned && !self.repeats
    }

    /// Does nothing if nothing failed.
    ///
    /// # Panics
    ///
    /// With the text of the report if something failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Seeds;
    ///
    /// Seeds::range(0..50).run(|| anyrt::checkpoint()).unwrap();
    /// ```
    #[track_caller]
    pub fn unwrap(self) {
        assert!(self.is_ok(), "{self}");
    }

    /// Returns the command that repeats a seed.
    pub(super) fn command(&self, seed: u64) -> String {
        let test = self.test.as_ref();
        let test = test.map_or(String::new(), |test| format!(" {test}"));
        format!("ANYRT_SIM_SEED={seed} cargo test{test}")
    }

    /// Returns the command that repeats a failure with the fewest choices.
    pub(super) fn best_command(&self, failure: &SeedFailure) -> String {
        let command = self.command(failure.seed);
        let seed = format!("ANYRT_SIM_SEED={} ", failure.seed);
        match (&failure.shrunk, command.strip_prefix(&seed)) {
            (Some(shrunk), Some(rest)) => {
                format!("{seed}ANYRT_SIM_CHOICES=\"{}\" {rest}", shrunk.choices)
            }
            _ => command,
        }
    }

    fn describe_commands(&self, first: &SeedFailure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (command, best) = (self.command(first.seed), self.best_command(first));
        write!(
            f,
            "\nto repeat it, if the test uses `Seeds::from_env`:\n  {command}"
        )?;
        if best != command {
            write!(f, "\n  {best}")?;
        }
        if !self.is_traced {
            write!(
                f,
                "\nto write its timeline, a page for a browser:\n  ANYRT_SIM_TRACE=trace.html {best}"
            )?;
        }
        Ok(())
    }

    /// Describes how to see a run that was repeated, for which there is a command already.
    fn describe_trace(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_traced {
            return Ok(());
        }
        f.write_str(
            "\nwith ANYRT_SIM_TRACE=trace.html in addition, its timeline is written to this file",
        )
    }
}

impl fmt::Display for SeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SeedReport { seeds, planned, .. } = self;
        if self.is_ok() {
            write!(f, "{seeds} ")?;
            if seeds < planned {
                write!(f, "of {planned} ")?;
            }
            write!(f, "seeds passed")?;
        } else if let Some(first) = self.failures.first() {
            write!(
                f,
                "seed {} failed; {seeds} of {planned} seeds were run",
                first.seed
            )?;
        } else {
            write!(f, "{seeds} seeds passed, but the test failed")?;
        }
        write!(
            f,
            " in {:.1?}, {:.1?} of virtual time, {} steps",
            self.elapsed, self.stats.elapsed, self.stats.steps
        )?;
        if let Some(first) = self.failures.first() {
            write!(f, "\n{first}")?;
            if let Some(shrunk) = &first.shrunk {
                write!(f, "\n{shrunk}")?;
            }
            if self.repeats {
                self.describe_trace(f)?;
            } else {
                self.describe_commands(first, f)?;
            }
        }
        if let Some(misfit) = &self.misfit {
            write!(f, "\n{misfit}")?;
        }
        if self.failures.len() > 1 {
            let others = self.failures[1..].iter();
            let others: Vec<String> = others.map(|failure| failure.seed.to_string()).collect();
            write!(f, "\nother seeds that failed: {}", others.join(", "))?;
        }
        if let Some(difference) = &self.nondeterminism {
            write!(f, "\n{difference}")?;
        }
        // After a failure, later seeds might have met the condition.
        if self.failures.is_empty() {
            for never in &self.never {
                write!(f, "\n{never}")?;
            }
        }
        Ok(())
    }
}

/// Describes the failure: that of the shrunk run if there is one, since it is the one to look at.
impl fmt::Display for SeedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failure, place) = match &self.shrunk {
            Some(shrunk) => (&shrunk.failure, &shrunk.place),
            None => (&self.failure, &self.place),
        };
        if failure.report().is_none() {
            write!(
                f,
                "after {:?} of virtual time and {} steps, ",
                self.stats.elapsed, self.stats.steps
            )?;
        }
        write!(f, "{failure}")?;
        match place {
            Some(place) => write!(f, "\n  at {place}"),
            None => Ok(()),
        }
    }
}
