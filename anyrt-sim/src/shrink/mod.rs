//! Shrinking: from the choices of a failure to a shorter list that fails in the same way.
//!
//! ```text
//!           ┌──▶ zero blocks ──▶ remove blocks ──▶ lower values ──┐
//!   draws ──┤                                                     ├──▶ nothing got simpler: the result
//!           └──────────────── something got simpler ◀─────────────┘
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::choices::Choices;
use crate::config::{Config, Policy};
use crate::failure::Failure;
use crate::seeds::{Loudness, TestOutput, run_alone};

/// A search for a simpler run that fails in the same way as a given one.
///
/// [`Seeds::run`](crate::Seeds::run) does this for its first failure. Used alone, it takes the
/// [choices](crate::Outcome::choices) of an outcome. The simplest list has the fewest draws that are not zero,
/// then the least length, then the lowest values.
///
/// A run fails in the same way if its failure is of the same kind and, for panics, comes from the same place
/// or has the same message apart from numbers.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anyrt::sim::{Config, Policy, Shrink, Simulation};
///
/// async fn test() {
///     let simulation = Simulation::current().expect("inside of a simulation");
///     let draws: Vec<u64> = (0..10).map(|_| simulation.choose(100)).collect();
///     assert!(draws[4] < 20, "the fifth is {}", draws[4]);
/// }
///
/// let config = (0..).map(Config::new).find(|config| config.run(test()).result.is_err());
/// let config = config.expect("most seeds fail");
/// let failed = config.run(test());
/// let shrunk = Shrink::new(&config, failed.choices)
///     .within(Duration::from_secs(5))
///     .run(test)
///     .expect("the choices repeat the failure");
/// assert_eq!(shrunk.choices, "user=0*4,20".parse()?);
///
/// let again = config.policy(Policy::Replay(shrunk.choices)).run(test());
/// let failure = again.result.expect_err("it fails again");
/// assert!(failure.to_string().contains("the fifth is 20"), "{failure}");
/// # Ok::<(), anyrt_sim::ParseChoicesError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is searched until `run` is called"]
pub struct Shrink {
    config: Config,
    choices: Choices,
    within: Duration,
    max_runs: u64,
}

/// The result of a search for a simpler run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shrunk {
    /// The choices. [`Policy::Replay`] repeats the run.
    pub choices: Choices,
    /// The failure of the run with these choices.
    pub failure: Failure,
    /// The place of the panic, if the failure is one.
    pub place: Option<String>,
    /// The number of draws that were not zero before.
    pub before: usize,
    /// The number of runs that were made.
    pub runs: u64,
    /// The real time that it took.
    pub elapsed: Duration,
    /// Whether the search ended because nothing simpler was left to try, and not by its limits.
    pub is_complete: bool,
}

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, ..) = cost(&self.choices);
        write!(
            f,
            "shrunk from {} to {kept} choices that are not zero, in {} runs{}: {}",
            self.before,
            self.runs,
            if self.is_complete {
                ""
            } else {
                " (ended by its limit)"
            },
            self.choices,
        )
    }
}

impl Shrink {
    /// Starts from the choices of a failure in a run with this configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Shrink, Simulation};
    ///
    /// async fn test() {
    ///     assert_eq!(Simulation::current().unwrap().choose(100), 0);
    /// }
    ///
    /// let config = Config::new(7);
    /// let failed = config.run(test());
    /// let shrunk = Shrink::new(&config, failed.choices).run(test);
    /// assert!(shrunk.is_some());
    /// ```
    pub fn new(config: &Config, choices: Choices) -> Shrink {
        Shrink {
            config: config.without_trace(),
            choices,
            within: Duration::from_secs(10),
            max_runs: 10_000,
        }
    }

    /// Sets the real time after which the search ends. The default is 10 seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Shrink, Simulation};
    /// use std::time::Duration;
    ///
    /// async fn test() {
    ///     assert_eq!(Simulation::current().unwrap().choose(100), 0);
    /// }
    ///
    /// let config = Config::new(7);
    /// let failed = config.run(test());
    /// let shrunk = Shrink::new(&config, failed.choices).within(Duration::from_secs(5)).run(test);
    /// assert!(shrunk.unwrap().elapsed < Duration::from_secs(60));
    /// ```
    pub fn within(mut self, limit: Duration) -> Shrink {
        self.within = limit;
        self
    }

