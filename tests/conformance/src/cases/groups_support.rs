//! What the cases of groups and scopes share: one notation for the three kinds of group, and a
//! few futures.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anyrt_core::cancel::{CancelHandle, has_pending_cancellation};
use anyrt_core::error::{GroupError, SpawnError};
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{
    GroupOutput, LocalTaskGroup, ScopedTaskGroup, TaskGroup, TaskHandle, TaskOutput,
    local_task_group, scoped_task_group, task_group,
};
use anyrt_core::time::sleep_forever;

use crate::support::Gate;

/// One of the three kinds of group, for children that all of them accept.
pub(super) trait Kind {
    const NAME: &'static str;
    type Runtime: Runtime;
    type Group<E: Send + 'static>: GroupHandle<E>;

    fn open<E, T, Fut>(
        body: impl FnOnce(Self::Group<E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        E: Send + 'static,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>;
}

/// What the handles of all three kinds offer.
pub(super) trait GroupHandle<E>: Clone {
    fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'static;

    fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<E, Value = T>,
        T: Send + 'static;

    fn cancel(&self);

    fn scope(&self) -> CancelHandle;
}

/// Stands for `task_group`.
pub(super) struct Tasks<R>(PhantomData<R>);
/// Stands for `scoped_task_group`.
pub(super) struct Scoped<R>(PhantomData<R>);
/// Stands for `local_task_group`.
pub(super) struct Local<R>(PhantomData<R>);

/// Lists what the traits above need; each line forwards to the group's own method.
macro_rules! kind {
    ($kind:ident, $open:ident, $group:ident<$($parameter:tt),*>, [$($generics:tt)*]) => {
        impl<R: Runtime> Kind for $kind<R> {
            const NAME: &'static str = stringify!($open);
            type Runtime = R;
            type Group<E: Send + 'static> = $group<$($parameter),*, E>;

            fn open<E, T, Fut>(
                body: impl FnOnce(Self::Group<E>) -> Fut,
            ) -> impl Future<Output = Result<T, GroupError<E>>>
            where
                E: Send + 'static,
                Fut: Future,
                Fut::Output: GroupOutput<E, Value = T>,
            {
                $open::<R, E, T, Fut>(body)
            }
        }

        impl<$($generics)* E: Send + 'static> GroupHandle<E> for $group<$($parameter),*, E> {
            fn spawn<F, T>(&self, future: F) -> TaskHandle<T>
            where
                F: Future + Send + 'static,
                F::Output: TaskOutput<E, Value = T>,
                T: Send + 'static,
            {
                self.spawn(future)
            }

            fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
            where
                F: Future + Send + 'static,
                F::Output: TaskOutput<E, Value = T>,
                T: Send + 'static,
            {
                self.try_spawn(future)
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

kind! { Tasks, task_group, TaskGroup<R>, [R: Runtime,] }
kind! { Scoped, scoped_task_group, ScopedTaskGroup<'static>, [] }
kind! { Local, local_task_group, LocalTaskGroup<'static>, [] }

/// Runs a scenario on each kind of group, each in a run of its own.
macro_rules! on_each_kind {
    ($backend:ident: $type:ident, $scenario:ident) => {{
        use crate::cases::groups_support::{Local, Scoped, Tasks, named};
        type R<B> = <B as anyrt_core::runtime::Enter>::Runtime;
        named::<Tasks<R<$type>>>(|| crate::support::run($backend, $scenario::<Tasks<R<$type>>>()));
        named::<Scoped<R<$type>>>(|| {
            crate::support::run($backend, $scenario::<Scoped<R<$type>>>())
        });
        named::<Local<R<$type>>>(|| crate::support::run($backend, $scenario::<Local<R<$type>>>()));
    }};
}
pub(super) use on_each_kind;

/// Says which kind of group it was if `scenario` panics; a hang shows none.
pub(super) fn named<K: Kind>(scenario: impl FnOnce()) {
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

/// An operation that never completes.
pub(super) async fn blocked() {
    sleep_forever().await;
}

/// A foreign future that is ready as soon as it is polled where a cancellation is pending.
pub(super) async fn until_cancelled() {
    poll_fn(|_| {
        if has_pending_cancellation() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Opens its gate when so many have arrived.
#[derive(Clone, Debug)]
pub(super) struct Countdown {
    left: Arc<AtomicUsize>,
    gate: Gate,
}

impl Countdown {
    pub(super) fn new(from: usize) -> Countdown {
        Countdown {
            left: Arc::new(AtomicUsize::new(from)),
            gate: Gate::new(),
        }
    }

    pub(super) fn arrive(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.gate.open();
        }
    }

    pub(super) async fn all_arrived(&self) {
        self.gate.opened().await;
    }
}

/// Where the first entry that reads like this stands; panics, showing the log, if there is none.
pub(super) fn position(entries: &[String], entry: &str) -> usize {
    entries
        .iter()
        .position(|e| e == entry)
        .unwrap_or_else(|| panic!("no entry {entry:?} in {entries:?}"))
}

/// Panics, showing the log, unless all these entries are there in this order.
pub(super) fn assert_order(entries: &[String], order: &[&str]) {
    let places: Vec<usize> = order.iter().map(|entry| position(entries, entry)).collect();
    assert!(
        places.is_sorted(),
        "not in the order {order:?}: {entries:?}"
    );
}
