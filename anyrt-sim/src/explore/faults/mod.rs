//! The explorer of faults: a run for each place where a fault can occur.

mod place;
mod report;

use std::sync::Arc;

pub(crate) use self::place::{FaultDraw, FaultExplorer, Subject};
pub use self::place::{FaultKind, FaultPlace};
pub use self::report::{FaultFound, FaultReport};
use super::failure_text;
use crate::choices::Choices;
use crate::config::Config;
use crate::faults::Faults;
use crate::seeds::{Loudness, TestOutput, run_here};

/// Runs a test once without faults, to count the places where one can occur, and then once for each place, with
/// exactly that fault.
///
/// The faults are those of [`Faults`]: packets between hosts that are lost, datagrams that arrive twice, calls that
/// transfer a single byte, operations of a disk that fail. Those whose frequency in the configuration is not zero are
/// tried, and all of them if each frequency is zero. A draw of a [rule](crate::RuleChoices) is a place too: it draws
/// the highest number there, and zero elsewhere.
///
/// The test checks that the program survives the fault. All runs have the same seed, and take the same course up to
/// the place. What a crash leaves of a disk is not a place: the seed decides it.
///
/// # Examples
///
/// A client that asks once more if there is no answer within a second, and does so twice for the first question and
/// never for the second:
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use anyrt::net::UdpSocket;
/// use anyrt::sim::explore::faults;
/// use anyrt::sim::{Config, Simulation};
///
/// async fn server() {
///     let socket = UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap();
///     while let Ok((question, from)) = socket.receive_from(10).await {
///         socket.send_to(&question, from).await.unwrap();
///     }
/// }
///
/// async fn ask(question: &[u8], attempts: u32) -> Option<Vec<u8>> {
///     let socket = UdpSocket::bind(([0, 0, 0, 0], 0)).unwrap();
///     let to = anyrt::net::lookup("server", 9).await.unwrap()[0];
///     for _ in 0..attempts {
///         socket.send_to(question, to).await.unwrap();
///         let answer = socket.receive_from(10);
///         if let Some(answer) = anyrt::move_on_after(Duration::from_secs(1), answer).await {
///             return Some(answer.unwrap().0);
///         }
///     }
///     None
/// }
///
/// async fn questions(attempts: [u32; 2]) {
///     let sim = Simulation::current().expect("this is a simulation");
///     sim.host("server").start(server);
///     anyrt::sleep(Duration::from_millis(1)).await;
///     assert!(ask(b"first", attempts[0]).await.is_some(), "no first answer");
///     assert!(ask(b"second", attempts[1]).await.is_some(), "no second answer");
/// }
///
/// let report = faults(&Config::new(1), || questions([2, 1]));
/// assert!(!report.failures.is_empty());
/// for found in &report.failures {
///     assert!(found.message.contains("no second answer"), "{report}");
///     // The run can be repeated, for instance to write its timeline.
///     let config = found.place.as_ref().unwrap().config(&Config::new(1));
///     assert!(config.run(questions([2, 1])).result.is_err());
/// }
/// faults(&Config::new(1), || questions([2, 2])).unwrap();
/// ```
#[must_use = "a report has the failures; `unwrap` panics with them"]
pub fn faults<F, Fut>(config: &Config, test: F) -> FaultReport
where
    F: Fn() -> Fut,
    Fut: Future<Output: TestOutput>,
{
    let mut report = FaultReport {
        seed: config.seed(),
        places: Vec::new(),
        runs: 1,
        failures: Vec::new(),
    };
    let found = |place: Option<&FaultPlace>, site, message| FaultFound {
        place: place.cloned(),
        site,
        message,
        seed: config.seed(),
    };
    // 1. The run that counts. If it fails, there is nothing to explore.
    let (explorer, failed) = once(config, None, &test);
    if let Some(message) = failed {
        report.failures.push(found(None, None, message));
        return report;
    }
    // 2. One run for each place.
    report.places = explorer.take_places();
    for place in &report.places {
        let (explorer, failed) = once(config, Some(place), &test);
        report.runs += 1;
        if let Some(message) = failed {
            let found = found(Some(place), explorer.site(), message);
            report.failures.push(found);
        }
    }
    report
}

/// Runs a test once with the fault of a place, or without a fault. Returns the text of the failure, if it failed.
fn once<F, Fut>(
    config: &Config,
    place: Option<&FaultPlace>,
    test: &F,
) -> (Arc<FaultExplorer>, Option<String>)
where
    F: Fn() -> Fut,
    Fut: Future<Output: TestOutput>,
{
    let choices = place.map_or_else(Choices::default, |place| place.choices.clone());
    let mut config = config.without_trace().inject_faults(choices);
    let explorer = Arc::new(FaultExplorer::new(place));
    config.fault_explorer = Some(explorer.clone());
    let ran = run_here(&config, Loudness::Quiet, test);
    (explorer, ran.failed.map(failure_text))
}

impl Config {
    /// Lets the faults of a list occur, instead of those that the seed decides: a place of [`faults`] has such a list
    /// in its [`choices`](FaultPlace::choices), and the report shows it. All other draws remain those of the seed.
    ///
    /// The kinds of faults are those that [`faults`] tries with this configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// // The 13th packet, of those that can be lost, is lost.
    /// let config = Config::new(7).inject_faults("fault=0*12,999".parse()?);
    /// # drop(config);
    /// # Ok::<(), anyrt::sim::ParseChoicesError>(())
    /// ```
    pub fn inject_faults(mut self, faults: Choices) -> Config {
        self.faults = possible(&self.faults);
        self.injected = Some(faults);
        self
    }
}

/// Returns the faults that are tried, with the least frequency: the highest draw alone is a fault.
fn possible(faults: &Faults) -> Faults {
    let mut faults = faults.clone();
    let kinds = [
        &mut faults.loss,
        &mut faults.duplication,
        &mut faults.short_transfers,
        &mut faults.disk_errors,
    ];
    let tries_all = kinds.iter().all(|frequency| **frequency == 0);
    for frequency in kinds {
        *frequency = u32::from(tries_all || *frequency > 0);
    }
    faults
}
