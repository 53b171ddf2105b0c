//! Timeouts and sleeping. TO-01 to TO-10.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, Cause, checkpoint, fail_after, fail_at, finally, move_on_after, move_on_at,
    wait_for,
};
use anyrt_core::task::task_group;
use anyrt_core::time::{Instant, now, sleep, sleep_forever, sleep_until};

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::support::{Flag, Gate, Log, in_cancelled_scope, poll_once, run};

const SHORT: Duration = Duration::from_millis(20);
/// A limit that no case reaches.
const LONG: Duration = Duration::from_secs(3600);

/// TO-01: `move_on_after` interrupts its body after the limit, and the code after it continues.
pub fn move_on_after_gives_up(backend: &Backend) {
    run(backend, async {
        let (start, dropped) = (now::<R>(), Flag::new());
        let guard = dropped.on_drop();
        let outcome = move_on_after::<R, _>(SHORT, async move {
            let _guard = guard;
            blocked().await;
        })
        .await;
        assert_eq!(outcome, None);
        assert!(dropped.is_raised());
        assert!(now::<R>() - start >= SHORT);
        checkpoint().await;
    });
}

/// TO-01: the handle of a scope with a limit reports the cancellation.
pub fn the_handle_of_a_limited_scope_tells(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(SHORT);
        let handle = scope.handle();
        assert_eq!(
            scope.run(blocked()).await.unwrap_err().cause(),
            Cause::Deadline
        );
        assert!(handle.is_cancelled() && handle.has_caught());
    });
}

/// TO-02: if the body ends before the limit, or there is none, its value is returned.
pub fn a_body_in_time_gives_its_value(backend: &Backend) {
    run(backend, async {
        let body = || async {
            checkpoint().await;
            7
        };
        assert_eq!(move_on_after::<R, _>(LONG, body()).await, Some(7));
        assert_eq!(fail_after::<R, _>(LONG, body()).await.unwrap(), 7);
        assert_eq!(move_on_after::<R, _>(Duration::MAX, body()).await, Some(7));
        assert_eq!(
            move_on_at::<R, _>(Instant::FAR_FUTURE, body()).await,
            Some(7)
        );
        assert_eq!(
            fail_at::<R, _>(Instant::FAR_FUTURE, body()).await.unwrap(),
            7
        );
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        assert_eq!(handle.deadline(), Instant::FAR_FUTURE);
        assert_eq!(scope.run(body()).await.unwrap(), 7);
        assert!(!handle.is_cancelled() && !handle.has_caught());
    });
}

/// TO-03: `fail_after` returns an error at its limit.
pub fn fail_after_gives_an_error(backend: &Backend) {
    run(backend, async {
        let start = now::<R>();
        assert!(fail_after::<R, _>(SHORT, blocked()).await.is_err());
        assert!(now::<R>() - start >= SHORT);
    });
}

/// TO-04: with a limit of zero, or a passed deadline, the body runs to its first wait.
pub fn an_expired_limit_lets_the_body_run_to_its_first_wait(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let body = |name: &'static str| {
            let log = &log;
            async move {
                log.add(name);
                checkpoint().await;
                log.add("went on");
            }
        };
        let past = now::<R>();
        assert!(
            move_on_after::<R, _>(Duration::ZERO, body("a"))
                .await
                .is_none()
        );
        assert!(fail_after::<R, _>(Duration::ZERO, body("b")).await.is_err());
        assert!(move_on_at::<R, _>(past, body("c")).await.is_none());
        assert!(fail_at::<R, _>(past, body("d")).await.is_err());
        let distant = Instant::FAR_PAST;
        assert!(move_on_at::<R, _>(distant, body("e")).await.is_none());
        assert_eq!(log.entries(), ["a", "b", "c", "d", "e"]);
        assert_eq!(
            fail_after::<R, _>(Duration::ZERO, async { 7 })
                .await
                .unwrap(),
            7
        );
    });
}

/// TO-05: `move_on_at` and `fail_at` take a point on the run's clock.
pub fn absolute_deadlines_work_alike(backend: &Backend) {
    run(backend, async {
        let deadline = now::<R>() + SHORT;
        assert!(move_on_at::<R, _>(deadline, blocked()).await.is_none());
        assert!(now::<R>() >= deadline);
        let deadline = now::<R>() + SHORT;
        assert!(fail_at::<R, _>(deadline, blocked()).await.is_err());
        assert!(now::<R>() >= deadline);
        let later = now::<R>() + LONG;
        assert_eq!(move_on_at::<R, _>(later, async { 1 }).await, Some(1));
        assert_eq!(fail_at::<R, _>(later, async { 2 }).await.unwrap(), 2);
    });
}

