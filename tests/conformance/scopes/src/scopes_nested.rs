//! Nested cancel scopes: which of them catches. CS-09, CS-10, HO-07, rule C7.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, fail_after, finally, move_on_after, shield};
use anyrt_core::task::task_group;
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::support::{Gate, Log, run, yields};

/// CS-09, C7: the outer one of two scopes is cancelled: the inner body is interrupted, code between the two
/// is skipped, and only the outer one reports anything.
pub fn an_outer_cancellation_passes_the_inner_scope(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outer = CancelScope::<R>::new();
        let inner = CancelScope::<R>::new();
        let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
        let body = outer.run(async {
            let result = inner
                .run(async {
                    let _guard = log.on_drop("inner body dropped");
                    blocked().await;
                    log.add("inner went on");
                })
                .await;
            log.add("between");
            result
        });
        let canceller = async {
            yields(2).await;
            outer_handle.cancel();
        };
        let (outcome, ()) = join(body, canceller).await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["inner body dropped"]);
        assert!(outer_handle.is_cancelled() && outer_handle.has_caught());
        assert!(!inner_handle.is_cancelled() && !inner_handle.has_caught());
    });
}

/// CS-10, HO-07, C7: several nested scopes are cancelled in one step, in whatever order, from
/// inside or from outside: the outermost of them catches, and those further out report nothing.
pub fn the_outermost_cancelled_scope_catches(backend: &Backend) {
    run(backend, async {
        for inner_first in [false, true] {
            for from_inside in [false, true] {
                let log = Log::new();
                let around = CancelScope::<R>::new();
                let outer = CancelScope::<R>::new();
                let middle = CancelScope::<R>::new();
                let inner = CancelScope::<R>::new();
                let handles = [&around, &outer, &middle, &inner].map(CancelScope::handle);
                let cancel = || {
                    let order = if inner_first { [3, 1] } else { [1, 3] };
                    order.iter().for_each(|&i: &usize| handles[i].cancel());
                };
                let body = around.run(async {
                    let outcome = outer
                        .run(async {
                            let outcome = middle
                                .run(async {
                                    let outcome = inner
                                        .run(async {
                                            if from_inside {
                                                cancel();
                                            }
                                            blocked().await;
                                        })
                                        .await;
                                    log.add("behind the inner one");
                                    outcome
                                })
                                .await;
                            log.add("behind the middle one");
                            outcome
                        })
                        .await;
                    log.add("behind the outer one");
                    assert!(outcome.is_err());
                });
                let canceller = async {
                    yields(2).await;
                    if !from_inside {
                        cancel();
                    }
                };
                let (outcome, ()) = join(body, canceller).await;
                assert!(outcome.is_ok());
                assert_eq!(log.entries(), ["behind the outer one"]);
                let called = handles.each_ref().map(|handle| handle.is_cancelled());
                assert_eq!(called, [false, true, false, true]);
                let caught = handles.each_ref().map(|handle| handle.has_caught());
                assert_eq!(caught, [false, true, false, false]);
            }
        }
    });
}

/// CS-10, C6: an outer scope can be cancelled while an inner one carries out its own cancellation: the
/// clean-up ends, and the code between does not run.
pub fn an_outer_cancellation_overtakes_an_inner_one(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outer = CancelScope::<R>::new();
        let inner = CancelScope::<R>::new();
        let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
        let outcome = outer
            .run(async {
                inner_handle.cancel();
                let outcome = inner
                    .run(finally(blocked(), async || {
                        checkpoint().await;
                        outer_handle.cancel();
                        checkpoint().await;
                        log.add("cleaned up");
                    }))
                    .await;
                log.add("between");
                outcome
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["cleaned up"]);
        assert!(outer_handle.has_caught() && !inner_handle.has_caught());
    });
}

/// CS-10, C9: the same for the scopes of timeouts, which have no handles: where both limits have
/// passed on entry, the outer one reports.
pub fn the_outermost_limit_reports(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = move_on_after::<R, _>(Duration::ZERO, async {
            let inner = fail_after::<R, _>(Duration::ZERO, checkpoint()).await;
            log.add("never");
            inner
        })
        .await;
        assert!(outcome.is_none());
        assert!(!log.has("never"));
    });
}

/// C7: a scope inside a shield catches its own cancellation, though an outer one is cancelled too.
pub fn a_scope_inside_a_shield_catches_its_own(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outer = CancelScope::<R>::new();
        let outer_handle = outer.handle();
        let outcome = outer
            .run(async {
                outer_handle.cancel();
                shield(async {
                    let inner = CancelScope::<R>::new();
                    let inner_handle = inner.handle();
                    inner_handle.cancel();
                    assert!(inner.run(blocked()).await.is_err());
                    assert!(inner_handle.has_caught());
                    checkpoint().await;
                    log.add("the shield ends");
                })
                .await;
                checkpoint().await;
                log.add("went on");
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["the shield ends"]);
    });
}

/// CS-08, C3: a scope in a child is cancelled by the host, and vice versa.
pub fn scopes_are_cancelled_across_tasks(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let (of_child, of_host) = (CancelScope::new(), CancelScope::<R>::new());
            let (child_handle, host_handle) = (of_child.handle(), of_host.handle());
            let (running, log_of_child) = (Gate::new(), log.clone());
            let is_running = running.clone();
            tg.spawn(async move {
                let of_child: CancelScope<R> = of_child;
                let outcome = of_child
                    .run(async {
                        is_running.open();
                        blocked().await;
                    })
                    .await;
                assert!(outcome.is_err());
                log_of_child.add("child");
                host_handle.cancel();
            });
            running.opened().await;
            child_handle.cancel();
            assert!(of_host.run(blocked()).await.is_err());
            log.add("host");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["child", "host"]);
    });
}

anyrt_conformance_kit::cases! { scopes_nested: erased,
    an_outer_cancellation_passes_the_inner_scope,
    the_outermost_cancelled_scope_catches,
    an_outer_cancellation_overtakes_an_inner_one,
    the_outermost_limit_reports,
    a_scope_inside_a_shield_catches_its_own,
    scopes_are_cancelled_across_tasks,
}
