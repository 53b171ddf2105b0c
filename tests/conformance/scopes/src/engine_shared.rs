//! Holders inside `Shared`, which several tasks poll, on several threads at once. EN-01, rule C6.

use std::convert::Infallible;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{CancelHandle, CancelScope, checkpoint, shield};
use anyrt_core::combine::gather;
use anyrt_core::task::{TaskGroup, task_group};
use anyrt_core::thread::to_thread;
use futures_util::future::{FutureExt, Shared, join};

use super::holds_support::holder;
use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{ends_within, within};
use crate::support::{Gate, Log, Wakes, poll_once, run, yields};

type Common = Shared<Pin<Box<dyn Future<Output = ()> + Send>>>;

const LIMIT: Duration = Duration::from_secs(2);

/// The number of repetitions of a race.
const ROUNDS: usize = 300;

/// Polls `common` in two scopes on two threads: the second scope is polled from beginning to end while the
/// first is still being polled. Then calls `meanwhile`, and continues both scopes. When `common` has
/// completed, both are cancelled and have to end.
fn in_two_scopes(backend: &Backend, common: Common, cancels_first: bool, meanwhile: impl FnOnce()) {
    run(backend, async {
        let (first, second) = (CancelScope::<R>::new(), CancelScope::<R>::new());
        let (first_handle, second_handle) = (first.handle(), second.handle());
        let of_second = common.clone();
        let second = second.run(async move {
            of_second.await;
            blocked().await;
        });
        let mut second = Some(Box::pin(second));
        let (mut of_first, polled) = (common, Gate::new());
        let mut kept = None;
        let first = first.run(async {
            poll_fn(|cx| {
                let poll = of_first.poll_unpin(cx);
                if let Some(mut other) = second.take() {
                    let elsewhere = thread::spawn(move || {
                        assert!(Wakes::new().poll(other.as_mut()).is_pending());
                        other
                    });
                    kept = Some(elsewhere.join().expect("the other thread polls"));
                    polled.open();
                }
                poll
            })
            .await;
            blocked().await;
        });
        let first = Box::pin(first);
        let go_on = async {
            polled.opened().await;
            yields(3).await;
            if cancels_first {
                first_handle.cancel();
                second_handle.cancel();
            }
            meanwhile();
            yields(20).await;
            first_handle.cancel();
            second_handle.cancel();
        };
        let (first, ()) = within(LIMIT, "the first scope", join(first, go_on)).await;
        assert!(first.is_err());
        let second = kept.take().expect("it was polled");
        assert!(within(LIMIT, "the second scope", second).await.is_err());
    });
}

/// EN-01, C6: a shield inside `Shared` that two threads poll at once: neither scope is held once the
/// shield is over.
pub fn a_shared_shield_may_be_polled_by_two_threads_at_once(backend: &Backend) {
    for _ in 0..20 {
        let gate = Gate::new();
        let opened = gate.clone();
        let common = async move { shield(opened.opened()).await };
        in_two_scopes(backend, common.boxed().shared(), false, || gate.open());
    }
}

/// EN-01, C6: a clean-up inside `Shared` runs if both scopes are cancelled, and holds neither any longer.
pub fn a_shared_clean_up_runs_when_both_scopes_are_cancelled(backend: &Backend) {
    for _ in 0..20 {
        let log = Log::new();
        let common = holder(log.clone());
        in_two_scopes(backend, common.boxed().shared(), true, || {});
        assert_eq!(log.entries(), ["cleaned up"]);
    }
}

/// Makes eight tasks wait for one holder that `new` creates, many times. The tasks wait directly or in a
/// scope that is cancelled afterwards; all have to end.
fn in_eight_tasks(backend: &Backend, new: fn() -> Common) {
    let backend = backend.clone();
    ends_within(LIMIT * 2, "eight tasks", move || {
        run(&backend, async {
            for round in 0..ROUNDS {
                let common = new();
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    for n in 0..8 {
                        let common = common.clone();
                        if round % 2 == 0 {
                            tg.spawn(common);
                            continue;
                        }
                        let scope = CancelScope::<R>::new();
                        let handle = scope.handle();
                        let body = scope.run(async move {
                            common.await;
                            handle.cancel();
                            blocked().await;
                        });
                        tg.spawn(body.map(drop));
                        if n == 4 {
                            yields(round % 4).await;
                        }
                    }
                });
                assert!(group.await.is_ok());
            }
        });
    });
}

