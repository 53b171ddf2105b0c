//! Explorers: they run a test once for each place where something may strike.
//!
//! [`cancel`] tries cancellation: at each place of an operation, the operation is cancelled, or dropped.
//! [`faults`] tries faults: lost packets, short transfers, disks that fail.

mod cut;
mod faults;
mod report;
mod site;

use std::sync::Arc;

use anyrt_core::runtime::observe;

pub use self::cut::Cut;
pub(crate) use self::cut::Explorer;
pub(crate) use self::faults::{FaultDraw, FaultExplorer, Subject};
pub use self::faults::{FaultFound, FaultKind, FaultPlace, FaultReport, faults};
pub use self::report::{CancelReport, Found, Place, Point};
use crate::config::Config;
use crate::failure::{Failure, message};
use crate::seeds::{Loudness, run_here};

/// The way in which an operation is cut off.
///
/// Both are needed. A scope lets the operation clean up, and polls a future that anyrt does not know once more
/// before it interrupts it, so that a result that is ready is kept (rule [C5](anyrt_core::rules#c5)). A `select!`
/// of another crate does neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// The scope around it is cancelled: where an operation of anyrt begins, and between two steps of the run.
    Scope,
    /// It is dropped: after each of its polls that is pending, and instead of each later one, when it was
    /// woken.
    Drop,
}

/// Runs a test once as it is, to count the places where a cancellation can strike, and then once for each
/// place and [`Way`], cut off there.
///
/// The test passes [`Cut::around`] the operation to cut off, and checks afterwards that nothing is lost and
/// nothing is half done. All runs have the same seed, and take the same course up to the place.
///
/// # Examples
///
/// A transfer in two steps, which is cut off between them:
///
/// ```
/// use std::cell::Cell;
/// use std::time::Duration;
///
/// use anyrt::sim::explore::cancel;
/// use anyrt::sim::Config;
///
/// let report = cancel(&Config::new(1), async |cut| {
///     let (from, to) = (Cell::new(10), Cell::new(0));
///     cut.around(async {
///         from.set(from.get() - 3);
///         anyrt::sleep(Duration::from_millis(5)).await;
///         to.set(to.get() + 3);
///     })
///     .await;
///     assert_eq!(from.get() + to.get(), 10, "money is lost");
/// });
/// assert!(!report.failures.is_empty());
/// assert!(report.to_string().contains("money is lost"), "{report}");
///
/// // Both steps in one poll: no place is between them.
/// let report = cancel(&Config::new(1), async |cut| {
///     let (from, to) = (Cell::new(10), Cell::new(0));
///     cut.around(async {
///         anyrt::sleep(Duration::from_millis(5)).await;
///         from.set(from.get() - 3);
///         to.set(to.get() + 3);
///     })
///     .await;
///     assert_eq!(from.get() + to.get(), 10, "money is lost");
/// });
/// report.unwrap();
/// ```
#[must_use = "a report has the failures; `unwrap` panics with them"]
pub fn cancel(config: &Config, test: impl AsyncFn(&Cut)) -> CancelReport {
    let mut report = CancelReport {
        seed: config.seed(),
        places: Vec::new(),
        runs: 0,
        failures: Vec::new(),
    };
    for way in [Way::Scope, Way::Drop] {
        // 1. The run that counts. If it fails, there is nothing to explore.
        let mut counted = once(config, way, None, &test);
        report.runs += 1;
        if let Some(message) = counted.failed.take() {
            report.failures.push(Found {
                way,
                place: None,
                site: None,
                message,
                seed: config.seed(),
            });
            break;
        }
        // 2. One run for each place.
        let places = counted.explorer.take_places();
        for place in &places {
            let ran = once(config, way, Some(place.number), &test);
            report.runs += 1;
            if let Some(message) = ran.failed {
                report.failures.push(Found {
                    way,
                    place: Some(place.clone()),
                    site: ran.explorer.site(),
                    message,
                    seed: config.seed(),
                });
            }
        }
        report.places.extend(places);
    }
    report
}

struct Explored {
    explorer: Arc<Explorer>,
    failed: Option<String>,
}

/// Runs a test once, and cuts it off at one place, or counts the places.
fn once(config: &Config, way: Way, at: Option<u64>, test: &impl AsyncFn(&Cut)) -> Explored {
    let explorer = Arc::new(Explorer::new(way, at));
    let mut config = config.without_trace();
    config.explorer = Some(explorer.clone());
    let hook = explorer.clone();
    let observed = (way == Way::Scope).then(|| observe(move || hook.at_entry()));
    let cut = Cut::new(explorer.clone());
    let cut = &cut;
    let ran = run_here(&config, Loudness::Quiet, &|| async move {
        test(cut).await;
    });
    drop(observed);
    let failed = ran.failed.map(failure_text);
    Explored { explorer, failed }
}

/// Returns the text of a failure, with its place if it is a panic.
fn failure_text((failure, place): (Failure, Option<String>)) -> String {
    match (failure, place) {
        (Failure::Panic(payload), Some(place)) => {
            format!("panicked at {place}: {}", message(&*payload))
        }
        (failure, _) => failure.to_string(),
    }
}
