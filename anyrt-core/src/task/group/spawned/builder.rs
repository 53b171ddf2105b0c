//! The builder for children that are tasks of the runtime.

use std::panic::Location;

use super::super::super::handle::TaskHandle;
use super::super::super::output::TaskOutput;
use super::super::builder::TaskBuilder;
use super::super::start::{StartOutput, Started, expect_started, start};
use super::{TaskGroup, has_ended, spawn_child};
use crate::error::SpawnError;
use crate::runtime::Runtime;

impl<R: Runtime, E: Send + 'static> TaskBuilder<'_, TaskGroup<R, E>> {
    /// Starts the child; see [`TaskGroup::spawn`].
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](TaskBuilder::try_spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.task().name("sum").spawn(async { Ok::<_, std::io::Error>(1 + 2) });
    ///     assert_eq!(task.value().await, 3);
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| Ok::<_, std::io::Error>(tg)).await.unwrap();
    /// assert!(ended.task().name("late").try_spawn(async {}).is_err());
    /// # });
    /// ```
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
    /// # Cancel safety
    ///
    /// As for [`TaskGroup::start`].
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::start`].
    ///
    /// # Panics
    ///
    /// As [`TaskGroup::start`].
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let server = tg.task().name("server").start(async |ready| {
    ///         ready.started(8080);
    ///         Ok::<_, std::io::Error>(())
    ///     });
    ///     assert_eq!(server.await?, 8080);
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
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
    /// # Cancel safety
    ///
    /// As for [`TaskGroup::start`].
    ///
    /// # Errors
    ///
    /// As [`TaskGroup::try_start`].
    ///
    /// # Panics
    ///
    /// A panic of the child before it is ready continues here.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let server = tg.task().name("server").try_start(async |ready| {
    ///         ready.started(8080);
    ///         Ok::<_, std::io::Error>(())
    ///     });
    ///     let (port, handle) = server.await.unwrap();
    ///     assert_eq!((port, &*handle.name()), (8080, "server"));
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
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
