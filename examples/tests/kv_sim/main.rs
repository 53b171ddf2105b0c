//! The example `kv` in simulations: many seeds without a failure, and bugs that are planted and found.
//!
//! `ANYRT_LONG_TESTS=1` runs 10,000 seeds. `KV_BUG=ReadsWithoutLease`, or the name of another [`Bug`], plants a bug,
//! to see how a failure looks. `examples/src/kv/README.md` tells more.

#![cfg(unix)]

mod checker;
mod drift;
mod faults;
mod world;

use std::env;
use std::time::Duration;

use anyrt::sim::{Config, Faults, Seeds};
use anyrt_examples::kv::Bug;

fn config() -> Config {
    let mut faults = Faults::rough();
    faults.latency = Duration::from_millis(1)..Duration::from_millis(30);
    faults.loss = 5;
    Config::default()
        .faults(faults)
        .time_limit(Duration::from_secs(600))
        .max_steps(2_000_000)
}

const BUGS: [Bug; 5] = [
    Bug::AnswersBeforeSync,
    Bug::ReadsWithoutLease,
    Bug::IgnoresDrift,
    Bug::AcceptsOldTerms,
    Bug::AppliesRetries,
];

/// Returns whether all seeds are run.
fn is_long() -> bool {
    env::var_os("ANYRT_LONG_TESTS").is_some_and(|value| value == "1")
}

#[test]
fn every_history_is_linearizable() {
    let (seeds, jobs) = if is_long() { (10_000, 2) } else { (20, 1) };
    let bug = env::var("KV_BUG").ok().map(|name| {
        let mut bugs = BUGS.into_iter();
        let found = bugs.find(|bug| format!("{bug:?}") == name);
        found.unwrap_or_else(|| panic!("KV_BUG is `{name}`, which is none of {BUGS:?}"))
    });
    let report = Seeds::from_env(0..seeds)
        .config(config())
        .jobs(jobs)
        .reuse_threads(true)
        .run(|| world::run(bug));
    report.unwrap();
}

#[test]
fn clocks_that_drift_do_not_matter() {
    let report = Seeds::range(0..20)
        .config(config())
        .run(|| drift::run(None));
    report.unwrap();
}

/// The starts of the ranges of seeds in which a bug has to be found.
const STARTS: [u64; 5] = [0, 100_000, 200_000, 300_000, 400_000];

/// Checks that a bug is found within a number of seeds, in each range, and prints after how many. By default, only the
/// range that starts with `quick` is run.
#[track_caller]
fn is_found<Fut: Future<Output = ()>>(
    bug: Bug,
    most: u64,
    quick: u64,
    test: impl Fn(Option<Bug>) -> Fut + Sync,
) {
    let is_run = |start: &u64| is_long() || *start == quick;
    for start in STARTS.into_iter().filter(is_run) {
        let report = Seeds::range(start..start + most)
            .config(config())
            .check_determinism(false)
            .shrink_for(Duration::ZERO)
            .run(|| test(Some(bug)));
        assert!(
            !report.failures.is_empty(),
            "{bug:?} is not found from seed {start} on: {report}"
        );
        eprintln!(
            "{bug:?}: found after {} seeds from {start} on, in {:.1?}",
            report.seeds, report.elapsed
        );
    }
}

#[test]
fn answers_before_sync_is_found() {
    is_found(Bug::AnswersBeforeSync, 100, 100_000, world::run);
}

#[test]
fn reads_without_lease_is_found() {
    is_found(Bug::ReadsWithoutLease, 1000, 100_000, world::run);
}

#[test]
fn ignores_drift_is_found() {
    is_found(Bug::IgnoresDrift, 100, 0, drift::run);
}

#[test]
fn accepts_old_terms_is_found() {
    is_found(Bug::AcceptsOldTerms, 500, 400_000, world::run);
}

#[test]
fn applies_retries_is_found() {
    is_found(Bug::AppliesRetries, 1000, 200_000, world::run);
}
