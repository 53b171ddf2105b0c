//! `sometimes!` and `always!`: what a test states about its runs.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Mutex;

use crate::current::with_current;
use crate::lock::lock;

/// States that a condition is true in at least one run of a test.
///
/// A test that never meets the interesting case passes and shows nothing. `sometimes!` is the check for that:
/// [`Seeds::run`](crate::Seeds::run) reports a `sometimes!` that was reached, and whose condition was false
/// each time, over all seeds. The report then counts as failed.
///
/// The place in the source is what counts, with its message: a `sometimes!` in a loop is one statement.
/// Outside of `Seeds::run`, the condition is evaluated and nothing else happens.
///
/// # Examples
///
/// ```
/// use anyrt::sim::{Config, Seeds, Simulation};
///
/// let report = Seeds::range(0..100).run(|| async {
///     let simulation = Simulation::current().expect("inside of a simulation");
///     let retries = simulation.choose(3);
///     anyrt::sim::sometimes!(retries == 2);
///     anyrt::sim::sometimes!(retries == 9, "the ninth retry");
/// });
/// assert_eq!(report.never.len(), 1);
/// assert_eq!(report.never[0].text, "the ninth retry");
/// assert!(!report.is_ok());
/// ```
#[macro_export]
macro_rules! sometimes {
    ($condition:expr $(,)?) => {
        $crate::__private::sometimes($condition, ::core::format_args!("{}", ::core::stringify!($condition)))
    };
    ($condition:expr, $($message:tt)+) => {
        $crate::__private::sometimes($condition, ::core::format_args!($($message)+))
    };
}

/// States that a condition is true each time, and panics otherwise, with the place.
///
/// It is an assertion, in a simulation and elsewhere, also in builds without debug assertions. In a simulation
/// its message includes the virtual time.
///
/// # Examples
///
/// ```
/// use anyrt::sim::{Config, Failure};
///
/// let outcome = Config::new(1).run(async {
///     let (sent, received) = (3, 4);
///     anyrt::sim::always!(received <= sent, "{received} of {sent} arrived");
/// });
/// let failure = outcome.result.expect_err("more arrived than was sent");
/// assert!(failure.to_string().contains("4 of 3 arrived"), "{failure}");
/// ```
#[macro_export]
macro_rules! always {
    ($condition:expr $(,)?) => {
        $crate::__private::always($condition, ::core::format_args!("{}", ::core::stringify!($condition)))
    };
    ($condition:expr, $($message:tt)+) => {
        $crate::__private::always($condition, ::core::format_args!($($message)+))
    };
}

/// The places of `sometimes!` that the runs of a test have reached.
#[derive(Debug, Default)]
pub(crate) struct Properties(Mutex<BTreeMap<Place, Seen>>);

/// A place in the source: file, line, column.
type Place = (&'static str, u32, u32);

#[derive(Debug)]
struct Seen {
    text: String,
    reached: u64,
    held: bool,
}

/// A `sometimes!` whose condition was false each time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sometimes {
    /// The message, or else the condition as it is written.
    pub text: String,
    /// The place in the source.
    pub place: String,
    /// The number of times that it was reached.
    pub reached: u64,
}

impl fmt::Display for Sometimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sometimes!({}) at {} was reached {} times and was never true",
            self.text, self.place, self.reached
        )
    }
}

impl Properties {
    fn note(
        &self,
        condition: bool,
        text: fmt::Arguments<'_>,
        location: &'static Location<'static>,
    ) {
        let place = (location.file(), location.line(), location.column());
        let mut seen = lock(&self.0);
        if let Some(seen) = seen.get_mut(&place) {
            seen.reached += 1;
            seen.held |= condition;
            return;
        }
        drop(seen);
        // Foreign code: without the lock. Another thread may insert the place meanwhile.
        let text = text.to_string();
        let mut seen = lock(&self.0);
        let seen = seen.entry(place).or_insert(Seen {
            text,
            reached: 0,
            held: false,
        });
        seen.reached += 1;
        seen.held |= condition;
    }

    /// Returns the places that were reached, and where the condition was never true.
    pub(crate) fn never(&self) -> Vec<Sometimes> {
        let seen = lock(&self.0);
        let never = seen.iter().filter(|(_, seen)| !seen.held);
        never
            .map(|((file, line, column), seen)| Sometimes {
                text: seen.text.clone(),
                place: format!("{file}:{line}:{column}"),
                reached: seen.reached,
            })
            .collect()
    }
}

#[doc(hidden)]
#[track_caller]
pub fn sometimes(condition: bool, text: fmt::Arguments<'_>) {
    let location = Location::caller();
    let properties = with_current(|host| host?.shared.config.properties.clone());
    if let Some(properties) = properties {
        properties.note(condition, text, location);
    }
}

#[doc(hidden)]
#[track_caller]
pub fn always(condition: bool, text: fmt::Arguments<'_>) {
    if !condition {
        violated(text);
    }
}

#[cold]
#[track_caller]
fn violated(text: fmt::Arguments<'_>) -> ! {
    let place = Location::caller();
    match with_current(|host| Some(host?.shared.now())) {
        Some(now) => {
            let now = std::time::Duration::from_nanos(now);
            panic!("always!({text}) at {place} was false after {now:?}")
        }
        None => panic!("always!({text}) at {place} was false"),
    }
}
