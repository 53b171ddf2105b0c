//! The errors that several modules share: small types, one per kind of event, with messages that name the
//! remedy.

mod group;
mod run;
mod task;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error as ThisError;

pub use self::group::{Failures, GroupError};
pub use self::run::{CallError, NoRun, PortalStartError, RunError};
pub use self::task::{SpawnError, StartError, TaskError, ValueError};
pub use crate::attributes::AttributeError;
pub use crate::engine::Cancelled;
pub use crate::engine::Cause;

/// An error: there is no current runtime. The message names the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{message}")]
pub struct NoRuntime {
    message: Cow<'static, str>,
}

impl NoRuntime {
    /// Creates an error with this message, which should name the fix. For backends.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = anyrt::NoRuntime::new("no reactor here: enable the feature `net`");
    /// assert_eq!(error.to_string(), "no reactor here: enable the feature `net`");
    /// ```
    pub fn new(message: impl Into<Cow<'static, str>>) -> NoRuntime {
        NoRuntime {
            message: message.into(),
        }
    }
}

impl From<NoRuntime> for io::Error {
    fn from(error: NoRuntime) -> Self {
        io::Error::other(error)
    }
}

/// The error of a `try_` function that would have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("this would have to wait: call the function without `try_`, or come back later")]
#[non_exhaustive]
pub struct WouldBlock;

impl From<WouldBlock> for io::Error {
    fn from(error: WouldBlock) -> Self {
        io::Error::new(io::ErrorKind::WouldBlock, error)
    }
}

/// The error of an operation that one task at a time may do, while another does it.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("another task is {action} this already: let one task at a time do it")]
pub struct Busy {
    action: Cow<'static, str>,
}

impl Busy {
    pub(crate) fn new(action: Cow<'static, str>) -> Busy {
        Busy { action }
    }

    /// Returns the other task's action, such as "reading from".
    ///
    /// # Examples
    ///
    /// ```
    /// let reading = anyrt::sync::ResourceGuard::new("reading from");
    /// let _in_use = reading.enter().unwrap();
    /// assert_eq!(reading.enter().unwrap_err().action(), "reading from");
    /// ```
    pub fn action(&self) -> &str {
        &self.action
    }
}

impl From<Busy> for io::Error {
    fn from(error: Busy) -> Self {
        io::Error::new(io::ErrorKind::ResourceBusy, error)
    }
}

/// The error of an operation that exceeded its time limit.
#[derive(Clone, PartialEq, Eq)]
pub struct Elapsed {
    reason: Option<Box<str>>,
}

impl Elapsed {
    pub(crate) fn new(reason: Option<Box<str>>) -> Elapsed {
        Elapsed { reason }
    }

    /// Returns the reason that was set with the limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let limited = anyrt::fail_after(Duration::ZERO, anyrt::sleep_forever()).reason("connecting");
    /// assert_eq!(limited.await.unwrap_err().reason(), Some("connecting"));
    /// # });
    /// ```
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Debug for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elapsed")
            .field("reason", &self.reason)
            .finish()
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "the time limit passed: {reason}"),
            None => f.write_str("the time limit passed"),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
