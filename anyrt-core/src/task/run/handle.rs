//! Handles of a run, for threads outside of it.

use std::convert::Infallible;
use std::fmt;
use std::panic::{Location, resume_unwind};

use super::RunToken;
use crate::engine::Run;
use crate::error::NoRun;
use crate::loom::{Arc, Weak};
use crate::runtime::{Runtime, Spawn};
use crate::task::group::{Group, TaskGroup};
use crate::task::run::{InPlace, block_on, refuse_inside};
use crate::task::{TaskHandle, TaskOutput, Tree};

/// A handle to re-enter a run from a foreign thread.
///
/// Tasks that are spawned through it belong to the run as a whole, and are cancelled when the run's main
/// future ends.
pub struct RunHandle<R: Spawn> {
    run: Arc<Run>,
    group: Weak<Group<R, Infallible>>,
}

impl<R: Runtime> RunHandle<R> {
    /// Returns the handle of the run that the caller belongs to.
    ///
    /// # Errors
    ///
    /// [`NoRun`] outside of every run, and in an application that entered its runtime without anyrt.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::RunHandle;
    ///
    /// assert!(RunHandle::current().is_err(), "outside of every run");
    /// let inside = anyrt::run(async { RunHandle::current().is_ok() });
    /// assert!(inside);
    /// ```
    pub fn current() -> Result<RunHandle<R>, NoRun> {
        let run = Run::current().ok_or_else(NoRun::outside)?;
        let group = run
            .group
            .get()
            .and_then(Weak::upgrade)
            .ok_or_else(NoRun::ended)?;
        let group = group.downcast::<Group<R, Infallible>>();
        let group = Arc::downgrade(&group.map_err(|_| NoRun::outside())?);
        Ok(RunHandle { run, group })
    }

    /// Returns the identity of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let run = anyrt::RunHandle::current().unwrap();
    /// assert_eq!(Some(run.token()), anyrt::task::current_run());
    /// # });
    /// ```
    pub fn token(&self) -> RunToken {
        RunToken(self.run.id)
    }

    /// Returns the tasks, groups and scopes of the run, as they are now; see [`tree`](crate::task::tree()).
    ///
    /// Works on any thread, inside and outside of the run. Returns `None` if the run has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let run = anyrt::RunHandle::current().unwrap();
    /// let listing = anyrt::to_thread::run(move || run.tree().unwrap().to_string()).await;
    /// assert!(listing.contains("main"));
    /// # });
    /// ```
    pub fn tree(&self) -> Option<Tree> {
        let core = self.run.core().filter(|core| !core.has_ended())?;
        Some(Tree::of(&core))
    }

    /// Starts a task in the run, from any thread, with the context of the caller.
    ///
    /// # Errors
    ///
    /// [`NoRun`] if the run has ended; the future is then dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let run = anyrt::RunHandle::current().unwrap();
    /// let task = anyrt::to_thread::run(move || run.spawn(async { Ok(6 * 7) })).await.unwrap();
    /// assert_eq!(task.value().await, 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, NoRun>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<Infallible, Value = T> + 'static,
        T: Send + 'static,
    {
        let group = self.group()?;
        group.try_spawn(future).map_err(|_| NoRun::ended())
    }

    /// Returns the run's own group.
    pub(crate) fn group(&self) -> Result<TaskGroup<R, Infallible>, NoRun> {
        let group = self.group.upgrade().ok_or_else(NoRun::ended)?;
        Ok(TaskGroup::of(group))
    }

    /// Runs a future in the run, and blocks this thread until it has ended.
    ///
    /// # Blocking
    ///
    /// For worker threads and foreign threads.
    ///
    /// # Errors
    ///
    /// [`NoRun`] if the run has ended, or ends meanwhile. Also if this thread polls tasks, of this run or of
    /// another, or has entered the runtime of a run: these tasks would not be polled while it waits.
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let run = anyrt::RunHandle::current().unwrap();
    /// let answer = anyrt::to_thread::run(move || run.block_on(async { 6 * 7 })).await;
    /// assert_eq!(answer, Ok(42));
    /// # });
    /// ```
    #[track_caller]
    pub fn block_on<F>(&self, future: F) -> Result<F::Output, NoRun>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        refuse_inside().map_err(|_| NoRun::inside())?;
        let caught = async move {
            let future = std::panic::AssertUnwindSafe(future);
            Ok(futures_util::FutureExt::catch_unwind(future).await)
        };
        let group = self.group.upgrade().ok_or_else(NoRun::ended)?;
        let location = Location::caller();
        let ended = InPlace::of::<R>(group.runtime()).block(|| {
            let spawned = TaskGroup::of(group).try_spawn_at(caught, location);
            Ok(block_on(spawned.map_err(|_| NoRun::ended())?))
        });
        match ended.ok_or_else(NoRun::inside)?? {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => Err(NoRun::ended()),
        }
    }
}

impl<R: Spawn> Clone for RunHandle<R> {
    fn clone(&self) -> Self {
        RunHandle {
            run: self.run.clone(),
            group: self.group.clone(),
        }
    }
}

impl<R: Spawn> fmt::Debug for RunHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("run", &self.run.id)
            .field("backend", &self.run.backend)
            .finish()
    }
}
