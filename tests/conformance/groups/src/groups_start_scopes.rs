//! Task groups: `start` and cancellation: the scopes that the child lives in. TG-20 to TG-22.

use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield};
use anyrt_core::combine::gather;
use anyrt_core::task::{Started, scoped_task_group, task_group};
use anyrt_core::time::sleep_forever;
use futures_util::future::{join, select};

use crate::erased::{Backend, R};
use crate::kinds::{assert_order, blocked, until_cancelled};
use crate::support::{Flag, Gate, Log, run, yields};

/// TG-20: `start` in a cancelled scope: the child runs to its first wait and is cancelled there; reporting
/// "ready" has no effect; `start` ends when the child has. The target group is unaffected.
pub fn starting_in_a_cancelled_scope_runs_to_the_first_wait(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            scope.handle().cancel();
            let (guard, log_of_child) = (log.on_drop("child gone"), log.clone());
            let start = tg.start(async move |started| {
                let _guard = guard;
                log_of_child.add("child runs");
                started.started(7);
                log_of_child.add("readiness said");
                checkpoint().await;
                log_of_child.add("child went on");
                Ok(())
            });
            assert!(scope.run(start).await.is_err());
            log.add("start ended");
            assert_eq!(tg.spawn(async { Ok("usable") }).value().await, "usable");
            checkpoint().await;
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(
            log.entries(),
            ["child runs", "readiness said", "child gone", "start ended"]
        );
    });
}

/// TG-20: a child that does not wait completes even so; its failure is returned by `start`.
pub fn a_child_started_in_a_cancelled_scope_may_still_fail(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            scope.handle().cancel();
            let start = tg.start(async |_: Started<()>| Err::<(), _>("failed at once"));
            assert_eq!(scope.run(start).await.unwrap(), Err("failed at once"));
            Ok(())
        })
        .await;
        assert!(result.is_ok());
    });
}

/// TG-21, G9: until it is ready, the child lives in its caller's scopes: cancelling those cancels it, and
/// the caller waits for its clean-up (C6).
pub fn before_readiness_the_child_is_cancelled_with_its_caller(backend: &Backend) {
    run(backend, async {
        let (log, running) = (Log::new(), Gate::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, is_running) = (scope.handle(), running.clone());
            tg.spawn(async move {
                is_running.opened().await;
                handle.cancel();
            });
            let (log_of_child, running) = (log.clone(), running.clone());
            let start = tg.start(async move |started: Started<()>| {
                finally(
                    async {
                        running.open();
                        blocked().await;
                        started.started(());
                    },
                    async || {
                        checkpoint().await;
                        log_of_child.add("child cleaned up");
                    },
                )
                .await;
                Ok(())
            });
            assert!(scope.run(start).await.is_err());
            log.add("start ended");
            checkpoint().await;
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["child cleaned up", "start ended"]);
    });
}

/// TG-21, G9: before it is ready, cancelling the group does not reach the child of a caller that
/// is shielded from it; afterwards it does.
pub fn readiness_moves_the_child_from_the_caller_to_the_group(backend: &Backend) {
    run(backend, async {
        let (log, group_cancelled) = (Log::new(), Gate::new());
        let result = task_group::<R, Infallible, _, _>(async |outer| {
            let (log_of_outer, gate) = (log.clone(), group_cancelled.clone());
            task_group::<R, String, _, _>(async |tg| {
                let (target, log, cancelled) = (tg.clone(), log_of_outer.clone(), gate.clone());
                let waiting = Gate::new();
                let child_waits = waiting.clone();
                // The caller belongs to the outer group, so only its child could be reached.
                outer.spawn(async move {
                    let log_of_child = log.clone();
                    let start = target.start(async move |started| {
                        child_waits.open();
                        cancelled.opened().await;
                        checkpoint().await;
                        log_of_child.add("still going");
                        started.started(7);
                        log_of_child.add("ready");
                        checkpoint().await;
                        log_of_child.add("went on");
                        Ok(())
                    });
                    let value = start.await;
                    log.add(format!("start gave {value:?}"));
                });
                waiting.opened().await;
                tg.cancel();
                gate.open();
                Ok(())
            })
            .await
            .unwrap();
            log_of_outer.add("target ended");
        })
        .await;
        assert!(result.is_ok());
        let entries = log.entries();
        assert_order(&entries, &["still going", "ready", "target ended"]);
        assert!(
            log.has("start gave Ok(7)") && !log.has("went on"),
            "{entries:?}"
        );
    });
}

/// TG-21: once it is ready, cancelling the caller's scope no longer affects the child.
pub fn after_readiness_the_caller_cannot_cancel_the_child(backend: &Backend) {
    run(backend, async {
        let (log, go_on) = (Log::new(), Gate::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let (log_of_child, gate) = (log.clone(), go_on.clone());
            let outcome = scope
                .run(async {
                    let start = tg.start(async move |started| {
                        started.started(());
                        gate.opened().await;
                        checkpoint().await;
                        log_of_child.add("child went on");
                        Ok(())
                    });
                    start.await.unwrap();
                    handle.cancel();
                    blocked().await;
                })
                .await;
            assert!(outcome.is_err());
            go_on.open();
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["child went on"]);
    });
}

