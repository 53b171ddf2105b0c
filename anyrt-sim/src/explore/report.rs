//! The places of an exploration, and what was found there.

use std::fmt;
use std::time::Duration;

use super::Way;

/// The result of [`cancel`](super::cancel).
///
/// `Display` describes the failures for a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "a report has the failures; `unwrap` panics with them"]
pub struct CancelReport {
    /// The seed of all runs.
    pub seed: u64,
    /// The places that were tried, of both ways.
    pub places: Vec<Place>,
    /// The number of runs, with those that counted the places.
    pub runs: u64,
    /// The runs that failed.
    pub failures: Vec<Found>,
}

/// A place where an operation can be cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The number of earlier places of its way in the run.
    pub number: u64,
    /// The way in which the operation is cut off.
    pub way: Way,
    /// The point in the course of the run.
    pub point: Point,
    /// The name of the task: the one in which an operation begins, and else the one that is cut off.
    pub task: Option<String>,
    /// What the task waits for there, if anyrt knows. For an operation that begins, what it waits for
    /// afterwards; `None` if it does not wait.
    pub waits_for: Option<String>,
    /// The virtual time since the start.
    pub at: Duration,
    /// The place in the source of the call of [`Cut::around`](super::Cut::around).
    pub around: String,
}

/// A point in the course of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Point {
    /// An operation of anyrt begins.
    Entry,
    /// Between two steps of the run.
    Step,
    /// After a poll that was pending.
    Polled,
    /// When it was woken, instead of the poll.
    Woken,
}

/// A run that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The way in which the operation was cut off.
    pub way: Way,
    /// The place, or `None` if the test failed without being cut off.
    pub place: Option<Place>,
    /// The function at the place, with its line if the program has debug information. Only for
    /// [`Point::Entry`].
    pub site: Option<String>,
    /// The message of the panic, or the text of another failure.
    pub message: String,
    /// The seed.
    pub seed: u64,
}

impl CancelReport {
    /// Does nothing if no run failed.
    ///
    /// # Panics
    ///
    /// With the text of the report if one did.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use anyrt::sim::explore::cancel;
    ///
    /// cancel(&Config::new(1), async |cut| {
    ///     cut.around(anyrt::checkpoint()).await;
    /// })
    /// .unwrap();
    /// ```
    #[track_caller]
    pub fn unwrap(self) {
        assert!(self.failures.is_empty(), "{self}");
    }
}

impl fmt::Display for CancelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_summary(f, self.places.len(), self.runs, self.seed, &self.failures)
    }
}

/// Writes the text of a report.
pub(super) fn write_summary(
    f: &mut fmt::Formatter<'_>,
    places: usize,
    runs: u64,
    seed: u64,
    failures: &[impl fmt::Display],
) -> fmt::Result {
    let failed = failures.len();
    write!(
        f,
        "{places} places were tried in {runs} runs with seed {seed}, {failed} failed"
    )?;
    for found in failures {
        write!(f, "\n{found}")?;
    }
    Ok(())
}

/// Writes how a run failed, after its place.
pub(super) fn write_run(
    f: &mut fmt::Formatter<'_>,
    site: Option<&str>,
    message: &str,
) -> fmt::Result {
    if let Some(site) = site {
        write!(f, "\n  in {site}")?;
    }
    write!(f, "\n  {}", message.replace('\n', "\n  "))
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "- {place}")?,
            None => f.write_str("- without being cut off")?,
        }
        write_run(f, self.site.as_deref(), &self.message)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Scope => "cancelled",
            Way::Drop => "dropped",
        };
        write!(f, "{way} at place {}, {:?}, ", self.number, self.at)?;
        let task = self.task.as_deref().unwrap_or("(no task)");
        let wait = self.waits_for.as_deref();
        match (self.point, wait) {
            (Point::Entry, Some(wait)) => {
                write!(f, "as task `{task}` begins to wait for {wait}")?;
            }
            (Point::Entry, None) => {
                write!(f, "as task `{task}` begins an operation that does not wait")?;
            }
            (Point::Step | Point::Polled, wait) => {
                let wait = wait.unwrap_or("something unknown");
                write!(f, "while task `{task}` waits for {wait}")?;
            }
            (Point::Woken, _) => write!(f, "as task `{task}` was woken, before its poll")?,
        }
        write!(f, ", in the operation at {}", self.around)
    }
}
