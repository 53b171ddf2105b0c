//! The table of planted bugs: what finds each, and that nothing is found in the correct versions.
//!
//! `ANYRT_LONG_TESTS=1` runs the correct versions for 10,000 seeds. The median number of seeds that a bug
//! needs is printed; `--nocapture` shows it.

use std::ops::Range;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyrt::sim::explore::{CancelReport, Way, cancel};
use anyrt::sim::{Config, Faults, Policy, SeedReport, Seeds};
use anyrt_planted::Version;

/// A planted bug.
struct Planted {
    name: &'static str,
    program: fn(Version) -> Pin<Box<dyn Future<Output = ()>>>,
    faults: fn() -> Faults,
    /// A part of the failure's text.
    failure: &'static str,
    /// Whether it is found in FIFO order in a calm world too.
    fifo: Fifo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fifo {
    Finds,
    Misses,
}

/// The seeds within which a bug has to be found.
const SEEDS: u64 = 5000;

/// The ranges of seeds of the median.
const RANGES: u64 = 7;

/// The real time within which a bug has to be found.
const LIMIT: Duration = Duration::from_secs(10);

impl Planted {
    fn config(&self) -> Config {
        Config::default()
            .faults((self.faults)())
            .time_limit(Duration::from_secs(24 * 60 * 60))
            .max_steps(1_000_000)
    }

    fn run(&self, version: Version, config: Config, seeds: Range<u64>) -> SeedReport {
        Seeds::range(seeds)
            .config(config)
            .check_determinism(false)
            .shrink_for(Duration::ZERO)
            .run(|| (self.program)(version))
    }

    fn is_found(&self) {
        // The first range in full: with the check of determinism, and shrunk.
        let started = Instant::now();
        let report = Seeds::range(0..SEEDS)
            .config(self.config())
            .budget(LIMIT)
            .shrink_for(Duration::from_secs(1))
            .run(|| (self.program)(Version::Buggy));
        assert!(report.nondeterminism.is_none(), "{report}");
        let failure = report.failures.first();
        let failure = failure.unwrap_or_else(|| panic!("{} is not found: {report}", self.name));
        let text = failure.failure.to_string();
        assert!(text.contains(self.failure), "{}: {report}", self.name);
        let shrunk = failure.shrunk.as_ref();
        let shrunk = shrunk.expect("a failure that is found again is shrunk");
        let (all, least) = (failure.choices.len(), shrunk.choices.len());
        let elapsed = started.elapsed();

        let started = Instant::now();
        let counts = self.counts(&self.config(), SEEDS);
        let each = started.elapsed() / RANGES as u32;
        let median = counts[counts.len() / 2];
        assert!(median.is_some(), "{}: {counts:?}", self.name);
        let by_priorities = self.by_priorities();
        let [median, first, last] = [median, counts[0], counts[counts.len() - 1]].map(shown);
        #[expect(clippy::print_stdout, reason = "the measurement")]
        {
            println!(
                "| `{}` | {median} seeds ({first} to {last}), {each:.1?}{by_priorities} | {all} choices, {least} \
                 when shrunk, {elapsed:.1?} |",
                self.name,
            );
        }
    }

    /// Returns the number of seeds up to the first failure, for each range, in order. In one of `None`, none of
    /// `most` seeds fails.
    fn counts(&self, config: &Config, most: u64) -> Vec<Option<u64>> {
        let ranges = 1..=RANGES;
        let mut counts: Vec<Option<u64>> = ranges
            .map(|range| {
                let start = range * 1_000_000;
                let report = self.run(Version::Buggy, config.clone(), start..start + most);
                (!report.failures.is_empty()).then_some(report.seeds)
            })
            .collect();
        counts.sort_unstable_by_key(|count| count.unwrap_or(u64::MAX));
        counts
    }

    /// Describes what an order by priorities needs, for a bug that the order decides.
    fn by_priorities(&self) -> String {
        if self.fifo == Fifo::Finds || (self.faults)() != Faults::calm() {
            return String::new();
        }
        let policy = Policy::Pct {
            depth: 3,
            steps: 60,
        };
        let counts = self.counts(&self.config().policy(policy), 500);
        format!("; {} by priorities", shown(counts[counts.len() / 2]))
    }

    fn fifo_in_a_calm_world(&self) {
        let config = self.config().policy(Policy::Fifo).faults(Faults::calm());
        let report = self.run(Version::Buggy, config, 0..100);
        let found = if report.failures.is_empty() {
            Fifo::Misses
        } else {
            Fifo::Finds
        };
        assert_eq!(found, self.fifo, "{}: {report}", self.name);
    }

