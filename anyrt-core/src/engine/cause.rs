//! The causes of cancellations.

use std::fmt;

use crate::loom::Arc;

/// The kind of event that caused a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// `cancel` or a similar method was called.
    Explicit,
    /// A deadline passed.
    Deadline,
    /// A child of the group failed or panicked.
    ChildFailed,
    /// The body of the group failed or panicked.
    HostFailed,
    /// The group was dropped from outside before it ended.
    HostDropped,
    /// An enclosing scope was cancelled.
    Enclosing,
}

/// A cancellation that interrupted the code, with its cause.
///
/// Scopes return it if their future did not complete (rule [C7](crate::rules#c7)). Cloning is cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Cancelled {
    cause: Cause,
    details: Option<Arc<Details>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Details {
    reason: Option<String>,
    by: Option<String>,
}

impl Cancelled {
    pub(crate) fn new(cause: Cause) -> Cancelled {
        Cancelled {
            cause,
            details: None,
        }
    }

    pub(crate) fn with(cause: Cause, reason: Option<String>, by: Option<String>) -> Cancelled {
        // Most cancellations have neither, and allocate nothing.
        let details = (reason.is_some() || by.is_some()).then(|| Arc::new(Details { reason, by }));
        Cancelled { cause, details }
    }

    /// Returns the kind of event that caused the cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{CancelScope, Cause};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let scope = CancelScope::new().within(Duration::ZERO);
    /// let cancelled = scope.run(anyrt::sleep_forever()).await.unwrap_err();
    /// assert_eq!(cancelled.cause(), Cause::Deadline);
    /// # });
    /// ```
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns the reason that was passed to the cancelling method, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// scope.handle().cancel_with("enough");
    /// let cancelled = scope.run(anyrt::sleep_forever()).await.unwrap_err();
    /// assert_eq!(cancelled.reason(), Some("enough"));
    /// # });
    /// ```
    pub fn reason(&self) -> Option<&str> {
        self.details.as_ref()?.reason.as_deref()
    }

    /// Returns the name of the task that cancelled, or that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let scope = anyrt::CancelScope::new();
    /// scope.handle().cancel();
    /// let cancelled = scope.run(anyrt::sleep_forever()).await.unwrap_err();
    /// assert_eq!(cancelled.by(), Some("main"));
    /// # });
    /// ```
    pub fn by(&self) -> Option<&str> {
        self.details.as_ref()?.by.as_deref()
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Cancelled");
        debug.field("cause", &self.cause);
        if let Some(reason) = self.reason() {
            debug.field("reason", &reason);
        }
        if let Some(by) = self.by() {
            debug.field("by", &by);
        }
        debug.finish()
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.cause, self.by()) {
            (Cause::Explicit, None) => f.write_str("cancelled")?,
            (Cause::Explicit, Some(by)) => write!(f, "cancelled by task `{by}`")?,
            (Cause::Deadline, _) => f.write_str("cancelled because its deadline passed")?,
            (Cause::ChildFailed, None) => f.write_str("cancelled because a child failed")?,
            (Cause::ChildFailed, Some(by)) => {
                write!(f, "cancelled because the child `{by}` failed")?;
            }
            (Cause::HostFailed, None) => {
                f.write_str("cancelled because the group's body failed")?
            }
            (Cause::HostFailed, Some(by)) => {
                write!(
                    f,
                    "cancelled because the group's body failed in task `{by}`"
                )?;
            }
            (Cause::HostDropped, _) => f.write_str("cancelled because its group was dropped")?,
            (Cause::Enclosing, _) => f.write_str("cancelled with an enclosing scope")?,
        }
        match self.reason() {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Cancelled {}

impl From<Cancelled> for std::io::Error {
    fn from(cancelled: Cancelled) -> Self {
        std::io::Error::new(std::io::ErrorKind::Interrupted, cancelled)
    }
}
