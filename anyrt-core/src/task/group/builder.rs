//! A builder for children with options.

use std::fmt;
use std::panic::Location;

use super::super::handle::TaskHandle;
use super::super::output::TaskOutput;
use super::spawned::{TaskGroup, has_ended, spawn_child};
use super::start::{StartOutput, Started, expect_started, start};
use crate::engine::{Context, ContextMap, SpawnArgs};
use crate::error::SpawnError;
use crate::loom::Arc;
use crate::runtime::Runtime;

/// A builder for a child with a name or a context.
///
/// All kinds of group have a method `task` that returns one: [`TaskGroup::task`],
/// [`ScopedTaskGroup::task`](super::ScopedTaskGroup::task) and
/// [`LocalTaskGroup::task`](super::LocalTaskGroup::task).
#[must_use = "nothing is started before `spawn` or `start`"]
pub struct TaskBuilder<'a, G> {
    pub(super) group: &'a G,
    pub(super) options: ChildOptions,
}

/// The options of a child.
#[derive(Default)]
pub(super) struct ChildOptions {
    name: Option<Arc<str>>,
    /// The context that replaces the snapshot, if set.
    context: Option<Option<Arc<ContextMap>>>,
}

impl ChildOptions {
    /// Returns the arguments for a child that is spawned now, with this location.
    pub(super) fn given(self, location: &'static Location<'static>) -> SpawnArgs {
        let mut given = SpawnArgs::at(location);
        given.name = self.name;
        if let Some(context) = self.context {
            given.context = context;
        }
        given
    }
}

impl<'a, G> TaskBuilder<'a, G> {
    pub(super) fn of(group: &'a G) -> TaskBuilder<'a, G> {
        TaskBuilder {
            group,
            options: ChildOptions::default(),
        }
    }

    /// Sets the name of the task. The default is the location where it is spawned.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into().into());
        self
    }

    /// Sets the context of the task, in place of a snapshot of the spawner's.
    pub fn context(mut self, context: &Context) -> Self {
        self.options.context = Some(context.map());
        self
    }
}

impl<R: Runtime, E: Send + 'static> TaskBuilder<'_, TaskGroup<R, E>> {
    /// Starts the child; see [`TaskGroup::spawn`].
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](TaskBuilder::try_spawn).
    #[track_caller]
    pub fn spawn<F, T>(self, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        let group = self.group;
        match self.try_spawn(future) {
            Ok(handle) => handle,
            Err(_) => has_ended(group.group.core()),
        }
    }

    /// Starts the child, or returns the future if the group has ended.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] with the future, which has not been polled.
    #[track_caller]
    pub fn try_spawn<F, T>(self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T> + 'static,
        T: Send + 'static,
    {
        if !self.group.group.core().enter_as_task() {
            return Err(SpawnError(future));
        }
        let given = self.options.given(Location::caller());
        Ok(spawn_child(&self.group.group, given, future, |_| ()))
    }

    /// Starts the child and waits until it reports that it is ready; see [`TaskGroup::start`].
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::start`].
    ///
    /// # Panics
    ///
    /// As [`TaskGroup::start`].
    #[track_caller]
    pub fn start<V, Fut>(
        self,
        child: impl FnOnce(Started<V>) -> Fut,
    ) -> impl Future<Output = Result<V, E>>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        let start = self.try_start(child);
        async move { expect_started(start.await) }
    }

    /// Starts the child and waits until it reports that it is ready; see [`TaskGroup::try_start`].
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::try_start`].
    ///
    /// # Panics
    ///
    /// A panic of the child before it is ready continues here.
    #[track_caller]
    pub fn try_start<V, Fut>(
        self,
        child: impl FnOnce(Started<V>) -> Fut,
    ) -> impl Future<Output = StartOutput<V, Fut::Output, E>>
    where
        V: Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: TaskOutput<E> + 'static,
        <Fut::Output as TaskOutput<E>>::Value: Send + 'static,
    {
        let group = self.group.group.clone();
        let core = group.core().clone();
        let spawn = move |given, child, before: &mut dyn FnMut(&_)| {
            spawn_child(&group, given, child, |record| before(record))
        };
        start(core, self.options, child, spawn, Location::caller())
    }
}

impl<G> fmt::Debug for TaskBuilder<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.options.name)
            .finish_non_exhaustive()
    }
}