    fn the_correct_version_passes(&self) {
        let is_long = std::env::var_os("ANYRT_LONG_TESTS").is_some_and(|value| value == "1");
        let seeds = if is_long { 10_000 } else { 300 };
        let report = self.run(Version::Correct, self.config(), 0..seeds);
        assert!(report.is_ok() && report.seeds == seeds, "{report}");
        let config = self.config().policy(Policy::Fifo).faults(Faults::calm());
        self.run(Version::Correct, config, 0..seeds / 10).unwrap();
    }
}

fn shown(count: Option<u64>) -> String {
    count.map_or_else(|| "more".to_owned(), |count| count.to_string())
}

macro_rules! corpus {
    ($($name:ident, $faults:ident, $failure:literal, $fifo:ident;)*) => {$(
        mod $name {
            use super::*;

            const PLANTED: Planted = Planted {
                name: stringify!($name),
                program: |version| Box::pin(anyrt_planted::$name::run(version)),
                faults: Faults::$faults,
                failure: $failure,
                fifo: Fifo::$fifo,
            };

            #[test]
            fn is_found() {
                PLANTED.is_found();
            }

            #[test]
            fn fifo_in_a_calm_world() {
                PLANTED.fifo_in_a_calm_world();
            }

            #[test]
            fn the_correct_version_passes() {
                PLANTED.the_correct_version_passes();
            }
        }
    )*};
}

corpus! {
    accept_loop, rough, "the server has ended", Misses;
    clock_drift, calm, "there are two leaders", Finds;
    condition_if, calm, "a notification means that there is an object", Misses;
    duplicate_datagram, rough, "a deposit was applied twice", Misses;
    half_frame, rough, "frame", Misses;
    header_and_body, calm, "a message", Misses;
    journal_after_ack, calm, "was acknowledged and is not in the journal", Finds;
    last_state, rough, "an old state is shown", Misses;
    late_answer, rough, "the answer to another question", Misses;
    lease, rough, "an update was lost", Misses;
    lost_object, rough, "a job was lost", Misses;
    lost_request, calm, "a request is not answered", Finds;
    lost_wakeup, calm, "deadlock", Misses;
    opposite_locks, calm, "deadlock", Misses;
    pool_permit, rough, "the pool has lost a permit", Misses;
    short_read, rough, "the server did not understand", Misses;
    shutdown, calm, "a job was accepted and not done", Misses;
    stale_cache, calm, "the cache has an old value", Misses;
    transfer, rough, "money was lost", Misses;
    two_polls, calm, "a job was lost", Misses;
}

/// The bugs that the cancellation explorer finds in one seed of a calm world.
mod cancellation {
    use super::*;

    /// Returns the ways that fail.
    fn ways(report: &CancelReport) -> Vec<Way> {
        let mut ways: Vec<Way> = report.failures.iter().map(|found| found.way).collect();
        ways.dedup();
        ways
    }

    macro_rules! cut {
        ($($name:ident, $text:literal, buggy: $buggy:expr, correct: $correct:expr;)*) => {$(
            #[test]
            fn $name() {
                let started = Instant::now();
                let config = Config::default().policy(Policy::Fifo);
                let explore = |version| {
                    cancel(&config, async |cut| anyrt_planted::$name::run_cut(version, cut).await)
                };
                let report = explore(Version::Buggy);
                assert_eq!(ways(&report), $buggy, "{report}");
                assert!(report.to_string().contains($text), "{report}");
                let (failures, runs) = (report.failures.len(), report.runs);
                let report = explore(Version::Correct);
                let expected: &[Way] = &$correct;
                assert_eq!(ways(&report), expected, "{report}");
                let elapsed = started.elapsed();
                println!(
                    "| `{}` | cancellation: {failures} failures in {runs} runs, {elapsed:.1?} |",
                    stringify!($name),
                );
            }
        )*};
    }

    cut! {
        lost_object, "a job was lost", buggy: [Way::Scope, Way::Drop], correct: [];
        pool_permit, "the pool has lost a permit", buggy: [Way::Scope, Way::Drop], correct: [];
        // A shield is for cancellation, not against being dropped.
        transfer, "money was lost", buggy: [Way::Scope, Way::Drop], correct: [Way::Drop];
        // A scope polls a future that it does not know once more.
        two_polls, "a job was lost", buggy: [Way::Drop], correct: [];
    }
}
