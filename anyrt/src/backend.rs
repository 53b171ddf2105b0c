//! The names of the backends.

use std::fmt;
use std::str::FromStr;

use anyrt_core::runtime::Spawn;

use crate::ambient::{Ambient, ENABLED};

/// A runtime that anyrt can run on.
///
/// Its text form is the name of the crate, and of the feature that enables it.
///
/// # Examples
///
/// ```
/// use anyrt::Backend;
///
/// let backend: Backend = "async-std".parse().unwrap();
/// assert_eq!(backend, Backend::AsyncStd);
/// assert_eq!(backend.to_string(), "async-std");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// tokio.
    Tokio,
    /// async-std, which is discontinued.
    AsyncStd,
    /// smol.
    Smol,
    /// A simulation: one thread, virtual time, an order that a seed decides, and a network in memory. A run is
    /// simulated if this is requested, or if no other backend is enabled.
    Sim,
}

impl Backend {
    /// All known backends, enabled or not, in the order of preference.
    pub const ALL: &'static [Backend] = &[
        Backend::Tokio,
        Backend::Smol,
        Backend::AsyncStd,
        Backend::Sim,
    ];

    /// Returns the enabled backends, in the order of preference.
    ///
    /// # Examples
    ///
    /// ```
    /// for backend in anyrt::Backend::available() {
    ///     let found = anyrt::run_on(*backend, async { anyrt::Backend::current() });
    ///     assert_eq!(found, Some(*backend));
    /// }
    /// ```
    pub fn available() -> &'static [Backend] {
        ENABLED
    }

    /// Returns the backend that anyrt's functions use where this is called, or `None` if they find none.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let inside = anyrt::run(async { anyrt::Backend::current() });
    /// assert!(inside.is_some());
    /// ```
    pub fn current() -> Option<Backend> {
        Some(Ambient::current().ok()?.backend())
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::AsyncStd => "async-std",
            Backend::Smol => "smol",
            Backend::Sim => "sim",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = ParseBackendError;

    fn from_str(name: &str) -> Result<Backend, ParseBackendError> {
        let known = Backend::ALL.iter().copied();
        known
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| ParseBackendError {
                name: name.to_owned(),
            })
    }
}

/// The error for a name that is not the name of a backend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown backend {name:?}: anyrt knows {}", known())]
pub struct ParseBackendError {
    name: String,
}

/// Returns all names, as they are listed in messages.
fn known() -> String {
    let names: Vec<String> = Backend::ALL.iter().map(|b| format!("`{b}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(*backend));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = "tokyo".parse::<Backend>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown backend \"tokyo\": anyrt knows `tokio`, `smol`, `async-std`, `sim`"
        );
    }
}
