//! Deadlines of scopes. CS-16 to CS-18, HO-27, rules C9, C11.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, Cause, checkpoint, current_effective_deadline, has_pending_cancellation,
    move_on_after,
};
use anyrt_core::task::task_group;
use anyrt_core::time::{Instant, now, sleep};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, run};

const SHORT: Duration = Duration::from_millis(20);

/// A limit that no case reaches.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// CS-16: passing a deadline that was set while the scope runs cancels it.
pub fn a_deadline_can_be_set_while_the_scope_runs(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        assert_eq!(handle.deadline(), Instant::FAR_FUTURE);
        let start = now::<R>();
        let outcome = scope
            .run(async {
                checkpoint().await;
                handle.set_deadline(start + SHORT);
                assert_eq!(handle.deadline(), start + SHORT);
                blocked().await;
            })
            .await;
        assert!(now::<R>() >= start + SHORT);
        assert_eq!(outcome.unwrap_err().cause(), Cause::Deadline);
        assert!(handle.is_cancelled() && handle.has_caught());
    });
}

/// CS-16: moving a deadline to a later time gives the body the extra time; removing it, all the time it
/// needs.
pub fn a_deadline_can_be_moved_later(backend: &Backend) {
    run(backend, async {
        for deadline in [Instant::FAR_FUTURE, now::<R>() + LONG] {
            let scope = CancelScope::<R>::new().within(SHORT);
            let handle = scope.handle();
            let outcome = scope
                .run(async {
                    handle.set_deadline(deadline);
                    sleep::<R>(SHORT * 3).await;
                    checkpoint().await;
                    "in time"
                })
                .await;
            assert_eq!(outcome.unwrap(), "in time");
            assert!(!handle.is_cancelled());
        }
    });
}

/// CS-16: another task moves the deadline of a scope that waits, to an earlier time, and into the
/// past.
pub fn a_deadline_can_be_moved_by_another_task(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            for earlier in [SHORT, Duration::ZERO] {
                let scope = CancelScope::<R>::new().within(LONG);
                let (handle, waiting) = (scope.handle(), Gate::new());
                let is_waiting = waiting.clone();
                tg.spawn(async move {
                    is_waiting.opened().await;
                    checkpoint().await;
                    handle.set_deadline(now::<R>() + earlier);
                });
                let outcome = scope
                    .run(async {
                        waiting.open();
                        blocked().await;
                    })
                    .await;
                assert_eq!(outcome.unwrap_err().cause(), Cause::Deadline);
            }
        })
        .await;
        assert!(result.is_ok());
    });
}

/// CS-17: a deadline may lie in the far future or in the past.
pub fn a_deadline_may_be_infinite_or_past(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().deadline(Instant::FAR_FUTURE);
        assert!(scope.run(checkpoint()).await.is_ok());
        let scope = CancelScope::<R>::new().within(Duration::MAX);
        assert!(scope.run(checkpoint()).await.is_ok());
        for past in [Instant::FAR_PAST, now::<R>()] {
            let scope = CancelScope::<R>::new().deadline(past);
            let handle = scope.handle();
            assert_eq!(
                scope.run(blocked()).await.unwrap_err().cause(),
                Cause::Deadline
            );
            assert!(handle.is_cancelled() && handle.has_caught());
        }
    });
}

/// CS-18, C9: if the deadline of a scope has passed on entry, the body runs up to its first wait.
pub fn an_expired_scope_runs_to_the_first_wait(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let scope = CancelScope::<R>::new().deadline(now::<R>());
        let outcome = scope
            .run(async {
                log.add("body runs");
                assert!(has_pending_cancellation());
                checkpoint().await;
                log.add("went on");
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["body runs"]);
        let scope = CancelScope::<R>::new().within(Duration::ZERO);
        assert_eq!(scope.run(async { 7 }).await.unwrap(), 7, "it never waits");
    });
}

/// C9: a limit given as a length counts from entry, and not from building the scope.
pub fn a_length_counts_from_entry(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(LONG);
        let handle = scope.handle();
        sleep::<R>(SHORT).await;
        let entered = now::<R>();
        scope
            .run(async {
                assert!(handle.deadline() >= entered + LONG);
                assert_eq!(current_effective_deadline(), handle.deadline());
            })
            .await
            .unwrap();
    });
}

/// HO-27, C9: a group's children are cancelled when a deadline around their host passes.
pub fn a_deadline_around_the_host_cancels_the_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let gone = Flag::new();
        let outcome = move_on_after::<R, _>(
            SHORT,
            K::open(async |tg: K::Group<Infallible>| {
                let guard = gone.on_drop();
                tg.spawn(async move {
                    let _guard = guard;
                    assert!(current_effective_deadline() < Instant::FAR_FUTURE);
                    blocked().await;
                });
                blocked().await;
            }),
        )
        .await;
        assert!(outcome.is_none());
        assert!(gone.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// C9, C11: a deadline takes effect although the body is never pending by itself, because of the budget.
pub fn a_deadline_ends_a_loop_of_ready_operations(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let done = tg.spawn(async {});
            done.wait().await;
            let endless = async {
                loop {
                    done.wait().await;
                }
            };
            let outcome: Option<()> = move_on_after::<R, _>(SHORT, endless).await;
            assert!(outcome.is_none());
        })
        .await;
        assert!(result.is_ok());
    });
}

/// C11: operations that are ready at once let other tasks run from time to time.
pub fn a_loop_of_ready_operations_lets_others_run(backend: &Backend) {
    run(backend, async {
        let flag = Flag::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let done = tg.spawn(async {});
            done.wait().await;
            let raised = flag.clone();
            tg.spawn(async move { raised.raise() });
            while !flag.is_raised() {
                done.wait().await;
            }
        })
        .await;
        assert!(result.is_ok());
    });
}

/// C9: an outer deadline that is not later cancels although the inner one never gets a timer.
pub fn the_earlier_of_two_deadlines_fires(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(SHORT);
        let handle = scope.handle();
        let inner = move_on_after::<R, _>(LONG, blocked());
        assert!(scope.run(inner).await.is_err());
        assert!(handle.has_caught());
        let inner = move_on_after::<R, _>(SHORT, blocked());
        let outcome = move_on_after::<R, _>(LONG, inner).await;
        assert_eq!(outcome, Some(None));
        // The outer one is moved away while the inner one, which had no timer, waits.
        let scope = CancelScope::<R>::new().within(SHORT);
        let handle = scope.handle();
        let outcome = scope
            .run(futures_util::future::join(
                move_on_after::<R, _>(SHORT * 2, blocked()),
                async {
                    checkpoint().await;
                    handle.set_deadline(Instant::FAR_FUTURE);
                },
            ))
            .await;
        assert_eq!(outcome.unwrap().0, None, "the inner limit ended it");
    });
}

anyrt_conformance_kit::cases! { scopes_deadline: erased,
    a_deadline_can_be_set_while_the_scope_runs,
    a_deadline_can_be_moved_later,
    a_deadline_can_be_moved_by_another_task,
    a_deadline_may_be_infinite_or_past,
    an_expired_scope_runs_to_the_first_wait,
    a_length_counts_from_entry,
    a_deadline_around_the_host_cancels_the_children,
    a_deadline_ends_a_loop_of_ready_operations,
    a_loop_of_ready_operations_lets_others_run,
    the_earlier_of_two_deadlines_fires,
}
