//! Groups with children that the host polls, and that may borrow from the group's surroundings.
//!
//! Children are boxed with the lifetime of the surroundings, queued by the handle, and polled by the group's
//! future. Handles own the queue, but not a child that has been taken from it. The queue is emptied when the
//! group ends or is dropped, so a queued child that owns a handle is freed.

mod handle_macro;
mod members;

use std::fmt;
use std::panic::Location;

use futures_core::future::{BoxFuture, LocalBoxFuture};

use self::handle_macro::in_place_group;
use self::members::{InPlace, prepare};
use super::super::handle::TaskHandle;
use super::super::output::{GroupOutput, TaskOutput};
use super::builder::TaskBuilder;
use super::future::GroupFuture;
use super::options::GroupOptions;
use super::spawned::has_ended;
use super::start::{StartOutput, Started, expect_started, start};
use crate::cancel::CancelHandle;
use crate::engine::poll_state;
use crate::error::{GroupError, SpawnError};
use crate::loom::Arc;
use crate::runtime::Time;

/// Opens a group of children that may borrow from its surroundings (rule [G11](crate::rules#g11)).
///
/// Children run inside the task that awaits the group: concurrently, not in parallel. They are `Send`.
/// Everything else is as in [`task_group`](super::task_group).
///
/// # Cancel safety
///
/// Cancelling a scope around it cancels the children, and waits for their clean-up. Dropping it from outside
/// drops them.
///
/// # Errors
///
/// As for [`task_group`](super::task_group).
#[track_caller]
pub fn scoped_task_group<'env, R, E, T, Fut>(
    body: impl FnOnce(ScopedTaskGroup<'env, E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Time,
    E: Send + 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    open_scoped::<R, E, T, Fut>(GroupOptions::new(), body, Location::caller())
}

/// Opens a group of children that may borrow, and need not be `Send` (rule [G11](crate::rules#g11)).
///
/// Everything else is as in [`scoped_task_group`].
///
/// # Cancel safety
///
/// As [`scoped_task_group`].
///
/// # Errors
///
/// As for [`task_group`](super::task_group).
#[track_caller]
pub fn local_task_group<'env, R, E, T, Fut>(
    body: impl FnOnce(LocalTaskGroup<'env, E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Time,
    E: 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    open_local::<R, E, T, Fut>(GroupOptions::new(), body, Location::caller())
}

impl GroupOptions {
    /// Opens a group of borrowing children; see
    /// [`scoped_task_group`](super::scoped_task_group).
    ///
    /// # Errors
    ///
    /// As for [`task_group`](super::task_group).
    #[track_caller]
    pub fn run_scoped<'env, R, E, T, Fut>(
        self,
        body: impl FnOnce(ScopedTaskGroup<'env, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        R: Time,
        E: Send + 'env,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        open_scoped::<R, E, T, Fut>(self, body, Location::caller())
    }

    /// Opens a group of borrowing children that need not be `Send`; see
    /// [`local_task_group`](super::local_task_group).
    ///
    /// # Errors
    ///
    /// As for [`task_group`](super::task_group).
    #[track_caller]
    pub fn run_local<'env, R, E, T, Fut>(
        self,
        body: impl FnOnce(LocalTaskGroup<'env, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        R: Time,
        E: 'env,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        open_local::<R, E, T, Fut>(self, body, Location::caller())
    }
}

fn open_scoped<'env, R, E, T, Fut>(
    options: GroupOptions,
    body: impl FnOnce(ScopedTaskGroup<'env, E>) -> Fut,
    location: &'static Location<'static>,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Time,
    E: Send + 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    GroupFuture::<'env, R, E, InPlace<'env, E, BoxFuture<'env, ()>>, _, Fut, T>::new(move || {
        let tag = poll_state::surroundings().tag();
        let group = InPlace::new(options.open::<R>(location, true, tag));
        let body = body(ScopedTaskGroup {
            group: group.clone(),
        });
        (group, body)
    })
}

fn open_local<'env, R, E, T, Fut>(
    options: GroupOptions,
    body: impl FnOnce(LocalTaskGroup<'env, E>) -> Fut,
    location: &'static Location<'static>,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    R: Time,
    E: 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    type Local<'env, E> = InPlace<'env, E, LocalBoxFuture<'env, ()>>;
    GroupFuture::<'env, R, E, Local<'env, E>, _, Fut, T>::new(move || {
        let tag = poll_state::surroundings().tag();
        let group = InPlace::new(options.open::<R>(location, true, tag));
        let body = body(LocalTaskGroup {
            group: group.clone(),
        });
        (group, body)
    })
}

in_place_group! {
    /// A handle of a group of borrowing children. It spawns children, and cancels the group. Cheap to clone.
    ScopedTaskGroup, BoxFuture, + Send
}

in_place_group! {
    /// A handle of a group of borrowing children that need not be `Send`. It spawns children, and cancels the
    /// group. Cheap to clone.
    LocalTaskGroup, LocalBoxFuture,
}

// Outside of the macro, since messages of the compiler would name the macro.
impl<'env, E: Send + 'env> ScopedTaskGroup<'env, E> {
    /// Starts a child.
    ///
    /// No part of the child runs before this returns.
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](ScopedTaskGroup::try_spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let words = vec!["to", "be"];
    /// let group = anyrt::scoped_task_group(async |tg| {
    ///     let first = tg.spawn(async { words.first().ok_or("no word") });
    ///     Ok(first.value().await.len())
    /// });
    /// assert_eq!(group.await.unwrap(), 2);
    /// assert_eq!(words.len(), 2, "it was only borrowed");
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'env,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'env,
    {
        self.task().spawn(future)
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
    /// let mut kept = None;
    /// let group = anyrt::scoped_task_group(async |tg| {
    ///     assert!(tg.try_spawn(async {}).is_ok());
    ///     kept = Some(tg);
    /// });
    /// group.await.unwrap();
    /// assert!(kept.unwrap().try_spawn(async {}).is_err(), "the group has ended");
    /// # });
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'env,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'env,
    {
        self.task().try_spawn(future)
    }
}

impl<'env, E: 'env> LocalTaskGroup<'env, E> {
    /// Starts a child.
    ///
    /// No part of the child runs before this returns.
    ///
    /// # Panics
    ///
    /// If the group has ended; see [`try_spawn`](LocalTaskGroup::try_spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use std::rc::Rc;
    ///
    /// # anyrt::run(async {
    /// let log = Rc::new(RefCell::new(Vec::new()));
    /// let group = anyrt::local_task_group(async |tg| {
    ///     let shared = log.clone();
    ///     tg.spawn(async move { shared.borrow_mut().push("child") });
    /// });
    /// group.await.unwrap();
    /// assert_eq!(*log.borrow(), ["child"]);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
    where
        F: Future + 'env,
        F::Output: TaskOutput<E, Value = T>,
        T: 'env,
    {
        self.task().spawn(future)
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
    /// let mut kept = None;
    /// let group = anyrt::local_task_group(async |tg| {
    ///     assert!(tg.try_spawn(async {}).is_ok());
    ///     kept = Some(tg);
    /// });
    /// group.await.unwrap();
    /// assert!(kept.unwrap().try_spawn(async {}).is_err(), "the group has ended");
    /// # });
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + 'env,
        F::Output: TaskOutput<E, Value = T>,
        T: 'env,
    {
        self.task().try_spawn(future)
    }
}