    /// Sets the number of runs after which the search ends. The default is 10,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Shrink, Simulation};
    ///
    /// async fn test() {
    ///     assert_eq!(Simulation::current().unwrap().choose(100), 0);
    /// }
    ///
    /// let config = Config::new(7);
    /// let failed = config.run(test());
    /// let shrunk = Shrink::new(&config, failed.choices).max_runs(100).run(test);
    /// assert!(shrunk.unwrap().runs <= 101);
    /// ```
    pub fn max_runs(mut self, runs: u64) -> Shrink {
        self.max_runs = runs;
        self
    }

    /// Searches. Returns `None` if the choices do not repeat a failure: the run was ordered by
    /// [`Policy::Pct`], for instance, whose draws are priorities, or the program has another source of chance.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Shrink, Simulation};
    ///
    /// async fn test() {
    ///     assert_eq!(Simulation::current().unwrap().choose(100), 0);
    /// }
    ///
    /// let config = Config::new(7);
    /// let failed = config.run(test());
    /// let shrunk = Shrink::new(&config, failed.choices).run(test);
    /// assert!(shrunk.unwrap().choices.to_string().starts_with("user=1/"));
    /// ```
    pub fn run<F, Fut>(self, test: F) -> Option<Shrunk>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future<Output: TestOutput>,
    {
        self.search(None, &test)
    }

    /// Searches for a failure like `original`, or like the one that the choices repeat.
    pub(crate) fn search<F, Fut>(self, original: Option<&Signature>, test: &F) -> Option<Shrunk>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future<Output: TestOutput>,
    {
        let started = Instant::now();
        let Shrink {
            mut config,
            choices,
            within,
            max_runs,
        } = self;
        config = config.keep_choices(true).keep_events(false);
        // The statistics of `sometimes!` are about seeds.
        config.properties = None;
        let replay = |config: &Config, choices: &Choices| {
            let config = config.clone().policy(Policy::Replay(choices.clone()));
            run_alone(&config, Loudness::Quiet, test)
        };

        // 1. The list as it is: it must fail as the original did.
        let ran = replay(&config, &choices);
        let (failure, place) = ran.failed?;
        let signature = Signature::of(&failure, place.as_deref());
        if original.is_some_and(|original| !original.is_like(&signature)) {
            return None;
        }
        // A changed list may run far longer, and that is not what is searched for.
        if !matches!(failure, Failure::StepLimit(_)) {
            let limit = ran.stats.steps.saturating_mul(4).saturating_add(10_000);
            config.max_steps = config.max_steps.min(limit);
        }

        // 2. The search.
        let mut last = (failure, place);
        let mut fails = |choices: &Choices| {
            let ran = replay(&config, choices);
            let (failure, place) = ran.failed?;
            if !signature.is_like(&Signature::of(&failure, place.as_deref())) {
                return None;
            }
            last = (failure, place);
            Some(ran.choices)
        };
        let mut best = choices;
        best.trim();
        let (before, ..) = cost(&best);
        let mut search = Search {
            best,
            runs: 1,
            max_runs,
            until: started.checked_add(within),
            tried: BTreeSet::new(),
            fails: &mut fails,
        };
        search.run();
        let (best, runs, is_complete) = (search.best.clone(), search.runs, !search.is_over());
        Some(Shrunk {
            choices: best,
            failure: last.0,
            place: last.1,
            before,
            runs,
            elapsed: started.elapsed(),
            is_complete,
        })
    }
}

/// The way in which a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    kind: std::mem::Discriminant<Failure>,
    /// The place of a panic.
    place: Option<String>,
    /// The message of a panic, without numbers.
    message: String,
}

impl Signature {
    pub(crate) fn of(failure: &Failure, place: Option<&str>) -> Signature {
        let message = match failure {
            Failure::Panic(payload) => crate::failure::message(&**payload),
            _ => "",
        };
        Signature {
            kind: std::mem::discriminant(failure),
            place: place.map(str::to_owned),
            message: message.chars().filter(|c| !c.is_ascii_digit()).collect(),
        }
    }

