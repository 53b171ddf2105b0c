//! The options of a group, and the methods that open one.

use std::panic::Location;

use super::super::output::GroupOutput;
use super::in_place::{self, LocalTaskGroup, ScopedTaskGroup};
use super::spawned::{self, TaskGroup};
use crate::engine::GroupState;
use crate::engine::clock::Clock;
use crate::error::GroupError;
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::{Runtime, Time};

/// Options of a group. Their methods open groups with them.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a group is run with them"]
pub struct GroupOptions {
    name: Option<Arc<str>>,
    keeps_going: bool,
    deadline: Instant,
}

impl GroupOptions {
    /// Creates the default options: no name, the first failure cancels, no deadline.
    pub fn new() -> GroupOptions {
        GroupOptions {
            name: None,
            keeps_going: false,
            deadline: Instant::FAR_FUTURE,
        }
    }

    /// Sets the name of the group, for listings and messages.
    pub fn name(mut self, name: impl Into<String>) -> GroupOptions {
        self.name = Some(name.into().into());
        self
    }

    /// Keeps going after errors of children: these do not cancel their siblings, and all are reported at the
    /// end (rule G10).
    ///
    /// An error of the body still cancels, and so does a panic.
    pub fn keep_going(mut self) -> GroupOptions {
        self.keeps_going = true;
        self
    }

    /// Cancels the group at `deadline`.
    pub fn deadline(mut self, deadline: Instant) -> GroupOptions {
        self.deadline = deadline;
        self
    }

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
        spawned::open(self, None, body, Location::caller())
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
        spawned::open(
            self.keep_going(),
            Some(Box::new(report)),
            body,
            Location::caller(),
        )
    }

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
        in_place::open_scoped::<R, E, T, Fut>(self, body, Location::caller())
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
        in_place::open_local::<R, E, T, Fut>(self, body, Location::caller())
    }

    pub(super) fn open<R: Time>(
        self,
        location: &'static Location<'static>,
        in_place: bool,
        tag: u8,
    ) -> Arc<GroupState> {
        let clock = Clock::of::<R>();
        let core = GroupState::new(clock, location, self.keeps_going, in_place, tag);
        if let Some(name) = self.name {
            core.node.set_name(name);
        }
        core.node.init_deadline(self.deadline);
        core
    }
}

impl Default for GroupOptions {
    fn default() -> Self {
        GroupOptions::new()
    }
}
