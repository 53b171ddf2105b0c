//! The group with children that are tasks of the runtime.

mod builder;
mod group;

use std::fmt;
use std::panic::Location;

pub(crate) use self::group::Group;
pub(super) use self::group::spawn_child;
use super::super::handle::TaskHandle;
use super::super::output::{GroupOutput, TaskOutput};
use super::builder::TaskBuilder;
use super::future::GroupFuture;
use super::options::GroupOptions;
use super::start::{StartOutput, Started};
use crate::cancel::CancelHandle;
use crate::engine::{GroupState, Report, SpawnArgs};
use crate::error::{GroupError, SpawnError};
use crate::loom::Arc;
use crate::runtime::{Runtime, Spawn};

/// Opens a group whose children are tasks of the runtime, and need not be awaited one by one. For
/// children that borrow, see [`scoped_task_group`](super::scoped_task_group).
///
/// The first failure, of a child or of the body, cancels the rest. All are waited for, and the result contains
/// every error (rule [G3](crate::rules#g3)). A panic continues here after all have ended (rule
/// [G4](crate::rules#g4)).
///
/// # Choosing the error type
///
/// It is inferred from the return types of children and body. If nothing determines it, write the body's
/// return type: `async |tg| -> Result<(), MyError> { … }`.
///
/// # Cancel safety
///
/// Cancelling a scope around it cancels the children, and waits for them. Dropping it from outside cancels the
/// children at once; the group around, or the run, waits for them (rule [C10](crate::rules#c10)).
///
/// # Errors
///
/// [`GroupError::Failed`] with every error that occurred, and [`GroupError::Cancelled`] if the group was
/// cancelled and the body was interrupted.
///
/// # Panics
///
/// If a child or the body panicked, and if there is no current runtime.
#[track_caller]
pub fn task_group<R, E, T, Fut>(
    body: impl FnOnce(TaskGroup<R, E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Runtime,
    E: Send + 'static,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    GroupOptions::new().run(body)
}

/// A handle of a group with children that are tasks. It spawns children, and cancels the group.
///
/// Cheap to clone; clones can be moved into children.
pub struct TaskGroup<R: Spawn, E> {
    pub(super) group: Arc<Group<R, E>>,
}

impl GroupOptions {
    /// Opens a group of tasks; see [`task_group`](super::task_group).
    ///
    /// # Errors
    ///
    /// As for [`task_group`](super::task_group).
    #[track_caller]
    pub fn run<R, E, T, Fut>(
        self,
        body: impl FnOnce(TaskGroup<R, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        R: Runtime,
        E: Send + 'static,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        open(self, None, body, Location::caller())
    }

    /// Opens a group of tasks that passes the errors of its children to `report` as they occur, for servers
    /// that never end. Children keep going.
    ///
    /// # Errors
    ///
    /// As for [`task_group`](super::task_group), except that [`GroupError::Failed`] contains only the body's
    /// error.
    #[track_caller]
    pub fn run_reporting<R, E, T, Fut>(
        self,
        report: impl FnMut(E) + Send + 'static,
        body: impl FnOnce(TaskGroup<R, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        R: Runtime,
        E: Send + 'static,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        open(
            self.keep_going(),
            Some(Box::new(report)),
            body,
            Location::caller(),
        )
    }
}

/// Opens a group with options; see [`GroupOptions::run`].
fn open<R, E, T, Fut>(
    options: GroupOptions,
    report: Option<Report<'static, E>>,
    body: impl FnOnce(TaskGroup<R, E>) -> Fut,
    location: &'static Location<'static>,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Runtime,
    E: Send + 'static,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    GroupFuture::<'static, R, E, Group<R, E>, _, Fut, T>::new(move || {
        let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
        let core = options.open::<R>(location, false, R::tag(&runtime));
        let group = Group::new(core, runtime, report);
        let body = body(TaskGroup {
            group: group.clone(),
        });
        (group, body)
    })
}

impl<R: Runtime, E: Send + 'static> TaskGroup<R, E> {
    pub(crate) fn of(group: Arc<Group<R, E>>) -> TaskGroup<R, E> {
        TaskGroup { group }
    }

    pub(crate) fn runtime(&self) -> &R::Handle {
        self.group.runtime()
    }

    /// Starts a child.
    ///
    /// On a runtime with one thread, no part of the child runs before this returns. In a group that is cancelled,
    /// the child runs up to its first wait (rule [G7](crate::rules#g7)).
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](TaskGroup::try_spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let answer = tg.spawn(async { Ok(6 * 7) });
    ///     tg.spawn(async { Err::<(), _>("no route") }); // cancels the group
    ///     Ok(answer.value().await)
    /// });
    /// match group.await {
    ///     Ok(answer) => assert_eq!(answer, 42),
    ///     Err(error) => assert_eq!(error.errors(), ["no route"]),
    /// }
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        self.spawn_at(Location::caller(), future)
    }

    /// Starts a child, with this location instead of the caller's.
    #[track_caller]
    pub(crate) fn spawn_at<F, T>(
        &self,
        location: &'static Location<'static>,
        future: F,
    ) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        if !self.group.core.enter_as_task() {
            has_ended(&self.group.core);
        }
        spawn_child(&self.group, SpawnArgs::at(location), future, |_| ())
    }

    /// Starts a child, or returns the future if the group has ended.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the future, which has not been polled.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| Ok::<_, std::io::Error>(tg)).await.unwrap();
    /// let refused = ended.try_spawn(async { Ok(6 * 7) }).unwrap_err();
    /// assert_eq!(refused.0.await.unwrap(), 42, "the future comes back");
    /// # });
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        self.try_spawn_at(future, Location::caller())
    }

    pub(crate) fn try_spawn_at<F, T>(
        &self,
        future: F,
        location: &'static Location<'static>,
    ) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        if !self.group.core.enter_as_task() {
            return Err(SpawnError(future));
        }
        Ok(spawn_child(
            &self.group,
            SpawnArgs::at(location),
            future,
            |_| (),
        ))
    }

    /// Returns a builder for a child with a name or a context.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.task().name("sum").spawn(async {});
    ///     assert_eq!(&*task.name(), "sum");
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn task(&self) -> TaskBuilder<'_, TaskGroup<R, E>> {
        TaskBuilder::of(self)
    }

    /// Starts a child and waits until it reports that it is ready. Returns the value that it reports (rule
    /// [G9](crate::rules#g9)).
    ///
    /// Until then the child lives under the scopes around this call, and afterwards under the group's. The
    /// child is created and started when this is first polled.
    ///
    /// # Cancel safety
    ///
    /// If this is cancelled or dropped before the child is ready, the child is cancelled. Under cancellation
    /// this waits for the child.
    ///
    /// # Errors
    ///
    /// The child's own error, if it fails before it is ready. The group does not receive it.
    ///
    /// # Panics
    ///
    /// If the group has ended, if the child ends without an error before it is ready, and if the child itself
    /// is cancelled before; [`try_start`](TaskGroup::try_start) returns these. A panic of the child before it
    /// is ready continues here.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let address = tg.start(async |ready| {
    ///         let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    ///         ready.started(listener.local_addr()?);
    ///         listener.accept().await.map(drop)
    ///     });
    ///     // From here on, connections are accepted.
    ///     connect_tcp("127.0.0.1", address.await?.port()).await?;
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn start<V, Fut>(
        &self,
        child: impl FnOnce(Started<V>) -> Fut,
    ) -> impl Future<Output = Result<V, E>>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        self.task().start(child)
    }

    /// Starts a child and waits until it reports that it is ready. Returns the value that it reports, and the
    /// handle.
    ///
    /// See [`start`](TaskGroup::start), which differs only in the return type.
    ///
    /// # Cancel safety
    ///
    /// As for [`start`](TaskGroup::start).
    ///
    /// # Errors
    ///
    /// [`StartError`](crate::error::StartError) if the child did not become ready.
    ///
    /// # Panics
    ///
    /// A panic of the child before it is ready continues here.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::StartError;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let server = tg.try_start(async |ready: anyrt::Started<u16>| {
    ///         drop(ready);
    ///         Err::<(), _>("the port is taken")
    ///     });
    ///     let error = server.await.unwrap_err();
    ///     assert!(matches!(error, StartError::Failed(reason) if *reason == "the port is taken"));
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn try_start<V, Fut>(
        &self,
        child: impl FnOnce(Started<V>) -> Fut,
    ) -> impl Future<Output = StartOutput<V, Fut::Output, E>>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        self.task().try_start(child)
    }
}

