//! A portal into a new run, on its own thread.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, JoinHandle};

use super::portal::BlockingPortal;
use crate::engine::Context;
use crate::error::RunError;
use crate::runtime::{Enter, Runtime, Spawn};
use crate::task::RunOptions;
use crate::task::reply;
use crate::unwind::{Payload, drop_quietly};

/// Starts a run on a new thread, and calls `f` with a portal into it.
///
/// When `f` returns, the portal is stopped and its tasks are waited for; then run and thread end. If `f`
/// panics, the tasks are cancelled first.
///
/// This function can be called from anywhere. In a task, it blocks the thread that polls the task.
///
/// # Blocking
///
/// Blocks this thread for as long as `f` does, and until the run has ended.
///
/// # Errors
///
/// [`RunError`] if the runtime or the thread cannot be started.
///
/// # Panics
///
/// With the panic of `f`, or with a panic that the run left unhandled.
pub fn start_blocking_portal<B, T>(
    backend: &B,
    f: impl FnOnce(&BlockingPortal<B::Runtime>) -> T,
) -> Result<T, RunError>
where
    B: Enter,
{
    PortalOptions::new().start(backend, f)
}

/// Options for the thread and the run of a portal.
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until a portal is started with them"]
pub struct PortalOptions {
    name: Option<String>,
    run: RunOptions,
}

impl PortalOptions {
    /// Creates the default options: the thread is named `anyrt-portal`, and the run has its default options.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, PortalOptions};
    ///
    /// let found = PortalOptions::new().start(&Builder::new(), |portal| portal.call_sync(|| 6 * 7));
    /// assert_eq!(found.unwrap(), Ok(42));
    /// ```
    pub fn new() -> PortalOptions {
        PortalOptions::default()
    }

    /// Sets the name of the thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, PortalOptions};
    ///
    /// let options = PortalOptions::new().thread_name("importer");
    /// let started = options.start(&Builder::new(), |portal| portal.call(async { "imported" }));
    /// assert_eq!(started.unwrap(), Ok("imported"));
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> PortalOptions {
        self.name = Some(name.into());
        self
    }

    /// Sets the options of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, PortalOptions, RunOptions};
    ///
    /// let options = PortalOptions::new().run_options(RunOptions::new().name("importer"));
    /// let listing = options.start(&Builder::new(), |portal| {
    ///     portal.call_sync(|| anyrt::task::tree().unwrap().to_string())
    /// });
    /// assert!(listing.unwrap().unwrap().contains("importer"));
    /// ```
    pub fn run_options(mut self, options: RunOptions) -> PortalOptions {
        self.run = options;
        self
    }

    /// Starts a run on a new thread; see [`start_blocking_portal`].
    ///
    /// # Blocking
    ///
    /// Blocks this thread for as long as `f` does, and until the run has ended.
    ///
    /// # Errors
    ///
    /// [`RunError`] if the runtime or the thread cannot be started.
    ///
    /// # Panics
    ///
    /// With the panic of `f`, or with a panic that the run left unhandled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, PortalOptions};
    ///
    /// let started = PortalOptions::new().start(&Builder::new(), |portal| {
    ///     portal.call(async { anyrt::to_thread::run(|| 6 * 7).await })
    /// });
    /// assert_eq!(started.unwrap(), Ok(42));
    /// ```
    pub fn start<B, T>(
        self,
        backend: &B,
        f: impl FnOnce(&BlockingPortal<B::Runtime>) -> T,
    ) -> Result<T, RunError>
    where
        B: Enter,
    {
        // 1. Start the run, call `f`, and end the run, also after a panic.
        let own = OwnRun::start(backend, &self)?;
        let result = catch_unwind(AssertUnwindSafe(|| f(&own.portal)));
        if result.is_err() {
            own.portal.cancel();
        }
        // 2. A panic of `f` takes precedence over one of the run.
        match (result, own.end()) {
            (Ok(value), Ok(())) => Ok(value),
            (Err(payload), ended) => {
                drop_quietly(ended);
                resume_unwind(payload)
            }
            (Ok(value), Err(payload)) => {
                drop_quietly(value);
                resume_unwind(payload)
            }
        }
    }
}

/// A run on its own thread, with a portal into it.
#[derive(Debug)]
pub(super) struct OwnRun<R: Spawn> {
    pub(super) portal: BlockingPortal<R>,
    thread: JoinHandle<Result<(), RunError>>,
}

impl<R: Runtime> OwnRun<R> {
    pub(super) fn start<B>(backend: &B, options: &PortalOptions) -> Result<OwnRun<R>, RunError>
    where
        B: Enter<Runtime = R>,
    {
        backend.check_new_thread().map_err(RunError::start)?;
        // 1. Start a thread whose run opens the portal and sends it here.
        let (replier, opened) = reply();
        let (backend, run, context) = (backend.clone(), options.run.clone(), Context::current());
        let name = options.name.as_deref().unwrap_or("anyrt-portal");
        // A thread of std, since there is no runtime yet to provide one. It belongs to the caller, like a
        // thread that calls `run`.
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            context.run(|| {
                let main = BlockingPortal::<R>::open(async |portal| {
                    replier.send(portal.clone());
                    drop(replier);
                    portal.stopped().await;
                    Ok::<_, Infallible>(())
                });
                crate::task::run(&backend, run, main).map(|_| ())
            })
        });
        let thread = thread.map_err(RunError::start)?;
        // 2. Wait for the portal. If it does not come, the thread has ended, and its result has the reason.
        match opened.wait() {
            Some(portal) => Ok(OwnRun { portal, thread }),
            None => match thread.join() {
                Ok(Err(error)) => Err(error),
                Ok(Ok(())) => unreachable!("the main task of the portal opens it"),
                Err(payload) => resume_unwind(payload),
            },
        }
    }

    /// Stops the portal, and waits until run and thread have ended. If the run waits for the caller, a task
    /// or a worker thread of it, returns at once.
    pub(super) fn end(self) -> Result<(), Payload> {
        self.portal.stop();
        if self.portal.is_awaited() {
            return Ok(());
        }
        self.thread.join().map(|_| ())
    }
}
