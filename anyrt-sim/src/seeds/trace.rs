//! The timeline of one of the runs: that of the failure, or the last.

use std::path::Path;

use super::TestOutput;
use super::alone::{Loudness, run_alone};
use super::report::SeedReport;
use crate::config::{Config, Policy};
use crate::timeline::Timeline;

/// Runs the test once more, as the report shows it, and writes the timeline to a file. `last` is the seed for a
/// report without a failure.
pub(super) fn write<F, Fut>(
    path: &Path,
    report: &mut SeedReport,
    last: u64,
    config: &Config,
    test: &F,
) where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output: TestOutput>,
{
    let mut config = config.clone().with_seed(last).keep_events(true);
    // The statistics of `sometimes!` are about seeds.
    config.properties = None;
    let command = match report.failures.first() {
        Some(first) => {
            config = config.with_seed(first.seed);
            if let Some(shrunk) = &first.shrunk {
                config = config.policy(Policy::Replay(shrunk.choices.clone()));
            }
            report.best_command(first)
        }
        None => report.command(last),
    };
    let ran = run_alone(&config, Loudness::Quiet, test);
    let failure = ran.failed.map(|(failure, place)| match place {
        Some(place) => format!("{failure}\n  at {place}"),
        None => failure.to_string(),
    });
    let run = (config.seed(), ran.hash, ran.stats);
    let timeline = Timeline::new(run, ran.events)
        .with_failure(failure)
        .with_command(command);
    match &report.test {
        Some(test) => timeline.with_title(test),
        None => timeline,
    }
    .write(path);
    report.is_traced = true;
}
