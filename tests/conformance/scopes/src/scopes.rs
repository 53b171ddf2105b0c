//! Cancel scopes: the effects of cancelling one. CS-01 to CS-06, CS-08, CS-19 to CS-21. That a scope can be
//! run only once (CS-07) and cannot be left in the wrong order (CS-22) are compile-fail tests.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, Cause, checkpoint, checkpoint_if_cancelled, current_cancellation,
    has_pending_cancellation,
};
use anyrt_core::task::{RunOptions, task_group};
use anyrt_core::time::{now, sleep};

use crate::erased::{Backend, R};
use crate::kinds::{blocked, until_cancelled};
use crate::support::{Gate, Log, in_cancelled_scope, poll_once, run};

/// CS-01, CS-08, C1, C7: a scope is cancelled from another task while its body waits: the wait is
/// interrupted, the rest is skipped, and the code after the scope continues.
pub fn cancelling_interrupts_the_wait(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, waiting) = (scope.handle(), Gate::new());
            assert!(!handle.is_cancelled() && !handle.has_caught());
            let (canceller, is_waiting) = (handle.clone(), waiting.clone());
            tg.spawn(async move {
                is_waiting.opened().await;
                canceller.cancel();
            });
            let outcome = scope
                .run(async {
                    let _guard = log.on_drop("body dropped");
                    waiting.open();
                    blocked().await;
                    log.add("went on");
                })
                .await;
            assert_eq!(outcome.unwrap_err().cause(), Cause::Explicit);
            assert!(handle.is_cancelled() && handle.has_caught());
            checkpoint().await;
            log.add("behind the scope");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["body dropped", "behind the scope"]);
    });
}

/// CS-02: cancelling twice is the same as cancelling once; also afterwards.
pub fn cancelling_is_idempotent(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        handle.cancel_with("the first");
        handle.cancel_with("the second");
        let outcome = scope.run(blocked()).await;
        handle.cancel();
        assert_eq!(outcome.unwrap_err().reason(), Some("the first"));
        assert!(handle.is_cancelled() && handle.has_caught());
    });
}

/// CS-03, C2, C4: once a scope is cancelled, every operation inside is refused, each time and in nested
/// scopes too, until the scope is left.
pub fn cancellation_is_level_triggered(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope
            .run(async {
                checkpoint().await;
                handle.cancel();
                for _ in 0..3 {
                    assert!(poll_once(pin!(checkpoint())).await.is_pending());
                    assert!(
                        poll_once(pin!(checkpoint_if_cancelled()))
                            .await
                            .is_pending()
                    );
                    assert!(
                        poll_once(pin!(sleep::<R>(Duration::ZERO)))
                            .await
                            .is_pending()
                    );
                    let nested = CancelScope::<R>::new().run(checkpoint());
                    assert!(poll_once(pin!(nested)).await.is_pending());
                }
                "retried"
            })
            .await;
        assert_eq!(outcome.unwrap(), "retried");
        assert!(handle.is_cancelled() && !handle.has_caught());
    });
}

/// CS-04, C7: a scope is cancelled, but its body never waits again: its value is returned.
pub fn a_body_that_never_waits_again_completes(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope
            .run(async {
                checkpoint().await;
                handle.cancel();
                7
            })
            .await;
        assert_eq!(outcome.unwrap(), 7);
        assert!(handle.is_cancelled() && !handle.has_caught());
    });
}

/// CS-05: when a cancelled scope has been left, waits outside it work as usual.
pub fn waits_behind_a_cancelled_scope_are_unaffected(backend: &Backend) {
    run(backend, async {
        for _ in 0..3 {
            assert!(in_cancelled_scope::<R, _>(blocked()).await.is_err());
            assert!(!has_pending_cancellation());
            checkpoint().await;
            checkpoint_if_cancelled().await;
            sleep::<R>(Duration::from_millis(1)).await;
        }
    });
}

/// CS-06: if a scope is cancelled before it is entered, its body runs up to the first wait.
pub fn a_scope_cancelled_in_advance_runs_to_the_first_wait(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            log.add("body runs");
            checkpoint().await;
            log.add("went on");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["body runs"]);
    });
}