/// TO-06: a limited scope that is cancelled before its deadline is interrupted, but not by the deadline.
pub fn an_explicit_cancellation_is_no_timeout(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(LONG);
        let handle = scope.handle();
        let outcome = scope
            .run(async {
                checkpoint().await;
                handle.cancel();
                blocked().await;
            })
            .await;
        assert_eq!(outcome.unwrap_err().cause(), Cause::Explicit);
        assert!(handle.has_caught());
    });
}

/// TO-07: if an outer scope is cancelled inside a `fail_after`, that is not reported as a timeout, and the
/// cancellation propagates to the outer scope.
pub fn an_outer_cancellation_makes_no_timeout(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outer = CancelScope::<R>::new();
        let handle = outer.handle();
        let outcome = outer
            .run(async {
                let limited = fail_after::<R, _>(LONG, async {
                    checkpoint().await;
                    handle.cancel();
                    blocked().await;
                });
                let result = limited.await;
                log.add(format!("fail_after gave {result:?}"));
                let result = move_on_after::<R, _>(LONG, blocked()).await;
                log.add(format!("move_on_after gave {result:?}"));
            })
            .await;
        assert_eq!(outcome.unwrap_err().cause(), Cause::Explicit);
        assert_eq!(log.entries(), [""; 0]);
    });
}

/// TO-07, C9: where an outer limit is the earlier one, it reports, and the inner one does not.
pub fn an_outer_limit_comes_first(backend: &Backend) {
    run(backend, async {
        let between = Flag::new();
        let outcome = move_on_after::<R, _>(SHORT, async {
            let result = fail_after::<R, _>(LONG, blocked()).await;
            between.raise();
            result
        })
        .await;
        assert!(outcome.is_none());
        assert!(!between.is_raised());
    });
}

/// TO-08: a given reason appears in the error's message.
pub fn a_timeout_says_its_reason(backend: &Backend) {
    run(backend, async {
        let limited = fail_after::<R, _>(Duration::ZERO, blocked());
        let error = limited
            .reason("the handshake took too long")
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("the handshake took too long"),
            "{error}"
        );
        let limited = fail_at::<R, _>(now::<R>(), blocked());
        let error = limited.reason("no answer").await.unwrap_err();
        assert!(error.to_string().contains("no answer"), "{error}");
        let error = fail_after::<R, _>(Duration::ZERO, blocked())
            .await
            .unwrap_err();
        assert!(!error.to_string().is_empty());
    });
}

/// TO-09, C9: the limit counts from the first poll, not from building the future.
pub fn the_limit_counts_from_the_first_poll(backend: &Backend) {
    run(backend, async {
        let limit = Duration::from_millis(500);
        let limited = fail_after::<R, _>(limit, async {
            sleep::<R>(Duration::from_millis(1)).await;
            7
        });
        let moved_on = move_on_after::<R, _>(limit, async {
            sleep::<R>(Duration::from_millis(1)).await;
            8
        });
        sleep::<R>(limit + SHORT).await;
        assert_eq!(limited.await.unwrap(), 7);
        assert_eq!(moved_on.await, Some(8));
    });
}

/// TO-10: `sleep` and `sleep_until` last at least as long as requested.
pub fn a_sleep_is_never_too_short(backend: &Backend) {
    run(backend, async {
        for millis in [1, 5, 20] {
            let (start, length) = (now::<R>(), Duration::from_millis(millis));
            sleep::<R>(length).await;
            assert!(now::<R>() - start >= length);
            let until = now::<R>() + length;
            sleep_until::<R>(until).await;
            assert!(now::<R>() >= until);
        }
    });
}

/// TO-10, C4, C11: sleeping for no time, or until a past time, is a checkpoint: it ends at once,
/// lets others run, and is refused in a cancelled scope.
pub fn sleeping_for_no_time_is_a_checkpoint(backend: &Backend) {
    run(backend, async {
        let past = now::<R>();
        sleep::<R>(Duration::ZERO).await;
        sleep_until::<R>(past).await;
        sleep_until::<R>(Instant::FAR_PAST).await;
        let none = sleep::<R>(Duration::ZERO);
        assert!(in_cancelled_scope::<R, _>(none).await.is_err());
        let none = sleep_until::<R>(past);
        assert!(in_cancelled_scope::<R, _>(none).await.is_err());
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let flag = Flag::new();
            let raised = flag.clone();
            tg.spawn(async move { raised.raise() });
            while !flag.is_raised() {
                sleep::<R>(Duration::ZERO).await;
            }
        })
        .await;
        assert!(result.is_ok());
    });
}

