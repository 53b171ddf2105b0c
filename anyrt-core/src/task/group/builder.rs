//! A child with options.

use std::fmt;
use std::panic::Location;

use super::super::handle::TaskHandle;
use super::super::output::TaskOutput;
use super::spawned::{TaskGroup, has_ended, spawn_child};
use crate::engine::{Context, ContextMap, Given};
use crate::error::SpawnError;
use crate::loom::Arc;
use crate::runtime::{Runtime, Spawn};

/// A child that is being prepared; see [`TaskGroup::task`].
#[must_use = "nothing is started before `spawn`"]
pub struct TaskBuilder<'a, R: Spawn, E> {
    group: &'a TaskGroup<R, E>,
    name: Option<Arc<str>>,
    /// The one to use instead of a snapshot.
    context: Option<Option<Arc<ContextMap>>>,
}

impl<'a, R: Runtime, E: Send + 'static> TaskBuilder<'a, R, E> {
    pub(super) fn of(group: &'a TaskGroup<R, E>) -> TaskBuilder<'a, R, E> {
        TaskBuilder {
            group,
            name: None,
            context: None,
        }
    }

    /// Names the task; the default is where it is spawned.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// Gives the task this context instead of a snapshot of the spawner's.
    pub fn context(mut self, context: &Context) -> Self {
        self.context = Some(context.map());
        self
    }

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

    /// Starts the child, or gives the future back if the group has ended.
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
        let mut given = Given::at(Location::caller());
        given.name = self.name;
        if let Some(context) = self.context {
            given.context = context;
        }
        Ok(spawn_child(&self.group.group, given, future, |_| ()))
    }
}

impl<R: Spawn, E> fmt::Debug for TaskBuilder<'_, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