/// CS-08: only the code inside the scope is interrupted: the task around it continues, and so do its other
/// futures.
pub fn only_what_is_inside_is_interrupted(backend: &Backend) {
    run(backend, async {
        let (log, left) = (Log::new(), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let beside = async {
            checkpoint().await;
            handle.cancel();
            left.opened().await;
            checkpoint().await;
            log.add("beside goes on");
        };
        let around = async {
            assert!(scope.run(blocked()).await.is_err());
            checkpoint().await;
            left.open();
        };
        futures_util::future::join(around, beside).await;
        assert_eq!(log.entries(), ["beside goes on"]);
    });
}

/// CS-19, C7: the reason, and the name of the cancelling task, can be seen inside and outside.
pub fn the_cancelled_side_sees_reason_and_canceller(backend: &Backend) {
    run(backend, async {
        let seen = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            tg.task()
                .name("supervisor")
                .spawn(async move { handle.cancel_with("too slow") });
            let outcome = scope
                .run(async {
                    assert!(current_cancellation().is_none() || has_pending_cancellation());
                    until_cancelled().await;
                    let inside = current_cancellation().expect("a cancellation is pending");
                    seen.add(inside.reason().unwrap_or_default());
                    seen.add(inside.by().unwrap_or_default());
                    checkpoint().await;
                })
                .await;
            let cancelled = outcome.unwrap_err();
            assert_eq!(cancelled.cause(), Cause::Explicit);
            assert_eq!(cancelled.reason(), Some("too slow"));
            assert_eq!(cancelled.by(), Some("supervisor"));
            let text = cancelled.to_string();
            assert!(
                text.contains("too slow") && text.contains("supervisor"),
                "{text}"
            );
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(seen.entries(), ["too slow", "supervisor"]);
    });
}

/// CS-19: a cancellation from the main task names that task; one from a plain thread has no name.
pub fn the_main_task_has_a_name_too(backend: &Backend) {
    let main = async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            handle.cancel();
            checkpoint().await;
        });
        assert_eq!(outcome.await.unwrap_err().by(), Some("the main one"));

        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        std::thread::spawn(move || handle.cancel_with("from afar"))
            .join()
            .unwrap();
        let cancelled = scope.run(checkpoint()).await.unwrap_err();
        assert_eq!(
            (cancelled.reason(), cancelled.by()),
            (Some("from afar"), None)
        );
    };
    anyrt_core::run(backend, RunOptions::new().name("the main one"), main).expect("the run starts");
}

/// CS-20, C7: the cause distinguishes a deadline from an explicit cancellation; the first one wins.
pub fn the_first_cause_wins(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(Duration::from_millis(5));
        assert_eq!(
            scope.run(blocked()).await.unwrap_err().cause(),
            Cause::Deadline
        );

        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            handle.cancel();
            handle.set_deadline(now::<R>());
            checkpoint().await;
        });
        assert_eq!(outcome.await.unwrap_err().cause(), Cause::Explicit);

        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            handle.set_deadline(now::<R>());
            assert!(has_pending_cancellation());
            handle.cancel();
            checkpoint().await;
        });
        assert_eq!(outcome.await.unwrap_err().cause(), Cause::Deadline);
    });
}

/// CS-21: an error of the body passes through a cancelled scope unchanged.
pub fn errors_pass_a_cancelled_scope(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            handle.cancel();
            until_cancelled().await;
            Err::<(), _>("a real error")
        });
        assert_eq!(outcome.await.unwrap(), Err("a real error"));
        assert!(handle.is_cancelled() && !handle.has_caught());
    });
}

/// C9: a handle returns the values that were set, also when its scope is gone.
pub fn a_handle_outlives_its_scope(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        drop(scope);
        handle.cancel();
        assert!(handle.is_cancelled() && !handle.has_caught());

        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        scope.run(checkpoint()).await.unwrap();
        assert!(!handle.is_cancelled());
        handle.set_shield(true);
        handle.set_deadline(now::<R>());
        handle.cancel();
        checkpoint().await;
    });
}

anyrt_conformance_kit::cases! { scopes: erased,
    cancelling_interrupts_the_wait,
    cancelling_is_idempotent,
    cancellation_is_level_triggered,
    a_body_that_never_waits_again_completes,
    waits_behind_a_cancelled_scope_are_unaffected,
    a_scope_cancelled_in_advance_runs_to_the_first_wait,
    only_what_is_inside_is_interrupted,
    the_cancelled_side_sees_reason_and_canceller,
    the_main_task_has_a_name_too,
    the_first_cause_wins,
    errors_pass_a_cancelled_scope,
    a_handle_outlives_its_scope,
}
