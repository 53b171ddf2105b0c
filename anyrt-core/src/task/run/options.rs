use std::fmt;
use std::time::Duration;

use crate::engine::{Hook, Unhandled};
use crate::loom::Arc;

/// Options of a run.
#[derive(Clone)]
#[must_use = "options do nothing until something is run with them"]
pub struct RunOptions {
    pub(super) name: Option<Arc<str>>,
    pub(super) hook: Option<Hook>,
    pub(super) shutdown_limit: Option<Duration>,
    pub(super) stranded_after: Option<Duration>,
}

impl RunOptions {
    /// The defaults: the main task is called `main`, what is unhandled goes to standard error as
    /// one line, and the end has no limit, and what is stranded is given up after a second.
    pub fn new() -> RunOptions {
        RunOptions {
            name: None,
            hook: None,
            shutdown_limit: None,
            stranded_after: None,
        }
    }

    /// Names the main task.
    pub fn name(mut self, name: impl Into<String>) -> RunOptions {
        self.name = Some(name.into().into());
        self
    }

    /// Gets errors and panics that came up where nobody was left to take them.
    pub fn unhandled(mut self, hook: impl Fn(Unhandled) + Send + Sync + 'static) -> RunOptions {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// How long the run may take to end once its main future has: what is left is then aborted
    /// (rule C12), and functions on worker threads whose callers are gone are not waited for.
    pub fn shutdown_limit(mut self, limit: Duration) -> RunOptions {
        self.shutdown_limit = Some(limit);
        self
    }

    /// How long a cancelled scope waits for unfinished business in it that was woken and is not polled,
    /// one second by default (rule C6).
    ///
    /// A future with a begun `shield` or `finally` that is kept and not polled any more would hold its
    /// scope for ever. Where nothing else in the scope is pending, that is seen at once; beside futures
    /// of other crates, which may lead back to it, this is how long it takes. The futures have to be
    /// polled within that time, or lose their clean-up.
    pub fn stranded_after(mut self, limit: Duration) -> RunOptions {
        self.stranded_after = Some(limit);
        self
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions::new()
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("name", &self.name)
            .field("shutdown_limit", &self.shutdown_limit)
            .field("stranded_after", &self.stranded_after)
            .finish_non_exhaustive()
    }
}
