//! Access to a run for threads outside of it.
//!
//! ```text
//!   threads outside                 the run
//!   portal.call(future) ─────────▶  a child of the portal's group
//!             value     ◀─────────
//! ```
//!
//! A portal is a group whose children are spawned by other threads. Their outputs and panics go back to those
//! threads, not to the group.

use std::convert::Infallible;
use std::fmt;
use std::panic::{Location, resume_unwind};

use super::portal_resource::{PortalResource, Release, ResourceScope};
use super::portal_task::{PortalTask, ResultCell, caught};
use crate::engine::{Run, Wait};
use crate::error::{CallError, GroupError, PortalStartError, StartError};
use crate::loom::Arc;
use crate::runtime::{Runtime, Spawn};
use crate::sync::Event;
use crate::task::{GroupOutput, Started, TaskGroup, TaskHandle, task_group};
use crate::task::{InPlace, is_part_of, polls_a_task_of};

/// A portal, through which threads outside of a run start tasks in it and wait for them.
///
/// It is opened in a run with [`open`](BlockingPortal::open), or together with a new run by
/// [`start_blocking_portal`](super::start_blocking_portal). Cheap to clone; clones can be sent to any number
/// of threads.
///
/// Every call takes the context variables of the calling thread along.
pub struct BlockingPortal<R: Spawn> {
    shared: Arc<Shared<R>>,
}

struct Shared<R: Spawn> {
    group: TaskGroup<R, Infallible>,
    run: Option<Arc<Run>>,
    in_place: InPlace,
    stop: Event,
}

/// The result of [`BlockingPortal::start`]: the value that the task passed when it was ready, and its handle.
pub type PortalStarted<V, T> = Result<(V, PortalTask<T>), PortalStartError<T>>;

