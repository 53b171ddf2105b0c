//! The shared part of a group of tasks, which spawns its children and receives their errors.

use std::any::Any;
use std::marker::PhantomData;

use super::super::super::handle::TaskHandle;
use super::super::super::output::TaskOutput;
use super::super::deliver::deliver;
use super::super::future::Members;
use crate::engine::{
    Ended, Errors, GroupState, OutcomeSink, Owner, Report, SpawnArgs, TaskFuture, TaskRecord,
};
use crate::loom::Arc;
use crate::runtime::{Spawn, TaskInfo};

/// The shared part of a group of tasks. Its children own it through their block of records.
pub(crate) struct Group<R: Spawn, E> {
    pub(super) core: Arc<GroupState>,
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