/// TO-10: `sleep_forever` ends only by cancellation.
pub fn sleeping_forever_ends_by_cancellation(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = async { sleep_forever().await };
        let canceller = async {
            checkpoint().await;
            handle.cancel();
        };
        let (outcome, ()) = futures_util::future::join(scope.run(body), canceller).await;
        assert!(outcome.is_err());
    });
}

/// HO-14, C7: `fail_after` over a group that was lent to it, in a loop: after the first timeout the group
/// returns `Cancelled`.
pub fn a_lent_group_is_cancelled_by_the_first_timeout(backend: &Backend) {
    run(backend, async {
        let gone = Flag::new();
        let mut group = pin!(task_group::<R, Infallible, _, _>(async |tg| {
            let guard = gone.on_drop();
            tg.spawn(async move {
                let _guard = guard;
                blocked().await;
            });
            blocked().await;
        }));
        let mut timeouts = 0;
        let result = loop {
            match fail_after::<R, _>(SHORT, group.as_mut()).await {
                Ok(result) => break result,
                Err(_) => timeouts += 1,
            }
        };
        assert!(result.unwrap_err().is_cancelled());
        assert_eq!(timeouts, 1);
        assert!(gone.is_raised());
    });
}

/// HO-14, C7: `wait_for` stops waiting, each time, and leaves the future as it is.
pub fn wait_for_leaves_the_future_running(backend: &Backend) {
    run(backend, async {
        let go_on = Gate::new();
        let mut group = pin!(task_group::<R, Infallible, _, _>(async |tg| {
            let gate = go_on.clone();
            let child = tg.spawn(async move {
                gate.opened().await;
                checkpoint().await;
                Ok(7)
            });
            Ok(child.value().await)
        }));
        for _ in 0..3 {
            assert!(wait_for::<R, _>(SHORT / 4, &mut group).await.is_err());
        }
        go_on.open();
        let result = wait_for::<R, _>(LONG, &mut group).await;
        assert_eq!(result.expect("in time").unwrap(), 7);
    });
}

/// HO-14: the same over a `finally`: its clean-up runs once, when its body has ended.
pub fn wait_for_does_not_disturb_a_clean_up(backend: &Backend) {
    run(backend, async {
        let (log, go_on) = (Log::new(), Gate::new());
        let mut tidy = pin!(finally(go_on.opened(), async || {
            checkpoint().await;
            log.add("cleaned up");
        }));
        for _ in 0..3 {
            assert!(wait_for::<R, _>(SHORT / 4, &mut tidy).await.is_err());
        }
        assert_eq!(log.entries(), [""; 0]);
        go_on.open();
        wait_for::<R, _>(LONG, &mut tidy).await.expect("in time");
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

/// TO-03, C6: the body of an elapsed `fail_after` cleans up before the error is returned.
pub fn a_timeout_waits_for_the_clean_up(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let tidy = finally(blocked(), async || {
            sleep::<R>(Duration::from_millis(1)).await;
            log.add("cleaned up");
        });
        assert!(fail_after::<R, _>(SHORT, tidy).await.is_err());
        log.add("timed out");
        assert_eq!(log.entries(), ["cleaned up", "timed out"]);
    });
}

/// C9: a limit that is dropped before it passes causes no wake-up.
pub fn a_dropped_limit_has_no_effect(backend: &Backend) {
    run(backend, async {
        {
            let mut limited = pin!(move_on_after::<R, _>(SHORT, blocked()));
            assert!(poll_once(limited.as_mut()).await.is_pending());
        }
        sleep::<R>(SHORT * 2).await;
        checkpoint().await;
    });
}

anyrt_conformance_kit::cases! { timeouts: erased,
    move_on_after_gives_up,
    the_handle_of_a_limited_scope_tells,
    a_body_in_time_gives_its_value,
    fail_after_gives_an_error,
    an_expired_limit_lets_the_body_run_to_its_first_wait,
    absolute_deadlines_work_alike,
    an_explicit_cancellation_is_no_timeout,
    an_outer_cancellation_makes_no_timeout,
    an_outer_limit_comes_first,
    a_timeout_says_its_reason,
    the_limit_counts_from_the_first_poll,
    a_sleep_is_never_too_short,
    sleeping_for_no_time_is_a_checkpoint,
    sleeping_forever_ends_by_cancellation,
    a_lent_group_is_cancelled_by_the_first_timeout,
    wait_for_leaves_the_future_running,
    wait_for_does_not_disturb_a_clean_up,
    a_timeout_waits_for_the_clean_up,
    a_dropped_limit_has_no_effect,
}
