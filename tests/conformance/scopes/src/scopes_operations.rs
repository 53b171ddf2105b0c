//! Cancel scopes: operations and foreign futures in them. CS-23, rules C3 to C5.

use std::convert::Infallible;
use std::pin::pin;
use std::task::Poll;

use anyrt_core::cancel::{CancelScope, Cause, checkpoint, checkpoint_if_cancelled};
use anyrt_core::task::task_group;
use anyrt_core::thread::to_thread;
use anyrt_core::time::now;

use crate::erased::{Backend, R};
use crate::kinds::{blocked, until_cancelled};
use crate::support::{Flag, Log, in_cancelled_scope, run, yields};

/// CS-03, C2, C5: a cancellation stays in effect when the body continues because it awaits foreign futures
/// that are ready.
pub fn cancellation_stays_when_foreign_futures_go_on(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            std::future::ready(()).await;
            log.add("past a ready foreign future");
            until_cancelled().await;
            log.add("past another");
            checkpoint().await;
            log.add("went on");
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(
            log.entries(),
            ["past a ready foreign future", "past another"]
        );
    });
}

/// HO-05, C2: `handle.cancel()` takes effect for the very next operation, ready or not, and so do a
/// deadline that is moved into the past and a shield that is lifted.
pub fn cancelling_from_inside_takes_effect_at_once(backend: &Backend) {
    run(backend, async {
        let effect = Flag::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let ready = tg.spawn(async {});
            ready.wait().await;

            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let outcome = scope.run(async {
                handle.cancel();
                ready.wait().await;
                effect.raise();
            });
            assert!(outcome.await.is_err());

            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let outcome = scope.run(async {
                handle.set_deadline(now::<R>());
                ready.wait().await;
                effect.raise();
            });
            assert_eq!(outcome.await.unwrap_err().cause(), Cause::Deadline);

            let shielded = CancelScope::<R>::new().shielded();
            let shield = shielded.handle();
            let outcome = in_cancelled_scope::<R, _>(shielded.run(async {
                ready.wait().await;
                shield.set_shield(false);
                ready.wait().await;
                effect.raise();
            }));
            assert!(outcome.await.is_err());
        })
        .await;
        assert!(result.is_ok());
        assert!(!effect.is_raised());
    });
}

/// CS-23, C6: an operation that cannot be interrupted runs to its end; the next wait is cancelled.
pub fn what_cannot_be_interrupted_runs_to_its_end(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let (handle, log_of_thread) = (scope.handle(), log.clone());
        let outcome = scope
            .run(async {
                let value = to_thread::run::<R, _, _>(move || {
                    handle.cancel();
                    log_of_thread.add("thread ended");
                    7
                })
                .await;
                log.add(format!("value {value}"));
                checkpoint().await;
                log.add("went on");
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["thread ended", "value 7"]);
    });
}

/// C4: an operation that was refused, and that outlives the scope, starts when the scope has been left.
pub fn a_refused_operation_starts_when_the_scope_has_been_left(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let done = tg.spawn(async {});
            done.wait().await;
            let mut operation = pin!(done.wait());
            let outcome = in_cancelled_scope::<R, _>(operation.as_mut()).await;
            assert!(outcome.is_err());
            operation.await;
        })
        .await;
        assert!(result.is_ok());
    });
}

/// C4: a refused operation is woken when the scope is left, also if it was polled with a waker of another
/// task.
pub fn a_refused_operation_is_woken_when_the_scope_is_left(backend: &Backend) {
    run(backend, async {
        let wakes = crate::support::Wakes::new();
        let mut operation = Box::pin(checkpoint_if_cancelled());
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        let outcome = scope
            .run(async {
                assert!(wakes.poll(operation.as_mut()).is_pending());
                assert_eq!(wakes.count(), 0);
                blocked().await;
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(wakes.count(), 1, "woken once, when the scope was left");
        assert!(matches!(wakes.poll(operation.as_mut()), Poll::Ready(())));
    });
}

/// C5: a foreign future in a cancelled scope is polled once more; a value that is ready then is kept.
pub fn foreign_futures_are_polled_once_more(backend: &Backend) {
    run(backend, async {
        for ready_at_last in [false, true] {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut polls_after = 0;
            let foreign = std::future::poll_fn(|_| {
                if !handle.is_cancelled() {
                    return Poll::Pending;
                }
                polls_after += 1;
                if ready_at_last {
                    Poll::Ready("kept")
                } else {
                    Poll::Pending
                }
            });
            let canceller = async {
                yields(1).await;
                handle.cancel();
            };
            let (outcome, ()) = futures_util::future::join(scope.run(foreign), canceller).await;
            assert_eq!(outcome.ok(), ready_at_last.then_some("kept"));
            assert_eq!(polls_after, 1);
        }
    });
}

/// C3: a future that is polled inside a scope is in it, wherever it was created; and a future that is moved
/// out of one and polled outside is not.
pub fn where_a_future_is_polled_counts(backend: &Backend) {
    run(backend, async {
        let made_outside = checkpoint();
        assert!(in_cancelled_scope::<R, _>(made_outside).await.is_err());
        let made_inside = in_cancelled_scope::<R, _>(std::future::ready(checkpoint())).await;
        made_inside.expect("making a future is no wait").await;
    });
}

anyrt_conformance_kit::cases! { scopes_operations: erased,
    cancellation_stays_when_foreign_futures_go_on,
    cancelling_from_inside_takes_effect_at_once,
    what_cannot_be_interrupted_runs_to_its_end,
    a_refused_operation_starts_when_the_scope_has_been_left,
    a_refused_operation_is_woken_when_the_scope_is_left,
    foreign_futures_are_polled_once_more,
    where_a_future_is_polled_counts,
}
