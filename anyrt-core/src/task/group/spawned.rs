//! The group with children that are tasks of the runtime.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use super::super::handle::TaskHandle;
use super::super::output::{GroupOutput, Outcome, TaskOutput};
use super::builder::TaskBuilder;
use super::future::{GroupFuture, Members};
use super::options::GroupOptions;
use super::start::{StartOutput, Started};
use crate::cancel::CancelHandle;
use crate::engine::{
    Cause, End, Ended, Errors, GroupState, OutcomeSink, Owner, Report, SpawnArgs, TaskFuture,
    TaskRecord,
};
use crate::error::{GroupError, SpawnError};
use crate::loom::Arc;
use crate::runtime::{Runtime, Spawn, TaskInfo};
use crate::unwind::Payload;

/// Opens a group of tasks, runs `body` with it, and waits for every child (rule G1).
///
/// Children are tasks: they run in parallel if the runtime has several threads, and own their data. For
/// children that borrow, see [`scoped_task_group`](super::scoped_task_group).
///
/// The first failure, of a child or of the body, cancels the rest. All are waited for, and the result
/// contains every error (rule G3). A panic continues here after all have ended (rule G4).
///
/// # Choosing the error type
///
/// It is inferred from the return types of children and body. If nothing determines it, write the body's
/// return type: `async |tg| -> Result<(), MyError> { … }`.
///
/// # Cancel safety
///
/// Cancelling a scope around it cancels the children, and waits for them. Dropping it from outside cancels
/// the children at once; the group around, or the run, waits for them (rule C10).
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

/// The shared part of a group of tasks. Its children own it through their block of records.
pub(crate) struct Group<R: Spawn, E> {
    core: Arc<GroupState>,
    runtime: R::Handle,
    errors: Errors<'static, E>,
}

impl<R: Spawn, E: Send + 'static> Group<R, E> {
    pub(crate) fn new(
        core: Arc<GroupState>,
        runtime: R::Handle,
        report: Option<Report<'static, E>>,
    ) -> Arc<Group<R, E>> {
        Arc::new(Group {
            core,
            runtime,
            errors: Errors::owned(report),
        })
    }
}

impl<R: Spawn, E> Group<R, E> {
    pub(crate) fn core(&self) -> &Arc<GroupState> {
        &self.core
    }

    pub(crate) fn runtime(&self) -> &R::Handle {
        &self.runtime
    }
}

impl<R: Spawn, E> Members<'static, E> for Group<R, E> {
    type Child = std::future::Ready<()>;

    fn core(&self) -> &Arc<GroupState> {
        &self.core
    }

    fn errors(&self) -> &Errors<'static, E> {
        &self.errors
    }

    fn take_queue(&self) -> Vec<Self::Child> {
        Vec::new()
    }

    fn close_queue(&self) {}

    fn has_queue(&self) -> bool {
        false
    }
}

/// Opens a group with options; see [`GroupOptions::run`].
pub(super) fn open<R, E, T, Fut>(
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

/// A sink that passes the outcome to the record, and to the group that owns it.
struct ToOwner<R, E>(PhantomData<fn() -> (R, E)>);

impl<R, E, O> OutcomeSink<O> for ToOwner<R, E>
where
    R: Spawn,
    E: Send + 'static,
    O: TaskOutput<E>,
    O::Value: Send + 'static,
{
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>) {
        deliver(
            record,
            outcome,
            |error| fail_in::<R, E>(record, error),
            |value| record.finish_with_value(value),
        );
    }

    #[inline]
    fn leave(group: &GroupState) {
        group.leave_as_task();
    }
}

/// Passes an error to the group that owns the task.
#[cold]
fn fail_in<R: Spawn, E: Send + 'static>(record: &TaskRecord, error: E) {
    let owner = record.owner().map(|owner| &**owner);
    let group = owner.and_then(<dyn Any + Send + Sync>::downcast_ref::<Group<R, E>>);
    if let Some(group) = group {
        group.errors.fail(&group.core, error, &record.name());
    }
}

/// Delivers a child's outcome. An error is passed to the group. A value is passed to `finish`, which ends the
/// task, unless the handle is gone.
#[inline]
pub(super) fn deliver<E, O: TaskOutput<E>>(
    record: &TaskRecord,
    outcome: Ended<O>,
    fail: impl FnOnce(E),
    finish: impl FnOnce(O::Value),
) {
    match outcome {
        Ended::Completed(output) => match output.into_outcome() {
            Outcome::Value(value) if record.is_wanted() => finish(value),
            Outcome::Value(value) => {
                record.drop_inside(value);
                record.finish(End::Finished);
            }
            Outcome::Error(error) => {
                record.run_inside(|| fail(error));
                record.finish(End::Failed);
            }
            Outcome::Reported => {
                record.finish(End::Failed);
            }
        },
        Ended::Panicked(payload) => deliver_panic(record, payload),
        Ended::Cancelled => deliver_cancellation(record),
    }
}

#[cold]
fn deliver_panic(record: &TaskRecord, payload: Payload) {
    let group = record.group();
    group.take_panic(payload, Cause::ChildFailed, Some(&record.name()));
    record.finish(End::Failed);
}

fn deliver_cancellation(record: &TaskRecord) {
    if !record.is_cancelling() {
        record.group().note_interrupted();
    }
    record.finish(End::Cancelled);
}

/// Spawns a child that was counted in. `before` receives its record before the child can run.
pub(crate) fn spawn_child<R, E, F, O>(
    group: &Arc<Group<R, E>>,
    given: SpawnArgs,
    future: F,
    before: impl FnOnce(&TaskRecord),
) -> TaskHandle<O::Value>
where
    R: Spawn,
    E: Send + 'static,
    F: Future<Output = O> + Send + 'static,
    O: TaskOutput<E> + 'static,
    O::Value: Send + 'static,
{
    let (location, name) = (given.location, given.name.clone());
    let owner = || Some(group.clone() as Owner);
    let record = group.core.insert(owner, given);
    before(&record);
    let task = TaskInfo {
        name: name.as_deref(),
        location,
    };
    let root = TaskFuture::new(future, record.clone(), ToOwner::<R, E>(PhantomData));
    R::spawn(&group.runtime, task, root);
    TaskHandle::whole(record)
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
    /// On a runtime with one thread, no part of the child runs before this returns. In a group that is
    /// cancelled, the child runs up to its first wait (rule G7).
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](TaskGroup::try_spawn).
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
    pub fn task(&self) -> TaskBuilder<'_, TaskGroup<R, E>> {
        TaskBuilder::of(self)
    }

    /// Starts a child and waits until it reports that it is ready. Returns the value that it reports (rule
    /// G9).
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
    /// # Errors
    ///
    /// [`StartError`](crate::error::StartError) if the child did not become ready.
    ///
    /// # Panics
    ///
    /// A panic of the child before it is ready continues here.
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
    /// Cancels the body and every child. This does not count as a failure (rule G5).
    pub fn cancel(&self) {
        self.scope().cancel();
    }

    /// Returns the group's own scope: deadline, reason, shield.
    pub fn scope(&self) -> CancelHandle {
        CancelHandle::new(self.group.core.node.clone())
    }

    /// Returns the name that the group was given, or else the location where it was opened.
    pub fn name(&self) -> Arc<str> {
        self.group.core.name()
    }

    /// Returns the number of children that are alive. A group inside with live tasks counts as one.
    pub fn living(&self) -> usize {
        self.group.core.living()
    }

    /// Returns a snapshot of the group, for inspecting or printing.
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
