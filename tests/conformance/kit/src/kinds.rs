//! The parts that cases of groups and scopes share: one notation for the three kinds of group, and a few
//! futures.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anyrt_core::cancel::{CancelHandle, has_pending_cancellation};
use anyrt_core::context::Context;
use anyrt_core::error::{GroupError, SpawnError, StartError};
use anyrt_core::task::{
    GroupOutput, LocalTaskGroup, ScopedTaskGroup, Started, TaskGroup, TaskHandle, TaskOutput,
    local_task_group, scoped_task_group, task_group,
};
use anyrt_core::time::sleep_forever;

use crate::erased::R;
use crate::support::Gate;

/// One of the three kinds of group, for children that all of them accept.
///
/// Bodies and children are boxed, since every scenario is compiled for each kind. Groups of futures that
/// are not boxed are in the cases for one kind.
pub trait Kind {
    /// The function that opens such a group.
    const NAME: &'static str;
    /// The handle of such a group.
    type Group<E: Send + 'static>: GroupHandle<E>;

    /// Opens a group.
    fn open<'body, E, T, Fut>(
        body: impl FnOnce(Self::Group<E>) -> Fut + 'body,
    ) -> Pin<Box<dyn Future<Output = Result<T, GroupError<E>>> + 'body>>
    where
        E: Send + 'static,
        T: 'body,
        Fut: Future + 'body,
        Fut::Output: GroupOutput<E, Value = T>;
}

/// The methods that the handles of all three kinds have.
pub trait GroupHandle<E>: Clone {
    /// Spawns a child.
    fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'static;

    /// Spawns a child, or returns the future if the group has ended.
    #[expect(clippy::missing_errors_doc, reason = "it forwards to the group")]
    fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'static;

