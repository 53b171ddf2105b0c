//! Groups with children that the host polls, and that may borrow from the group's surroundings.
//!
//! Children are boxed with the lifetime of the surroundings, queued by the handle, and polled by the group's
//! future. Handles own the queue, but not a child that has been taken from it. The queue is emptied when the
//! group ends or is dropped, so a queued child that owns a handle is freed.

use std::fmt;
use std::panic::Location;

use futures_core::future::{BoxFuture, LocalBoxFuture};

use super::super::handle::{TaskHandle, ValueCell};
use super::super::output::{GroupOutput, TaskOutput};
use super::builder::TaskBuilder;
use super::future::{GroupFuture, Members};
use super::options::GroupOptions;
use super::spawned::{deliver, has_ended};
use super::start::{StartOutput, Started, expect_started, start};
use crate::cancel::CancelHandle;
use crate::engine::{
    End, Ended, Errors, GroupState, OutcomeSink, SpawnArgs, TaskFuture, TaskRecord, poll_state,
};
use crate::error::{GroupError, SpawnError};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Time;

/// Opens a group of children that may borrow from its surroundings (rule G11).
///
/// Children run concurrently with each other and with the body, all inside the task that awaits the group.
/// They do not run in parallel: no safe interface can offer that together with borrowing. They are `Send`, so
/// that the whole can be used in a spawned task. Everything else is as in [`task_group`](super::task_group).
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

/// Opens a group of children that may borrow, and need not be `Send` (rule G11).
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

pub(super) fn open_scoped<'env, R, E, T, Fut>(
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

pub(super) fn open_local<'env, R, E, T, Fut>(
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

/// The state that handles and children of an in-place group share.
struct InPlace<'env, E, C> {
    core: Arc<GroupState>,
    errors: Errors<'env, E>,
    /// `None` after the group was dropped: later children are dropped at once.
    queue: Mutex<Option<Vec<C>>>,
}

impl<E, C> InPlace<'_, E, C> {
    fn new(core: Arc<GroupState>) -> Arc<Self> {
        Arc::new(InPlace {
            core,
            errors: Errors::borrowed(),
            queue: Mutex::new(Some(Vec::new())),
        })
    }

    /// Queues a child, and wakes the group's future. A child that is refused is dropped without the lock.
    fn push(&self, child: C) {
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

/// A sink that passes the outcome to the group and to the slot next to the record.
struct ToSlot<'env, E, C, T> {
    group: Arc<InPlace<'env, E, C>>,
    slot: Arc<ValueCell<T>>,
}

impl<E, C, O: TaskOutput<E>> OutcomeSink<O> for ToSlot<'_, E, C, O::Value> {
    fn deliver(&mut self, record: &TaskRecord, outcome: Ended<O>) {
        let group = &self.group;
        let fail = |error| group.errors.fail(&group.core, error, &record.name());
        deliver(record, outcome, fail, |value| {
            self.slot.put(value);
            record.finish(End::Finished);
        });
    }
}

type Prepared<'env, E, C, F, T> = (TaskFuture<F, ToSlot<'env, E, C, T>>, TaskHandle<T>);

/// Creates the record, the handle and the future of a child that was counted in. `before` receives the record
/// before the child can run.
fn prepare<'env, E, C, F, T>(
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
    let slot = Arc::new(ValueCell::new());
    let handle = TaskHandle::split(record.clone(), slot.clone());
    let deliver = ToSlot {
        group: group.clone(),
        slot,
    };
    (TaskFuture::new(future, record, deliver), handle)
}

macro_rules! in_place_group {
    (
        $(#[$docs:meta])* $name:ident, $boxed:ident, $(+ $send:ident)?
    ) => {
        $(#[$docs])*
        pub struct $name<'env, E> {
            group: Arc<InPlace<'env, E, $boxed<'env, ()>>>,
        }

        impl<'env, E: $($send +)? 'env> $name<'env, E> {
            /// Returns a builder for a child with a name or a context.
            pub fn task(&self) -> TaskBuilder<'_, $name<'env, E>> {
                TaskBuilder::of(self)
            }

            /// Starts a child and waits until it reports that it is ready. Returns the value that it reports
            /// (rule G9).
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start). The child may borrow. The value that it
            /// passes to `started` and the error may not, and are `Send`.
            ///
            /// # Cancel safety
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Errors
            ///
            /// The child's own error, if it fails before it is ready. The group does not receive it.
            ///
            /// # Panics
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            #[track_caller]
            pub fn start<V, Fut>(
                &self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = Result<V, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                self.task().start(child)
            }

            /// Starts a child and waits until it reports that it is ready. Returns the value that it reports,
            /// and the handle.
            ///
            #[doc = concat!("See [`start`](", stringify!($name), "::start), which this is but for what is returned.")]
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
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                self.task().try_start(child)
            }
        }

        impl<'env, E: $($send +)? 'env> TaskBuilder<'_, $name<'env, E>> {
            #[doc = concat!("Starts the child; see [`spawn`](", stringify!($name), "::spawn) of the group.")]
            ///
            /// # Panics
            ///
            /// If the group has ended.
            #[track_caller]
            pub fn spawn<F, T>(self, future: F) -> TaskHandle<T>
            where
                F: Future $(+ $send)? + 'env,
                F::Output: TaskOutput<E, Value = T>,
                T: $($send +)? 'env,
            {
                let group = self.group;
                match self.try_spawn(future) {
                    Ok(handle) => handle,
                    Err(_) => has_ended(&group.group.core),
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
                F: Future $(+ $send)? + 'env,
                F::Output: TaskOutput<E, Value = T>,
                T: $($send +)? 'env,
            {
                let group = &self.group.group;
                if !group.core.enter() {
                    return Err(SpawnError(future));
                }
                let given = self.options.given(Location::caller());
                let (root, handle) = prepare(group, given, future, |_| ());
                group.push(Box::pin(root));
                Ok(handle)
            }

            #[doc = concat!("Starts the child and waits until it says that it is ready; see [`start`](", stringify!($name), "::start) of the group.")]
            ///
            /// # Errors
            ///
            /// The child's own error, if it fails before it is ready. The group does not receive it.
            ///
            /// # Panics
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            #[track_caller]
            pub fn start<V, Fut>(
                self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = Result<V, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                let start = self.try_start(child);
                async move { expect_started(start.await) }
            }

            #[doc = concat!("Starts the child and waits until it says that it is ready; see [`try_start`](", stringify!($name), "::try_start) of the group.")]
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
                self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = StartOutput<V, Fut::Output, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                let group = self.group.group.clone();
                let core = group.core.clone();
                let spawn = move |given, child, before: &mut dyn FnMut(&_)| {
                    let (root, handle) = prepare(&group, given, child, |record| before(record));
                    group.push(Box::pin(root));
                    handle
                };
                start(core, self.options, child, spawn, Location::caller())
            }
        }

        impl<E> $name<'_, E> {
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

        impl<E> Clone for $name<'_, E> {
            fn clone(&self) -> Self {
                $name { group: self.group.clone() }
            }
        }

        impl<E> fmt::Debug for $name<'_, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.group.core).finish()
            }
        }
    };
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