impl<R: Runtime> BlockingPortal<R> {
    /// Opens a portal into the current run for the duration of `body`, then waits for every task that was
    /// started through it.
    ///
    /// When `body` ends, the portal is stopped. If it ended with an error or a panic, or if an enclosing
    /// scope is cancelled, the tasks of the portal are cancelled, and threads that wait for them get
    /// [`CallError::Cancelled`].
    ///
    /// # Cancel safety
    ///
    /// As for a [group](crate::task::task_group): cancelling an enclosing scope cancels the tasks and waits
    /// for them. If the future is dropped, the tasks are cancelled at once.
    ///
    /// # Errors
    ///
    /// [`GroupError::Failed`] with the body's error, and [`GroupError::Cancelled`] if the body was
    /// interrupted.
    ///
    /// # Panics
    ///
    /// With the panic of `body`, and if there is no current runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{BlockingPortal, to_thread};
    ///
    /// # anyrt::run(async {
    /// let opened = BlockingPortal::open(async |portal| {
    ///     let answer = to_thread::run(move || portal.call(async { 6 * 7 })).await;
    ///     Ok::<_, std::io::Error>(answer)
    /// });
    /// assert_eq!(opened.await.unwrap(), Ok(42));
    /// # });
    /// ```
    #[track_caller]
    pub fn open<E, T, Fut>(
        body: impl FnOnce(BlockingPortal<R>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        let group = task_group::<R, Infallible, _, _>(move |group| {
            let portal = BlockingPortal {
                shared: Arc::new(Shared {
                    in_place: InPlace::of::<R>(group.runtime()),
                    group,
                    run: Run::current(),
                    stop: Event::new(),
                }),
            };
            // Stops the portal however the body ends, also if its future is dropped.
            let open = StopOnDrop(portal.clone());
            let body = body(portal);
            async move {
                let result = body.await.into_result();
                if result.is_err() {
                    open.0.cancel();
                    // Without the shield, a cancelled scope around would discard the error (rule G6).
                    open.0.shared.group.scope().set_shield(true);
                }
                Ok(result)
            }
        });
        async move {
            match group.await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(error)) => Err(GroupError::failed(vec![error])),
                Err(error) => Err(GroupError::Cancelled(error.into())),
            }
        }
    }

    /// Runs a future as a task of the portal, and returns its output.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the task has ended.
    ///
    /// # Errors
    ///
    /// - [`CallError::NotRunning`]: the portal has been stopped.
    /// - [`CallError::Cancelled`]: the task was cancelled, with the portal or its run.
    /// - [`CallError::Inside`]: this thread polls tasks of the run, or has entered its runtime.
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    /// use std::time::Duration;
    ///
    /// let answer = start_blocking_portal(&Builder::new(), |portal| {
    ///     portal.call(async {
    ///         anyrt::sleep(Duration::from_millis(1)).await;
    ///         42
    ///     })
    /// });
    /// assert_eq!(answer.unwrap(), Ok(42));
    /// ```
    #[track_caller]
    pub fn call<F>(&self, future: F) -> Result<F::Output, CallError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Waiting here would block the thread that has to poll the task.
        self.refuse_inside()?;
        let location = Location::caller();
        let in_place = &self.shared.in_place;
        let called = in_place.block(|| self.spawn_at(future, location)?.wait_here());
        called.unwrap_or(Err(CallError::Inside))
    }

    /// Calls a function in the run, and returns its value. The function must not block.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the function has returned.
    ///
    /// # Errors
    ///
    /// As [`call`](BlockingPortal::call).
    ///
    /// # Panics
    ///
    /// With the panic of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let inside = start_blocking_portal(&Builder::new(), |portal| {
    ///     portal.call_sync(|| anyrt::task::current_run().is_some())
    /// });
    /// assert_eq!(inside.unwrap(), Ok(true));
    /// ```
    #[track_caller]
    pub fn call_sync<F, T>(&self, f: F) -> Result<T, CallError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.call(async move { f() })
    }

    /// Starts a task in the run, and does not wait for it.
    ///
    /// Dropping the handle detaches the task. A panic that is not received goes to the run's `unhandled`
    /// hook.
    ///
    /// # Errors
    ///
    /// [`CallError::NotRunning`]: the portal has been stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let sum = start_blocking_portal(&Builder::new(), |portal| {
    ///     let tasks = [1, 2, 3].map(|n| portal.spawn(async move { n * n }).unwrap());
    ///     tasks.into_iter().map(|task| task.wait().unwrap()).sum::<u32>()
    /// });
    /// assert_eq!(sum.unwrap(), 14);
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<PortalTask<F::Output>, CallError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(future, Location::caller())
    }

    fn spawn_at<F>(
        &self,
        future: F,
        location: &'static Location<'static>,
    ) -> Result<PortalTask<F::Output>, CallError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.is_stopped() {
            return Err(CallError::NotRunning);
        }
        let cell = ResultCell::new(self.shared.run.clone());
        let child = caught(future, cell.clone());
        let handle = self.shared.group.try_spawn_at(child, location);
        // The portal's run may have ended although the portal was not stopped.
        let handle = handle.map_err(|_| CallError::NotRunning)?;
        Ok(self.task(handle, cell))
    }

    /// Starts a task in the run, and waits until it reports that it is ready. Returns the value that it
    /// passed, and its handle.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the task is ready.
    ///
    /// # Errors
    ///
    /// - [`PortalStartError::NotStarted`]: the task ended before it was ready; contains its output.
    /// - [`PortalStartError::Call`]: as [`call`](BlockingPortal::call).
    ///
    /// # Panics
    ///
    /// With a panic of the task before it is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, Started, start_blocking_portal};
    ///
    /// let port = start_blocking_portal(&Builder::new(), |portal| {
    ///     let (port, server) = portal.start(async |ready: Started<u16>| {
    ///         ready.started(8080);
    ///         anyrt::sleep_forever().await;
    ///     }).unwrap();
    ///     server.cancel();
    ///     port
    /// });
    /// assert_eq!(port.unwrap(), 8080);
    /// ```
    #[track_caller]
    pub fn start<V, Fut>(
        &self,
        child: impl FnOnce(Started<V>) -> Fut + Send + 'static,
    ) -> PortalStarted<V, Fut::Output>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        let cell = ResultCell::new(self.shared.run.clone());
        let group = self.shared.group.clone();
        // The child is started by a task of the portal, since only a task can wait until it is ready.
        let started = {
            let cell = cell.clone();
            async move {
                let child = group.try_start(move |started| caught(child(started), cell));
                child.await
            }
        };
        match self.call(started)? {
            Ok((value, handle)) => Ok((value, self.task(handle, cell))),
            // The child has ended before it was ready: its output or its panic is in the cell.
            Err(StartError::NotStarted) => match cell.take() {
                Some(Ok(output)) => Err(PortalStartError::NotStarted(output)),
                Some(Err(payload)) => resume_unwind(payload),
                None => Err(CallError::NotRunning.into()),
            },
            Err(StartError::Cancelled(cause)) => Err(CallError::Cancelled(cause).into()),
            Err(StartError::GroupEnded) => Err(CallError::NotRunning.into()),
            Err(StartError::Failed(never)) => match *never {},
        }
    }

    /// Keeps a resource open in the run, such as a connection, a server or a group. Returns the value that
    /// `resource` passed; the resource is released when that is closed or dropped.
    ///
    /// `resource` opens it, calls [`ResourceScope::until_released`], and closes it when that returns. All of this
    /// is one task in the run, so cancelling the portal cancels it like any other task: clean up in a
    /// `finally`. The end of the portal waits for all held resources, so release them before.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the resource is open.
    ///
    /// # Errors
    ///
    /// As [`start`](BlockingPortal::start).
    ///
    /// # Panics
    ///
    /// With a panic of the task before the resource is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let closed = start_blocking_portal(&Builder::new(), |portal| {
    ///     let connection = portal.hold(async |holding| {
    ///         holding.until_released("connected").await;
    ///         "closed"
    ///     }).unwrap();
    ///     assert_eq!(*connection, "connected");
    ///     connection.close()
    /// });
    /// assert_eq!(closed.unwrap(), Ok("closed"));
    /// ```
    #[track_caller]
    pub fn hold<V, Fut>(
        &self,
        resource: impl FnOnce(ResourceScope<V>) -> Fut + Send + 'static,
    ) -> Result<PortalResource<V, Fut::Output>, PortalStartError<Fut::Output>>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        // Both ends of the signal: one in the task, the other in the returned value.
        let release = Release::new();
        let released = release.clone();
        let (value, task) =
            self.start(move |started| resource(ResourceScope::new(started, released)))?;
        Ok(PortalResource::new(value, release, task))
    }

    /// Waits until the portal has been stopped.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{BlockingPortal, to_thread};
    ///
    /// let opened = anyrt::run(BlockingPortal::open(async |portal| {
    ///     let remote = portal.clone();
    ///     let stop = to_thread::run(move || remote.stop());
    ///     anyrt::gather((portal.stopped(), stop)).await;
    ///     Ok::<_, std::io::Error>(portal.is_stopped())
    /// }));
    /// assert!(opened.unwrap());
    /// ```
    pub async fn stopped(&self) {
        self.shared.stop.wait_as(Wait::Portal).await;
    }

    /// Returns whether the end of the portal's run waits for this thread.
    pub(super) fn is_awaited(&self) -> bool {
        self.shared.run.as_ref().is_some_and(is_part_of)
    }

    fn refuse_inside(&self) -> Result<(), CallError> {
        if polls_a_task_of(self.shared.run.as_ref()) {
            return Err(CallError::Inside);
        }
        Ok(())
    }

    fn task<T>(&self, handle: TaskHandle<()>, cell: Arc<ResultCell<T>>) -> PortalTask<T> {
        PortalTask::new(
            handle,
            cell,
            self.shared.group.scope(),
            self.shared.in_place.clone(),
        )
    }
}

