//! A builder for children with options.

use std::fmt;

use super::child_options::ChildOptions;
use crate::engine::Context;

/// A builder for a child with a name or a context.
///
/// All kinds of group have a method `task` that returns one: [`TaskGroup::task`](super::TaskGroup::task),
/// [`ScopedTaskGroup::task`](super::ScopedTaskGroup::task) and
/// [`LocalTaskGroup::task`](super::LocalTaskGroup::task).
#[must_use = "nothing is started before `spawn` or `start`"]
pub struct TaskBuilder<'a, G> {
    pub(super) group: &'a G,
    pub(super) options: ChildOptions,
}

impl<'a, G> TaskBuilder<'a, G> {
    pub(super) fn of(group: &'a G) -> TaskBuilder<'a, G> {
        TaskBuilder {
            group,
            options: ChildOptions::default(),
        }
    }

    /// Sets the name of the task. The default is the location where it is spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.task().name("uploader").spawn(async {});
    ///     assert_eq!(&*task.name(), "uploader");
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into().into());
        self
    }

    /// Sets the context of the task, in place of a snapshot of the spawner's.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Context, ContextVar};
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// let group = anyrt::task_group(async |tg| {
    ///     let empty = Context::new();
    ///     tg.task().context(&empty).spawn(async { assert_eq!(REQUEST.get(), None) });
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn context(mut self, context: &Context) -> Self {
        self.options.context = Some(context.map());
        self
    }
}

impl<G> fmt::Debug for TaskBuilder<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.options.name)
            .finish_non_exhaustive()
    }
}
