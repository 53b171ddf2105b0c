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

#[test]
fn every_history_is_linearizable() {
    let is_long = env::var_os("ANYRT_LONG_TESTS").is_some_and(|value| value == "1");
    let (seeds, jobs) = if is_long { (10_000, 2) } else { (100, 1) };
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

/// Checks that a bug is found within a number of seeds, and prints after how many.
#[track_caller]
fn is_found<Fut: Future<Output = ()>>(
    bug: Bug,
    most: u64,
    test: impl Fn(Option<Bug>) -> Fut + Sync,
) {
    let report = Seeds::range(0..most)
        .config(config())
        .check_determinism(false)
        .shrink_for(Duration::ZERO)
        .run(|| test(Some(bug)));
    assert!(
        !report.failures.is_empty(),
        "{bug:?} is not found: {report}"
    );
    eprintln!(
        "{bug:?}: found after {} seeds, in {:.1?}",
        report.seeds, report.elapsed
    );
}

#[test]
fn answers_before_sync_is_found() {
    is_found(Bug::AnswersBeforeSync, 100, world::run);
}

#[test]
fn reads_without_lease_is_found() {
    is_found(Bug::ReadsWithoutLease, 2000, world::run);
}

#[test]
fn ignores_drift_is_found() {
    is_found(Bug::IgnoresDrift, 100, drift::run);
}

#[test]
fn accepts_old_terms_is_found() {
    is_found(Bug::AcceptsOldTerms, 500, world::run);
}

#[test]
fn applies_retries_is_found() {
    is_found(Bug::AppliesRetries, 3000, world::run);
}