impl<R: Spawn> BlockingPortal<R> {
    /// Stops the portal: it accepts no further calls. Tasks that were started through it continue.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let refused = start_blocking_portal(&Builder::new(), |portal| {
    ///     let before = portal.spawn(async { 42 }).unwrap();
    ///     portal.stop();
    ///     assert_eq!(before.wait(), Ok(42), "started tasks go on");
    ///     portal.call(async {})
    /// });
    /// assert!(refused.unwrap().is_err());
    /// ```
    pub fn stop(&self) {
        self.shared.stop.set();
    }

    /// Stops the portal, and cancels the tasks that were started through it. Threads that wait for
    /// them get [`CallError::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let cancelled = start_blocking_portal(&Builder::new(), |portal| {
    ///     let task = portal.spawn(anyrt::sleep_forever()).unwrap();
    ///     portal.cancel();
    ///     task.wait().unwrap_err()
    /// });
    /// assert!(cancelled.unwrap().is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.stop();
        self.shared.group.cancel();
    }

    /// Returns whether the portal has been stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let kept = start_blocking_portal(&Builder::new(), |portal| {
    ///     assert!(!portal.is_stopped());
    ///     portal.clone()
    /// });
    /// assert!(kept.unwrap().is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.shared.stop.is_set()
    }
}

impl<R: Spawn> Clone for BlockingPortal<R> {
    fn clone(&self) -> Self {
        BlockingPortal {
            shared: self.shared.clone(),
        }
    }
}

impl<R: Spawn> fmt::Debug for BlockingPortal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPortal")
            .field("stopped", &self.is_stopped())
            .field("group", &self.shared.group)
            .finish()
    }
}

/// A guard that stops the portal when its body ends, in whatever way.
struct StopOnDrop<R: Spawn>(BlockingPortal<R>);

impl<R: Spawn> Drop for StopOnDrop<R> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
