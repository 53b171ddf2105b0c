//! The example `kv` in simulations: many seeds without a failure, and bugs that are planted and found.
//!
//! `ANYRT_LONG_TESTS=1` runs 10,000 seeds. `KV_BUG=ReadsWithoutLease`, or the name of another [`Bug`], plants a bug,
//! to see how a failure looks. `examples/src/kv/README.md` tells more.

#![cfg(unix)]

mod checker;
mod faults;
mod world;

use std::env;
use std::ops::Range;
use std::time::Duration;

use anyrt::sim::{Config, Faults, SeedReport, Seeds};
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
    eprintln!(
        "{}: {} steps",
        report.elapsed.as_secs_f64(),
        report.stats.steps
    );
    report.unwrap();
}

/// Returns the report of seeds with a bug, up to the first that fails.
fn plant(bug: Bug, seeds: Range<u64>) -> SeedReport {
    Seeds::range(seeds)
        .config(config())
        .check_determinism(false)
        .shrink_for(Duration::ZERO)
        .run(|| world::run(Some(bug)))
}

/// Checks that a bug is found within a number of seeds, and prints after how many.
#[track_caller]
fn is_found(bug: Bug, most: u64, text: &str) {
    let report = plant(bug, 0..most);
    let failure = report.failures.first();
    let failure = failure.unwrap_or_else(|| panic!("{bug:?} is not found: {report}"));
    let found = failure.failure.to_string();
    assert!(found.contains(text), "{bug:?}: {found}");
    eprintln!(
        "{bug:?}: found after {} seeds, in {:.1?}",
        report.seeds, report.elapsed
    );
}

#[test]
fn answers_before_sync() {
    is_found(Bug::AnswersBeforeSync, 5_000, "");
}

#[test]
fn reads_without_lease() {
    is_found(Bug::ReadsWithoutLease, 5_000, "");
}

#[test]
fn ignores_drift() {
    is_found(Bug::IgnoresDrift, 5_000, "");
}

#[test]
fn accepts_old_terms() {
    is_found(Bug::AcceptsOldTerms, 5_000, "");
}

#[test]
fn applies_retries() {
    is_found(Bug::AppliesRetries, 5_000, "");
}