#[cold]
#[track_caller]
pub(super) fn has_ended(core: &GroupState) -> ! {
    panic!(
        "spawned into the group `{}`, which has ended; use `try_spawn` where that can happen",
        core.name(),
    )
}

impl<R: Spawn, E> TaskGroup<R, E> {
    /// Cancels the body and every child. This does not count as a failure (rule [G5](crate::rules#g5)).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     tg.cancel();
    /// });
    /// assert!(group.await.is_ok());
    /// # });
    /// ```
    pub fn cancel(&self) {
        self.scope().cancel();
    }

    /// Returns the group's own scope: deadline, reason, shield.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.scope().set_deadline(anyrt::now() + Duration::from_millis(1));
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    /// });
    /// assert!(group.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn scope(&self) -> CancelHandle {
        CancelHandle::new(self.group.core.node.clone())
    }

    /// Returns the name that the group was given, or else the location where it was opened.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::GroupOptions::new().name("uploads").run(async |tg| {
    ///     assert_eq!(&*tg.name(), "uploads");
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn name(&self) -> Arc<str> {
        self.group.core.name()
    }

    /// Returns the number of children that are alive. A group inside with live tasks counts as one.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     assert_eq!(tg.living(), 1);
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn living(&self) -> usize {
        self.group.core.living()
    }

    /// Returns a snapshot of the group, for inspecting or printing.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.task().name("worker").spawn(anyrt::sleep_forever());
    ///     let tree = tg.tree();
    ///     assert_eq!(&*tree.tasks[0].task.name(), "worker");
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn tree(&self) -> crate::task::GroupNode {
        crate::task::GroupNode::of(&self.group.core)
    }
}

impl<R: Spawn, E> Clone for TaskGroup<R, E> {
    fn clone(&self) -> Self {
        TaskGroup {
            group: self.group.clone(),
        }
    }
}

impl<R: Spawn, E> fmt::Debug for TaskGroup<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskGroup").field(&self.group.core).finish()
    }
}