/// TG-21, C2: `started` moves the child in that very step: its next operation is cancelled with the group.
pub fn readiness_takes_effect_in_the_same_step(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            // The body's own group is cancelled; the call is shielded from that.
            tg.cancel();
            let log = log.clone();
            let start = tg.start(async move |started| {
                checkpoint().await;
                log.add("under the caller");
                started.started(7);
                checkpoint().await;
                log.add("went on");
                Ok(())
            });
            assert_eq!(shield(start).await, Ok(7));
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["under the caller"]);
    });
}

/// TG-22: a pending `start` keeps the target group open: when its body has ended, the group waits
/// for the start to resolve, and then for the child.
pub fn a_pending_start_keeps_the_group_open(backend: &Backend) {
    run(backend, async {
        let (log, go_on) = (Log::new(), Gate::new());
        let result = task_group::<R, Infallible, _, _>(async |outer| {
            let group = task_group::<R, String, _, _>(async |tg| {
                let (target, log_of_caller, gate) = (tg.clone(), log.clone(), go_on.clone());
                let waiting = Gate::new();
                let child_waits = waiting.clone();
                outer.spawn(async move {
                    let log_of_child = log_of_caller.clone();
                    let start = target.start(async move |started| {
                        child_waits.open();
                        gate.opened().await;
                        log_of_child.add("ready");
                        started.started(7);
                        checkpoint().await;
                        log_of_child.add("child ended");
                        Ok(())
                    });
                    assert_eq!(start.await, Ok(7));
                });
                waiting.opened().await;
                log.add("body ended");
                Ok(())
            });
            // Only a group that waits at its end lets the child become ready.
            let release = async {
                while !log.has("body ended") {
                    checkpoint().await;
                }
                checkpoint().await;
                go_on.open();
            };
            let (result, ()) = join(group, release).await;
            result.unwrap();
            log.add("group ended");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(
            log.entries(),
            ["body ended", "ready", "child ended", "group ended"]
        );
    });
}

/// G9, TG-06: a failure of the group while the child is not ready yet does reach it, where the caller is
/// the group's own body.
pub fn a_failing_sibling_interrupts_a_pending_start(backend: &Backend) {
    run(backend, async {
        let (gone, waiting) = (Flag::new(), Gate::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| -> Result<(), _> {
            let child_waits = waiting.clone();
            tg.spawn(async move {
                child_waits.opened().await;
                Err::<(), _>("sibling failed")
            });
            let (guard, waiting) = (gone.on_drop(), waiting.clone());
            tg.start(async move |_: Started<()>| -> Result<(), &'static str> {
                let _guard = guard;
                waiting.open();
                sleep_forever().await
            })
            .await?;
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["sibling failed"]);
        assert!(gone.is_raised());
    });
}

/// G9, C10: a `start` that is dropped before the child is ready cancels the child, and the group waits for
/// it.
pub fn dropping_a_pending_start_cancels_its_child(backend: &Backend) {
    run(backend, async {
        let (log, waiting) = (Log::new(), Gate::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let (guard, child_waits) = (log.on_drop("child gone"), waiting.clone());
            {
                let start = tg.start(async move |_: Started<()>| {
                    let _guard = guard;
                    child_waits.open();
                    until_cancelled().await;
                    Ok(())
                });
                select(pin!(start), pin!(waiting.opened())).await;
            }
            Ok(())
        })
        .await;
        log.add("group ended");
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["child gone", "group ended"]);
    });
}

/// G9, C12: a `start` behind a shield in an aborted scope is dropped with that scope, and does not report that
/// its child was cancelled.
pub fn a_start_in_an_aborted_scope_is_dropped_with_it(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let group = scoped_task_group::<R, Infallible, _, _>(async |group| {
            group.spawn(async move { handle.abort() });
            let child = group.start(async |started: Started<()>| {
                yields(1).await;
                started.started(());
                yields(1).await;
                Ok(())
            });
            child.await
        });
        // Polls the body of the group again before the scope is.
        let ended = scope.run(shield(gather((group, yields(3))))).await;
        assert!(ended.is_err(), "the scope was aborted");
    });
}

anyrt_conformance_kit::cases! { groups_start_scopes: erased,
    starting_in_a_cancelled_scope_runs_to_the_first_wait,
    a_child_started_in_a_cancelled_scope_may_still_fail,
    before_readiness_the_child_is_cancelled_with_its_caller,
    readiness_moves_the_child_from_the_caller_to_the_group,
    after_readiness_the_caller_cannot_cancel_the_child,
    readiness_takes_effect_in_the_same_step,
    a_pending_start_keeps_the_group_open,
    a_failing_sibling_interrupts_a_pending_start,
    dropping_a_pending_start_cancels_its_child,
    a_start_in_an_aborted_scope_is_dropped_with_it,
}
