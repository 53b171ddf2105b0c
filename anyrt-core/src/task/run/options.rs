//! The options of a run.

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
    /// Creates the default options: the main task is named `main`, unhandled errors and panics are printed to
    /// standard error, one line each, the shutdown has no limit, and stranded holds lapse after a second.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions};
    ///
    /// let name = Builder::new().run_with(RunOptions::new(), async {
    ///     anyrt::task::current().unwrap().name()
    /// });
    /// assert_eq!(&*name.unwrap(), "main");
    /// ```
    pub fn new() -> RunOptions {
        RunOptions {
            name: None,
            hook: None,
            shutdown_limit: None,
            stranded_after: None,
        }
    }

    /// Sets the name of the main task.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions};
    ///
    /// let options = RunOptions::new().name("server");
    /// let name = Builder::new().run_with(options, async { anyrt::task::current().unwrap().name() });
    /// assert_eq!(&*name.unwrap(), "server");
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> RunOptions {
        self.name = Some(name.into().into());
        self
    }

    /// Sets a function that receives errors and panics for which no receiver is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    /// use anyrt::{Builder, RunOptions};
    /// use std::sync::mpsc;
    ///
    /// let (sender, found) = mpsc::channel();
    /// let options = RunOptions::new().unhandled(move |lost| sender.send(lost.to_string()).unwrap());
    /// let ended = Builder::new().run_with(options, async {
    ///     let mut full = OpenOptions::new().write(true).open("/dev/full").await?;
    ///     full.write_all(b"lost").await
    ///     // It is dropped before the bytes are written, so that nothing else reports the error.
    /// });
    /// # if !std::path::Path::new("/dev/full").exists() { return }
    /// assert!(ended.unwrap().is_ok());
    /// assert!(found.recv().unwrap().contains("/dev/full"));
    /// ```
    pub fn unhandled(mut self, hook: impl Fn(Unhandled) + Send + Sync + 'static) -> RunOptions {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Sets the time that the run may take to end after its main future has ended. Remaining tasks are then
    /// aborted (rule [C12](crate::rules#c12)), and functions on worker threads whose callers are gone are not
    /// waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunHandle, RunOptions};
    /// use std::time::Duration;
    ///
    /// let options = RunOptions::new().shutdown_limit(Duration::from_millis(10));
    /// let ended = Builder::new().run_with(options, async {
    ///     // A task that ignores its cancellation is aborted.
    ///     let stubborn = anyrt::shield(anyrt::sleep_forever());
    ///     RunHandle::current().unwrap().spawn(async { stubborn.await; }).unwrap();
    ///     anyrt::testing::wait_all_tasks_blocked().await;
    /// });
    /// assert!(ended.is_ok());
    /// ```
    pub fn shutdown_limit(mut self, limit: Duration) -> RunOptions {
        self.shutdown_limit = Some(limit);
        self
    }

    /// Sets the time that a cancelled scope waits for a holder in it that was woken and is not polled. The
    /// default is one second (rule [C6](crate::rules#c6)).
    ///
    /// A future with a begun `shield` or `finally` that is kept and not polled any more would hold its scope
    /// without end. If nothing else in the scope is pending, the scope detects that at once. If futures of
    /// other crates are pending, which may lead back to the holder, the scope waits for this time. Holders
    /// that are not polled within it lose their clean-up.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, RunOptions};
    /// use std::time::Duration;
    ///
    /// let options = RunOptions::new().stranded_after(Duration::from_millis(100));
    /// assert_eq!(Builder::new().run_with(options, async { 42 }).unwrap(), 42);
    /// ```
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
