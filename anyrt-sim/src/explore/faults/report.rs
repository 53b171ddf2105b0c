//! The report of an exploration of faults.

use std::fmt;

use super::FaultPlace;
use crate::explore::report::{write_run, write_summary};

/// The result of [`faults`](super::faults).
///
/// `Display` describes the failures for a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "a report has the failures; `unwrap` panics with them"]
pub struct FaultReport {
    /// The seed of all runs.
    pub seed: u64,
    /// The places that were tried.
    pub places: Vec<FaultPlace>,
    /// The number of runs, with the one that counted the places.
    pub runs: u64,
    /// The runs that failed.
    pub failures: Vec<FaultFound>,
}

/// A run that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FaultFound {
    /// The place, or `None` if the test failed without a fault.
    pub place: Option<FaultPlace>,
    /// The function of the program at the place, with its line if the program has debug information. `None` if the
    /// fault occurs outside of the program: in a worker thread of a library, or in the network.
    pub site: Option<String>,
    /// The message of the panic, or the text of another failure.
    pub message: String,
    /// The seed.
    pub seed: u64,
}

impl FaultReport {
    /// Does nothing if no run failed.
    ///
    /// # Panics
    ///
    /// With the text of the report if one did.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, explore};
    ///
    /// let report = explore::faults(&Config::new(1), || async {
    ///     // A test that survives each fault of the disk.
    ///     let _ = anyrt::fs::write("/notes", "text").await;
    /// });
    /// report.unwrap();
    /// ```
    #[track_caller]
    pub fn unwrap(self) {
        assert!(self.failures.is_empty(), "{self}");
    }
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_summary(f, self.places.len(), self.runs, self.seed, &self.failures)
    }
}

impl fmt::Display for FaultFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "- {place}")?,
            None => f.write_str("- without a fault")?,
        }
        write_run(f, self.site.as_deref(), &self.message)?;
        match &self.place {
            Some(place) => write!(
                f,
                "\n  to repeat it, add to the configuration: .inject_faults(\"{}\".parse()?)",
                place.choices
            ),
            None => Ok(()),
        }
    }
}
