//! Shields. CS-11 to CS-14, rule C8.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, has_pending_cancellation, move_on_after,
    shield,
};
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;

use crate::erased::{Backend, R};
use crate::kinds::{blocked, until_cancelled};
use crate::support::{Flag, Gate, Log, in_cancelled_scope, poll_once, run};

/// CS-11, C8: a shield keeps outer cancellation out: waits inside complete, and the first one after it is
/// cancelled.
pub fn a_shield_keeps_outer_cancellation_out(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            let value = shield(async {
                checkpoint().await;
                sleep::<R>(Duration::from_millis(1)).await;
                7
            })
            .await;
            log.add(format!("shield gave {value}"));
            let shielded = CancelScope::<R>::new().shielded();
            shielded.run(checkpoint()).await.unwrap();
            log.add("shielded scope ended");
            checkpoint().await;
            log.add("went on");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["shield gave 7", "shielded scope ended"]);
    });
}

/// CS-11, C6: if the cancellation arrives while the shielded section runs, the scope waits for the section.
pub fn a_running_shield_is_waited_for(backend: &Backend) {
    run(backend, async {
        let (log, began, go_on) = (Log::new(), Gate::new(), Gate::new());
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let (is_running, release, log_of_canceller) =
                (began.clone(), go_on.clone(), log.clone());
            tg.spawn(async move {
                is_running.opened().await;
                handle.cancel();
                log_of_canceller.add("cancelled");
                release.open();
            });
            let outcome = scope
                .run(async {
                    shield(async {
                        began.open();
                        go_on.opened().await;
                        checkpoint().await;
                        log.add("shield ended");
                    })
                    .await;
                    checkpoint().await;
                    log.add("went on");
                })
                .await;
            assert!(outcome.is_err());
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["cancelled", "shield ended"]);
    });
}

/// CS-12, C3: a shield does not protect from the shielded scope's own cancellation or deadline,
/// nor from scopes inside it.
pub fn a_shield_does_not_protect_from_within(backend: &Backend) {
    run(backend, async {
        let shielded = CancelScope::<R>::new().shielded();
        shielded.handle().cancel();
        assert!(
            shielded.run(blocked()).await.is_err(),
            "its own cancellation"
        );

        let shielded = CancelScope::<R>::new()
            .shielded()
            .within(Duration::from_millis(5));
        assert!(shielded.run(blocked()).await.is_err(), "its own deadline");

        let shielded = CancelScope::<R>::new().shielded();
        let nested = shielded.run(in_cancelled_scope::<R, _>(blocked()));
        assert!(nested.await.unwrap().is_err(), "a scope inside");
        let limited = move_on_after::<R, _>(Duration::from_millis(5), blocked());
        assert!(shield(limited).await.is_none(), "a limit inside");
    });
}

/// CS-12: the same while an outer cancellation waits for the shield: a limit inside ends it.
pub fn a_limit_inside_ends_a_shielded_section(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            let limited = move_on_after::<R, _>(Duration::from_millis(5), blocked());
            assert!(shield(limited).await.is_none());
            log.add("gave up");
            checkpoint().await;
            log.add("went on");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["gave up"]);
    });
}

/// CS-13, C2: a shield can be switched while the scope runs: on, a pending cancellation stops at
/// it; off, the next wait is refused; on again, waits work again.
pub fn a_shield_can_be_switched(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let inner = CancelScope::<R>::new();
        let handle = inner.handle();
        assert!(!handle.is_shielded());
        let outcome = in_cancelled_scope::<R, _>(async {
            inner
                .run(async {
                    assert!(has_pending_cancellation());
                    handle.set_shield(true);
                    assert!(handle.is_shielded() && !has_pending_cancellation());
                    checkpoint().await;
                    log.add("on");
                    handle.set_shield(false);
                    assert!(has_pending_cancellation());
                    assert!(poll_once(pin!(checkpoint())).await.is_pending());
                    log.add("off");
                    handle.set_shield(true);
                    checkpoint().await;
                    log.add("on again");
                    handle.set_shield(false);
                    checkpoint().await;
                    log.add("went on");
                })
                .await
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["on", "off", "on again"]);
        assert!(!handle.is_cancelled() && !handle.has_caught());
    });
}

/// CS-13: switching a shield cancels nothing where nothing is cancelled, groups inside included.
pub fn switching_a_shield_cancels_nothing(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let grouped = task_group::<R, Infallible, _, _>(async |tg| {
            let gate = Gate::new();
            let waits = gate.clone();
            let child = tg.spawn(async move {
                waits.opened().await;
                checkpoint().await;
                Ok(7)
            });
            checkpoint().await;
            handle.set_shield(true);
            checkpoint().await;
            handle.set_shield(false);
            checkpoint().await;
            gate.open();
            Ok(child.value().await)
        });
        let outer = CancelScope::<R>::new();
        assert_eq!(
            outer
                .run(scope.run(grouped))
                .await
                .unwrap()
                .unwrap()
                .unwrap(),
            7
        );
    });
}

/// CS-13, C6: a shield that is lifted from another task lets a waiting cancellation through.
pub fn lifting_a_shield_lets_a_cancellation_through(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let (outer, inner) = (CancelScope::new(), CancelScope::<R>::new().shielded());
            let outer: CancelScope<R> = outer;
            let (outer_handle, inner_handle, inside) =
                (outer.handle(), inner.handle(), Gate::new());
            let (passed, is_inside) = (Flag::new(), inside.clone());
            tg.spawn(async move {
                is_inside.opened().await;
                outer_handle.cancel();
                checkpoint().await;
                inner_handle.set_shield(false);
            });
            let outcome = outer
                .run(inner.run(async {
                    checkpoint().await;
                    inside.open();
                    blocked().await;
                    passed.raise();
                }))
                .await;
            assert!(outcome.is_err());
            assert!(!passed.is_raised());
        })
        .await;
        assert!(result.is_ok());
    });
}

/// CS-14: clean-up in a cancelled scope waits to completion behind a shield, and not without one.
pub fn clean_up_needs_a_shield(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            until_cancelled().await;
            shield(async {
                checkpoint().await;
                checkpoint().await;
                log.add("shielded clean-up");
            })
            .await;
            checkpoint().await;
            log.add("bare clean-up");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["shielded clean-up"]);
    });
}

/// C11, CS-14: `cancel_shielded_checkpoint` yields, cancelled or not; `checkpoint` is refused.
pub fn a_shielded_checkpoint_passes_when_cancelled(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            cancel_shielded_checkpoint().await;
            log.add("passed");
            checkpoint().await;
            log.add("went on");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["passed"]);
    });
}

anyrt_conformance_kit::cases! { scopes_shield: erased,
    a_shield_keeps_outer_cancellation_out,
    a_running_shield_is_waited_for,
    a_shield_does_not_protect_from_within,
    a_limit_inside_ends_a_shielded_section,
    a_shield_can_be_switched,
    switching_a_shield_cancels_nothing,
    lifting_a_shield_lets_a_cancellation_through,
    clean_up_needs_a_shield,
    a_shielded_checkpoint_passes_when_cancelled,
}
