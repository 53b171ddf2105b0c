//! One run of a test, on a thread of its own.

use std::thread;

use super::TestOutput;
use crate::choices::Choices;
use crate::config::Config;
use crate::events::EventList;
use crate::failure::{Failure, message};
use crate::misfit::Misfit;
use crate::panics::{place_of, record};
use crate::stats::Stats;

/// Whether panics of a run are printed when they come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loudness {
    /// Only the report has them.
    Quiet,
    /// The hook of the process prints them.
    Prints,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) hash: u64,
    pub(crate) stats: Stats,
    pub(crate) choices: Choices,
    pub(crate) misfit: Option<Misfit>,
    pub(crate) events: EventList,
    /// The failure, and its place if it is a panic.
    pub(crate) failed: Option<(Failure, Option<String>)>,
}

/// Runs a test once, on a new thread: what earlier runs left in variables of their threads is not there.
pub(crate) fn run_alone<F, Fut>(config: &Config, loudness: Loudness, test: &F) -> Ran
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output: TestOutput>,
{
    thread::scope(|scope| {
        let thread = namesake()
            .spawn_scoped(scope, || run_here(config, loudness, test))
            .expect("the system starts a thread");
        match thread.join() {
            Ok(ran) => ran,
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}

/// Returns the options of a thread with the name of this one: that of the test, for messages and for tools that
/// find a test by it.
pub(super) fn namesake() -> thread::Builder {
    let builder = thread::Builder::new();
    match thread::current().name() {
        Some(name) => builder.name(name.to_owned()),
        None => builder,
    }
}

/// Runs a test once, on this thread.
pub(crate) fn run_here<F, Fut>(config: &Config, loudness: Loudness, test: &F) -> Ran
where
    F: Fn() -> Fut,
    Fut: Future<Output: TestOutput>,
{
    let main = async { test().await.error() };
    let (outcome, panics) = record(loudness == Loudness::Prints, || config.run(main));
    let failed = match outcome.result {
        Ok(None) => None,
        Ok(Some(error)) => {
            let text = format!("the test returned an error: {error}");
            Some((Failure::Panic(Box::new(text)), None))
        }
        Err(failure) => {
            let place = match &failure {
                Failure::Panic(payload) => place_of(&panics, message(&**payload)),
                _ => None,
            };
            Some((failure, place))
        }
    };
    Ran {
        hash: outcome.hash,
        stats: outcome.stats,
        choices: outcome.choices,
        misfit: outcome.misfit,
        events: outcome.events,
        failed,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use anyrt_core::time::sleep;

    use super::*;
    use crate::Sim;

    thread_local! {
        static RUNS: Cell<u64> = const { Cell::new(0) };
    }

    /// A test whose course depends on what its thread has done before.
    async fn remembers() {
        let runs = RUNS.get();
        RUNS.set(runs + 1);
        sleep::<Sim>(Duration::from_secs(runs)).await;
    }

    #[test]
    fn a_run_does_not_find_what_an_earlier_one_left() {
        let config = Config::new(1);
        let first = run_alone(&config, Loudness::Quiet, &remembers);
        let second = run_alone(&config, Loudness::Quiet, &remembers);
        assert_eq!(first.hash, second.hash);
        let here = run_here(&config, Loudness::Quiet, &remembers);
        let again = run_here(&config, Loudness::Quiet, &remembers);
        assert_eq!(first.hash, here.hash);
        assert_ne!(first.hash, again.hash);
    }
}
