//! Errors of runs, and of calls into them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error as ThisError;

use crate::engine::Cancelled;

/// The error of a run that does not exist. The message names the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error(transparent)]
pub struct NoRun {
    kind: NoRunKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
enum NoRunKind {
    #[error("this is not part of a run: get the handle inside `anyrt::run`, and take it along")]
    Outside,
    #[error(
        "the run of this handle has ended: keep the run going for as long as its handles are used"
    )]
    Ended,
    #[error(
        "this thread polls a task of a run, and would wait for itself: await the future here, or \
         call from a worker thread"
    )]
    Inside,
}

impl NoRun {
    pub(crate) fn outside() -> NoRun {
        NoRun {
            kind: NoRunKind::Outside,
        }
    }

    pub(crate) fn ended() -> NoRun {
        NoRun {
            kind: NoRunKind::Ended,
        }
    }

    pub(crate) fn inside() -> NoRun {
        NoRun {
            kind: NoRunKind::Inside,
        }
    }

    /// Returns whether there was a run that has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// let outside = anyrt::RunHandle::current().unwrap_err();
    /// assert!(!outside.is_ended(), "there was none");
    ///
    /// let run = anyrt::run(async { anyrt::RunHandle::current().unwrap() });
    /// assert!(run.block_on(async {}).unwrap_err().is_ended());
    /// ```
    pub fn is_ended(&self) -> bool {
        self.kind == NoRunKind::Ended
    }
}

/// The error of a call into a run that returned no value. The message names the reason and the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum CallError {
    /// The called future was interrupted by a cancellation, or was dropped.
    #[error("the call into the run was {0}")]
    Cancelled(Cancelled),
    /// The run has ended, or the portal has been stopped.
    #[error("this is not running any more: the run has ended, or the portal has been stopped")]
    NotRunning,
    /// This thread does not work for a task.
    #[error(
        "this is no worker thread: call from a function that `to_thread` runs, or take a \
         `RunHandle` along from the run"
    )]
    Outside,
    /// This thread polls a task, which would wait for itself.
    #[error(
        "this thread polls a task of a run, and would wait for itself: await the future here, or \
         call from a worker thread"
    )]
    Inside,
}

impl CallError {
    /// Returns whether the called future was interrupted by a cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let error = start_blocking_portal(&Builder::new(), |portal| {
    ///     let task = portal.spawn(anyrt::sleep_forever()).unwrap();
    ///     portal.cancel();
    ///     task.wait().unwrap_err()
    /// });
    /// assert!(error.unwrap().is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self, CallError::Cancelled(_))
    }
}

impl From<NoRun> for CallError {
    fn from(error: NoRun) -> Self {
        match error.kind {
            NoRunKind::Ended => CallError::NotRunning,
            NoRunKind::Inside => CallError::Inside,
            NoRunKind::Outside => CallError::Outside,
        }
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        let kind = match error {
            CallError::Cancelled(_) => io::ErrorKind::Interrupted,
            CallError::NotRunning => io::ErrorKind::NotConnected,
            CallError::Outside | CallError::Inside => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

/// The error of a task that was started through a portal and did not become ready.
#[derive(Debug)]
#[non_exhaustive]
pub enum PortalStartError<T> {
    /// It ended without having called `started`, and returned this.
    NotStarted(T),
    /// It was not started, or was cancelled before it was ready.
    Call(CallError),
}

impl<T> fmt::Display for PortalStartError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortalStartError::NotStarted(_) => {
                f.write_str("the task ended without calling `started`")
            }
            PortalStartError::Call(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for PortalStartError<T> {}

impl<T> From<CallError> for PortalStartError<T> {
    fn from(error: CallError) -> Self {
        PortalStartError::Call(error)
    }
}

/// The error of a run that could not be started.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub struct RunError {
    kind: RunErrorKind,
}

#[derive(Debug, ThisError)]
enum RunErrorKind {
    #[error(
        "a run was started inside a run, on the same thread: await the future, spawn it, or start \
         the inner run on a thread of its own"
    )]
    Nested,
    #[error("the runtime could not be started")]
    Start(#[source] io::Error),
    #[error("{0}")]
    Options(Cow<'static, str>),
}

impl RunError {
    pub(crate) fn nested() -> RunError {
        RunError {
            kind: RunErrorKind::Nested,
        }
    }

    pub(crate) fn start(error: io::Error) -> RunError {
        RunError {
            kind: RunErrorKind::Start(error),
        }
    }

    /// Creates an error for invalid options. The message should name the fix. For facades.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = anyrt::RunError::options("0 worker threads: use at least 1");
    /// assert_eq!(error.to_string(), "0 worker threads: use at least 1");
    /// ```
    pub fn options(message: impl Into<Cow<'static, str>>) -> RunError {
        RunError {
            kind: RunErrorKind::Options(message.into()),
        }
    }

    /// Returns whether a run was started inside a run.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let error = anyrt::Builder::new().run(async {}).unwrap_err();
    /// assert!(error.is_nested());
    /// # });
    /// ```
    pub fn is_nested(&self) -> bool {
        matches!(self.kind, RunErrorKind::Nested)
    }
}

impl From<RunError> for io::Error {
    fn from(error: RunError) -> Self {
        match error.kind {
            RunErrorKind::Start(error) => error,
            kind => io::Error::new(io::ErrorKind::InvalidInput, RunError { kind }),
        }
    }
}