/// EN-01, C6: a call inside `Shared` that eight tasks wait for holds none of them forever.
pub fn a_shared_call_holds_none_of_its_tasks_for_ever(backend: &Backend) {
    in_eight_tasks(backend, || {
        async { to_thread::run::<R, _, _>(|| ()).await }
            .boxed()
            .shared()
    });
}

/// EN-01, C6: a shield inside `Shared` that eight tasks wait for holds none of them forever.
pub fn a_shared_shield_holds_none_of_its_tasks_for_ever(backend: &Backend) {
    in_eight_tasks(backend, || {
        async { shield(yields(20)).await }.boxed().shared()
    });
}

/// EN-01, C6: a group inside `Shared` that eight tasks wait for holds none of them forever.
pub fn a_shared_group_holds_none_of_its_tasks_for_ever(backend: &Backend) {
    in_eight_tasks(backend, || {
        let group = async {
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(yields(5));
                tg.spawn(yields(10));
            });
            let _ = group.await;
        };
        group.boxed().shared()
    });
}

/// Runs a future that `of_first` polls in a task which is cancelled by `body` in that very poll, and which
/// then ends; the other task that polls the future continues alone.
fn goes_on_elsewhere<F>(backend: &Backend, polls: usize, body: fn(CancelHandle) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let backend = backend.clone();
    ends_within(LIMIT * 2, "the other task", move || {
        run(&backend, async {
            let around = task_group::<R, Infallible, _, _>(async |around: TaskGroup<R, _>| {
                let cancelled = task_group::<R, Infallible, _, _>(async |tg: TaskGroup<R, _>| {
                    let common = body(tg.scope()).boxed().shared();
                    let mut of_first = common.clone();
                    let first = tg.spawn(async move {
                        for _ in 0..polls {
                            let _ = poll_once(Pin::new(&mut of_first)).await;
                            yields(1).await;
                        }
                    });
                    first.wait().await;
                    around.spawn(common);
                });
                let _ = cancelled.await;
            });
            assert!(around.await.is_ok());
        });
    });
}

/// EN-01, C4: an operation that was refused in a cancelled task starts in another task that polls it too,
/// once the first has ended: directly, in a scope, and in combinators around that.
pub fn what_a_cancelled_task_was_refused_goes_on_in_another(backend: &Backend) {
    for polls in 1..4 {
        goes_on_elsewhere(backend, polls, |scope: CancelHandle| async move {
            scope.cancel();
            checkpoint().await;
        });
        goes_on_elsewhere(backend, polls, |scope: CancelHandle| async move {
            scope.cancel();
            let inner = CancelScope::<R>::new().run(checkpoint()).await;
            assert!(inner.is_ok());
        });
        goes_on_elsewhere(backend, polls, |scope: CancelHandle| async move {
            let in_scope = async || {
                let inner = CancelScope::<R>::new().run(checkpoint()).await;
                assert!(inner.is_ok());
            };
            gather([gather([async move {
                scope.cancel();
                in_scope().await;
            }])])
            .await;
        });
    }
}

/// EN-01, C4: an operation that was refused in a cancelled scope which is forgotten starts where it is polled
/// next, once the scope around the forgotten one is left.
pub fn what_a_forgotten_scope_was_refused_goes_on_in_another(backend: &Backend) {
    run(backend, async {
        let outer = CancelScope::<R>::new();
        let handle = outer.handle();
        let refused = gather([async move {
            handle.cancel();
            checkpoint().await;
        }]);
        let common: Common = refused.map(drop).boxed().shared();
        let mut here = common.clone();
        let ended = outer.run(async {
            let inner = CancelScope::<R>::new().run(async move {
                assert!(poll_once(Pin::new(&mut here)).await.is_pending());
                blocked().await;
            });
            let mut inner = Box::pin(inner);
            assert!(poll_once(inner.as_mut()).await.is_pending());
            mem::forget(inner);
            checkpoint().await;
        });
        assert!(ended.await.is_err());
        within(LIMIT, "what was refused", common).await;
    });
}

anyrt_conformance_kit::cases! { engine_shared: erased,
    a_shared_shield_may_be_polled_by_two_threads_at_once: [foreign_wakes],
    a_shared_clean_up_runs_when_both_scopes_are_cancelled: [foreign_wakes],
    a_shared_call_holds_none_of_its_tasks_for_ever,
    a_shared_shield_holds_none_of_its_tasks_for_ever,
    a_shared_group_holds_none_of_its_tasks_for_ever,
    what_a_cancelled_task_was_refused_goes_on_in_another,
    what_a_forgotten_scope_was_refused_goes_on_in_another,
}