    /// Spawns a child with a name and a context.
    fn spawn_as<F, T>(&self, name: &str, context: &Context, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'static;

    /// Starts a child, and returns the value that it reports.
    fn start<V, F>(&self, child: impl FnOnce(Started<V>) -> F + 'static) -> Starting<'_, V, E>
    where
        V: Send + 'static,
        F: Future + Send + 'static,
        F::Output: TaskOutput<E>,
        <F::Output as TaskOutput<E>>::Value: Send + 'static;

    /// Starts a child, and returns the value that it reports, with its handle.
    fn try_start<V, F>(
        &self,
        child: impl FnOnce(Started<V>) -> F + 'static,
    ) -> TryStarting<'_, V, <F::Output as TaskOutput<E>>::Value, E>
    where
        V: Send + 'static,
        F: Future + Send + 'static,
        F::Output: TaskOutput<E>,
        <F::Output as TaskOutput<E>>::Value: Send + 'static;

    /// Cancels the group.
    fn cancel(&self);

    /// Returns the handle of the group's scope.
    fn scope(&self) -> CancelHandle;
}

type Child<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The future that `start` returns.
pub type Starting<'a, V, E> = Pin<Box<dyn Future<Output = Result<V, E>> + 'a>>;

/// The future that `try_start` returns.
pub type TryStarting<'a, V, T, E> =
    Pin<Box<dyn Future<Output = Result<(V, TaskHandle<T>), StartError<E>>> + 'a>>;

/// The kind of `task_group`.
#[derive(Debug)]
pub struct Tasks;
/// The kind of `scoped_task_group`.
#[derive(Debug)]
pub struct Scoped;
/// The kind of `local_task_group`.
#[derive(Debug)]
pub struct Local;

/// Implements the traits above; each line forwards to the group's own method.
macro_rules! kind {
    ($kind:ident, $open:ident, $group:ident<$parameter:tt>) => {
        impl Kind for $kind {
            /// The function that opens such a group.
            const NAME: &'static str = stringify!($open);
            type Group<E: Send + 'static> = $group<$parameter, E>;

            fn open<'body, E, T, Fut>(
                body: impl FnOnce(Self::Group<E>) -> Fut + 'body,
            ) -> Pin<Box<dyn Future<Output = Result<T, GroupError<E>>> + 'body>>
            where
                E: Send + 'static,
                T: 'body,
                Fut: Future + 'body,
                Fut::Output: GroupOutput<E, Value = T>,
            {
                type Body<'body, T> = Pin<Box<dyn Future<Output = T> + 'body>>;
                let body: Box<dyn FnOnce(Self::Group<E>) -> Body<'body, Fut::Output> + 'body> =
                    Box::new(|tg| Box::pin(body(tg)));
                Box::pin($open::<R, E, T, Body<'body, Fut::Output>>(body))
            }
        }

        impl<E: Send + 'static> GroupHandle<E> for $group<$parameter, E> {
            fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
            where
                F: Future + Send + 'static,
                F::Output: TaskOutput<E, Value = T>,
                T: Send + 'static,
            {
                self.spawn(Box::pin(future) as Child<F::Output>)
            }

            fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
            where
                F: Future + Send + 'static,
                F::Output: TaskOutput<E, Value = T>,
                T: Send + 'static,
            {
                self.try_spawn(future)
            }

            fn spawn_as<F, T>(&self, name: &str, context: &Context, future: F) -> TaskHandle<T>
            where
                F: Future + Send + 'static,
                F::Output: TaskOutput<E, Value = T>,
                T: Send + 'static,
            {
                let child: Child<F::Output> = Box::pin(future);
                self.task().name(name).context(context).spawn(child)
            }

            fn start<V, F>(
                &self,
                child: impl FnOnce(Started<V>) -> F + 'static,
            ) -> Starting<'_, V, E>
            where
                V: Send + 'static,
                F: Future + Send + 'static,
                F::Output: TaskOutput<E>,
                <F::Output as TaskOutput<E>>::Value: Send + 'static,
            {
                Box::pin(self.start(|started| Box::pin(child(started)) as Child<F::Output>))
            }

            fn try_start<V, F>(
                &self,
                child: impl FnOnce(Started<V>) -> F + 'static,
            ) -> TryStarting<'_, V, <F::Output as TaskOutput<E>>::Value, E>
            where
                V: Send + 'static,
                F: Future + Send + 'static,
                F::Output: TaskOutput<E>,
                <F::Output as TaskOutput<E>>::Value: Send + 'static,
            {
                Box::pin(self.try_start(|started| Box::pin(child(started)) as Child<F::Output>))
            }

            fn cancel(&self) {
                self.cancel();
            }

            fn scope(&self) -> CancelHandle {
                self.scope()
            }
        }
    };
}

kind! { Tasks, task_group, TaskGroup<R> }
kind! { Scoped, scoped_task_group, ScopedTaskGroup<'static> }
kind! { Local, local_task_group, LocalTaskGroup<'static> }

/// Runs a scenario on each kind of group, each in a separate run.
#[macro_export]
macro_rules! on_each_kind {
    ($backend:ident, $scenario:ident) => {{
        use $crate::kinds::{Local, Scoped, Tasks, named};
        named::<Tasks>(|| $crate::support::run($backend, $scenario::<Tasks>()));
        named::<Scoped>(|| $crate::support::run($backend, $scenario::<Scoped>()));
        named::<Local>(|| $crate::support::run($backend, $scenario::<Local>()));
    }};
}

/// Runs `scenario`, and prints the kind of group if it panics; a hang prints nothing.
pub fn named<K: Kind>(scenario: impl FnOnce()) {
    struct Named(&'static str);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the group was a {}", self.0);
            }
        }
    }
    let _named = Named(K::NAME);
    scenario();
}

/// Waits at a cancel point and never completes.
pub async fn blocked() {
    sleep_forever().await;
}

/// Waits, as a foreign future, until it is polled where a cancellation is pending.
pub async fn until_cancelled() {
    poll_fn(|_| {
        if has_pending_cancellation() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// A countdown that opens its gate when the given number of tasks have arrived.
#[derive(Clone, Debug)]
pub struct Countdown {
    left: Arc<AtomicUsize>,
    gate: Gate,
}

impl Countdown {
    /// Creates a countdown from this number.
    pub fn new(from: usize) -> Countdown {
        Countdown {
            left: Arc::new(AtomicUsize::new(from)),
            gate: Gate::new(),
        }
    }

    /// Decrements the count, and opens the gate at zero.
    pub fn arrive(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.gate.open();
        }
    }

    /// Waits until the count is zero.
    pub async fn all_arrived(&self) {
        self.gate.opened().await;
    }
}

/// Returns the index of the first entry that equals `entry`; panics, showing the log, if there is none.
pub fn position(entries: &[String], entry: &str) -> usize {
    entries
        .iter()
        .position(|e| e == entry)
        .unwrap_or_else(|| panic!("no entry {entry:?} in {entries:?}"))
}

/// Panics, showing the log, unless all these entries are there in this order.
pub fn assert_order(entries: &[String], order: &[&str]) {
    let places: Vec<usize> = order.iter().map(|entry| position(entries, entry)).collect();
    assert!(
        places.is_sorted(),
        "not in the order {order:?}: {entries:?}"
    );
}