    /// Returns whether both are of the same kind and, for panics, of the same place or message.
    pub(crate) fn is_like(&self, other: &Signature) -> bool {
        let same_place = self.place.is_some() && self.place == other.place;
        self.kind == other.kind && (same_place || self.message == other.message)
    }
}

/// The order of lists from simple to complicated: the number of draws that are not zero, the length, the sum.
type Cost = (usize, usize, u128);

fn cost(choices: &Choices) -> Cost {
    let mut cost = (0, choices.len(), 0);
    for &draw in choices.streams().iter().flatten() {
        cost.0 += usize::from(draw != 0);
        cost.2 += u128::from(draw);
    }
    cost
}

/// A search in progress. Each accepted list has a lower cost than the one before, so that it ends.
struct Search<'a> {
    best: Choices,
    runs: u64,
    max_runs: u64,
    until: Option<Instant>,
    /// The hashes of the lists that were run: a later round would try many of them again.
    tried: BTreeSet<u64>,
    /// Runs a list. Returns the draws that were made if it fails in the right way.
    fails: &'a mut dyn FnMut(&Choices) -> Option<Choices>,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.runs >= self.max_runs || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Runs a list if it is simpler than the best one, and makes it the best one if it fails.
    fn attempt(&mut self, mut candidate: Choices) -> bool {
        candidate.trim();
        if cost(&candidate) >= cost(&self.best) || self.is_over() {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        candidate.hash(&mut hasher);
        if !self.tried.insert(hasher.finish()) {
            return false;
        }
        self.runs += 1;
        let Some(mut made) = (self.fails)(&candidate) else {
            return false;
        };
        // The draws that were made lack those that the run did not reach.
        made.trim();
        self.best = if cost(&made) <= cost(&candidate) {
            made
        } else {
            candidate
        };
        true
    }

    fn run(&mut self) {
        let purposes = self.best.streams().len();
        // Ends: another round follows only if the cost is lower.
        loop {
            let before = cost(&self.best);
            for purpose in 0..purposes {
                self.zero_blocks(purpose);
            }
            for purpose in 0..purposes {
                self.remove_blocks(purpose);
            }
            for purpose in 0..purposes {
                self.lower_values(purpose);
            }
            if cost(&self.best) == before || self.is_over() {
                break;
            }
        }
    }

    fn len(&self, purpose: usize) -> usize {
        self.best.streams()[purpose].len()
    }

    /// Sets blocks to zero, from the whole list down to single draws. The last block that is zero shortens
    /// the list.
    fn zero_blocks(&mut self, purpose: usize) {
        let mut size = self.len(purpose);
        while size > 0 && !self.is_over() {
            let mut at = 0;
            while at < self.len(purpose) {
                let mut candidate = self.best.clone();
                let stream = candidate.stream_mut(purpose);
                let end = (at + size).min(stream.len());
                stream[at..end].fill(0);
                self.attempt(candidate);
                at += size;
            }
            size /= 2;
        }
    }

    /// Removes blocks, so that later draws move forward.
    fn remove_blocks(&mut self, purpose: usize) {
        let mut size = self.len(purpose) / 2;
        while size > 0 && !self.is_over() {
            let mut at = 0;
            while at < self.len(purpose) {
                let mut candidate = self.best.clone();
                let stream = candidate.stream_mut(purpose);
                let end = (at + size).min(stream.len());
                stream.drain(at..end);
                if !self.attempt(candidate) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    /// Lowers each value to the lowest one that fails, as halving finds it.
    fn lower_values(&mut self, purpose: usize) {
        let mut at = 0;
        while at < self.len(purpose) && !self.is_over() {
            // Zero was tried, and `best` fails: the lowest value is above the former, and the latter at most.
            let mut low = 0;
            while let Some(&high) = self.best.streams()[purpose].get(at) {
                if high <= low + 1 || self.is_over() {
                    break;
                }
                let middle = low + (high - low) / 2;
                let mut candidate = self.best.clone();
                candidate.stream_mut(purpose)[at] = middle;
                if !self.attempt(candidate) {
                    low = middle;
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests;
