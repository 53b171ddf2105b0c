//! The engine of simulated tests.

use std::ops::Range;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use anyrt_sim::{Config, Failure};

use crate::Builder;
use crate::ambient::seed;

/// Simulates the future of `#[anyrt::test]` with each seed, or with the one that the environment names.
///
/// `name` is the path of the test, with the crate; `time_limit` is in milliseconds.
#[track_caller]
pub fn simulate<F>(
    builder: Builder,
    name: &str,
    seeds: Option<u64>,
    time_limit: Option<u64>,
    test: impl Fn() -> F + Send + Sync + 'static,
) where
    F: Future<Output: Termination>,
{
    let (config, seed) = match builder
        .simulation()
        .and_then(|config| Ok((config, seed()?)))
    {
        Ok(found) => found,
        Err(error) => panic!("{error}"),
    };
    let config = match time_limit {
        Some(limit) => config.time_limit(Duration::from_millis(limit)),
        None => config,
    };
    let seeds = match seed {
        Some(seed) => seed..seed + 1,
        None => 0..seeds.unwrap_or(1),
    };
    let checked = move || {
        let test = test();
        async move {
            // An error was printed by the conversion, as the test harness does it.
            if test.await.report() != ExitCode::SUCCESS {
                panic!("the test returned an error");
            }
        }
    };
    if let Err((seed, failure)) = run_seeds(&config, seeds, checked) {
        let (_, path) = name.split_once("::").unwrap_or(("", name));
        panic!("seed {seed}: {failure}\nto repeat it: ANYRT_SIM_SEED={seed} cargo test {path}");
    }
}

/// Simulates a test with each seed. Returns the first failure, with its seed.
fn run_seeds<F: Future<Output = ()>>(
    config: &Config,
    seeds: Range<u64>,
    test: impl Fn() -> F + Send + Sync + 'static,
) -> Result<(), (u64, Failure)> {
    for seed in seeds {
        let outcome = config.clone().with_seed(seed).run(test());
        outcome.result.map_err(|failure| (seed, failure))?;
    }
    Ok(())
}
