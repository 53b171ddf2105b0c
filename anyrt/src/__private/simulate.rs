//! The engine of simulated tests.

use std::process::{ExitCode, Termination};
use std::time::Duration;

use anyrt_sim::Seeds;

use crate::Builder;

/// Simulates the future of `#[anyrt::test]` with each seed, or with what the environment names.
///
/// `time_limit` is in milliseconds.
#[track_caller]
pub fn simulate<F>(
    builder: Builder,
    seeds: Option<u64>,
    time_limit: Option<u64>,
    test: impl Fn() -> F + Send + Sync + 'static,
) where
    F: Future<Output: Termination>,
{
    let config = match builder.simulation() {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    let config = match time_limit {
        Some(limit) => config.time_limit(Duration::from_millis(limit)),
        None => config,
    };
    let checked = || {
        let test = test();
        async move {
            // An error was printed by the conversion, as the test harness does it.
            if test.await.report() != ExitCode::SUCCESS {
                panic!("the test returned an error");
            }
        }
    };
    let report = Seeds::from_env(0..seeds.unwrap_or(1))
        .config(config)
        .run(checked);
    report.unwrap();
}
