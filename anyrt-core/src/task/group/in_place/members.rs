//! The state that the handles and children of a group share, with its queue and the delivery of outcomes.

use super::super::super::handle::{TaskHandle, ValueCell};
use super::super::super::output::TaskOutput;
use super::super::deliver::deliver;
use super::super::future::Members;
use crate::engine::{
    Ended, Errors, GroupState, OutcomeSink, SpawnArgs, TaskEnd, TaskFuture, TaskRecord,
};
use crate::loom::{Arc, Mutex, lock};

/// The state that handles and children of an in-place group share.
pub(super) struct InPlace<'env, E, C> {
    pub(super) core: Arc<GroupState>,
    errors: Errors<'env, E>,
    /// `None` after the group was dropped: later children are dropped at once.
    queue: Mutex<Option<Vec<C>>>,
}

impl<E, C> InPlace<'_, E, C> {
    pub(super) fn new(core: Arc<GroupState>) -> Arc<Self> {
        Arc::new(InPlace {
            core,
            errors: Errors::borrowed(),
            queue: Mutex::new(Some(Vec::new())),
        })
    }

    /// Queues a child, and wakes the group's future. A child that is refused is dropped without the lock.
    pub(super) fn push(&self, child: C) {
        let refused = match &mut *lock(&self.queue) {
            Some(queue) => {
                queue.push(child);
                None
            }
            None => Some(child),
        };
        drop(refused);
        self.core.node.wake();
    }
}

impl<'env, E, C: Future<Output = ()> + Unpin> Members<'env, E> for InPlace<'env, E, C> {
    type Child = C;

    fn core(&self) -> &Arc<GroupState> {
        &self.core
    }

    fn errors(&self) -> &Errors<'env, E> {
        &self.errors
    }

    fn take_queue(&self) -> Vec<C> {
        lock(&self.queue)
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    fn close_queue(&self) {
        let rest = lock(&self.queue).take();
        drop(rest);
    }

    fn has_queue(&self) -> bool {
        lock(&self.queue)
            .as_ref()
            .is_some_and(|queue| !queue.is_empty())
    }
}

/// A sink that passes the outcome to the group and to the cell next to the record.
pub(super) struct ToCell<'env, E, C, T> {
    group: Arc<InPlace<'env, E, C>>,
    cell: Arc<ValueCell<T>>,
}

impl<E, C, O: TaskOutput<E>> OutcomeSink<O> for ToCell<'_, E, C, O::Value> {
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>) {
        let group = &self.group;
        let fail = |error| group.errors.fail(&group.core, error, &record.name());
        deliver(record, outcome, fail, |value| {
            self.cell.put(value);
            record.finish(TaskEnd::Finished);
        });
    }
}

type Prepared<'env, E, C, F, T> = (TaskFuture<F, ToCell<'env, E, C, T>>, TaskHandle<T>);

/// Creates the record, the handle and the future of a child that was counted in. `before` receives the record
/// before the child can run.
pub(super) fn prepare<'env, E, C, F, T>(
    group: &Arc<InPlace<'env, E, C>>,
    given: SpawnArgs,
    future: F,
    before: impl FnOnce(&TaskRecord),
) -> Prepared<'env, E, C, F, T>
where
    F: Future,
    F::Output: TaskOutput<E, Value = T>,
{
    let record = group.core.insert(|| None, given);
    before(&record);
    let cell = Arc::new(ValueCell::new());
    let handle = TaskHandle::split(record.clone(), cell.clone());
    let deliver = ToCell {
        group: group.clone(),
        cell,
    };
    (TaskFuture::new(future, record, deliver), handle)
}
