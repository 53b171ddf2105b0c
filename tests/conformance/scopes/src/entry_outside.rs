//! Code outside of `run`: in the runtime's own run, and without a run. EV-05, EV-08, LL-05.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, checkpoint, current_effective_deadline, fail_after, has_pending_cancellation,
    move_on_after,
};
use anyrt_core::error::GroupError;
use anyrt_core::runtime::{Enter, Spawn};
use anyrt_core::task::{self, RunHandle, current_run, task_group};
use anyrt_core::thread::to_thread;
use anyrt_core::time::Instant;
use anyrt_core::time::{sleep, sleep_forever};

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, forever, message_of, poll_once, run, until};

/// EV-05: outside a run there is no task, no run and no deadline, and nothing is cancelled.
pub fn outside_there_is_nothing_to_ask(_backend: &Backend) {
    assert!(task::current().is_none());
    assert_eq!(current_run(), None);
    assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE);
    assert!(!has_pending_cancellation());
    assert!(RunHandle::<R>::current().is_err());
}

/// EV-05: spawning without a current runtime is an error that states the remedy. Where the backend's
/// reactor is global it is not refused, and the child runs.
pub fn spawning_without_a_runtime_names_the_fix(_backend: &Backend) {
    let dropped = Flag::new();
    let guard = dropped.on_drop();
    let ran = Gate::new();
    let running = ran.clone();
    let spawned = catch_unwind(AssertUnwindSafe(|| {
        let mut group = pin!(task_group::<R, _, _, _>(async move |tg| {
            tg.spawn(async move {
                let _guard = guard;
                running.open();
            });
            std::future::pending::<()>().await;
        }));
        let polled = crate::support::Wakes::new().poll(group.as_mut());
        assert!(polled.is_pending());
        if R::current().is_ok() {
            ran.wait_blocking();
        }
    }));
    match R::current() {
        Ok(_) => assert!(spawned.is_ok()),
        Err(no_runtime) => {
            let message = message_of(&*spawned.unwrap_err());
            assert!(message.contains(&no_runtime.to_string()), "{message}");
            assert!(message.contains("run"), "it should name the fix: {message}");
            assert!(!ran.is_open());
            assert!(dropped.is_raised(), "the child was dropped, not kept");
        }
    }
}

/// EV-08: groups work in a run that was started with the runtime's own entry point.
pub fn groups_work_in_the_runtimes_own_run(backend: &Backend) {
    let sum = backend.block_on(async {
        assert_eq!(current_run(), None, "it is nobody's run");
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let children: Vec<_> = (0..10u32)
                .map(|n| {
                    tg.spawn(async move {
                        checkpoint().await;
                        sleep::<R>(Duration::from_millis(1)).await;
                        assert!(task::current().is_some());
                        Ok(n)
                    })
                })
                .collect();
            let mut sum = 0;
            for child in children {
                sum += child.value().await;
            }
            Ok(sum)
        });
        group.await.unwrap()
    });
    assert_eq!(sum.unwrap(), 45);
}

/// EV-08: scopes, deadlines and failures work there as well.
pub fn scopes_work_in_the_runtimes_own_run(backend: &Backend) {
    let done = backend.block_on(async {
        let limit = Duration::from_millis(5);
        assert!(
            move_on_after::<R, _>(limit, sleep_forever())
                .await
                .is_none()
        );
        assert!(
            fail_after::<R, _>(limit, std::future::pending::<()>())
                .await
                .is_err()
        );
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            handle.cancel();
            checkpoint().await;
        });
        assert!(result.await.is_err());
        let dropped = Flag::new();
        let child = forever(&dropped);
        let group = task_group::<R, &str, _, _>(async |tg| {
            tg.spawn(async move {
                child.await;
            });
            tg.spawn(async { Err::<(), _>("failed") });
            sleep_forever().await
        });
        let Err(GroupError::Failed(failures)) = group.await else {
            panic!("the group must fail")
        };
        assert_eq!(&*failures, ["failed"]);
        assert!(dropped.is_raised());
        to_thread::run::<R, _, _>(|| 3).await
    });
    assert_eq!(done.unwrap(), 3);
}

/// EV-08, C10: with neither an enclosing group nor a run, the children of a dropped group are cancelled and
/// end by themselves.
pub fn children_dropped_outside_a_run_are_cancelled(backend: &Backend) {
    let dropped = Flag::new();
    let child = forever(&dropped);
    let ended = backend.block_on(async {
        {
            let mut group = pin!(task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    child.await;
                });
                sleep_forever().await;
            }));
            assert!(poll_once(group.as_mut()).await.is_pending());
        }
        until(|| dropped.is_raised()).await;
    });
    ended.unwrap();
}

/// LL-05, EV-05: a handle of a run that has ended refuses a future with that reason, and drops it.
pub fn the_handle_of_an_ended_run_is_refused(backend: &Backend) {
    let handle = run(backend, async { RunHandle::<R>::current().unwrap() });
    let dropped = Flag::new();
    let child = forever(&dropped);
    let refused = handle.block_on(async move {
        child.await;
    });
    assert!(refused.is_err());
    assert!(dropped.is_raised());
    let dropped = Flag::new();
    let child = forever(&dropped);
    drop(handle.spawn(async move {
        child.await;
    }));
    assert!(dropped.is_raised());
}

anyrt_conformance_kit::cases! { entry_outside: erased,
    outside_there_is_nothing_to_ask,
    spawning_without_a_runtime_names_the_fix,
    groups_work_in_the_runtimes_own_run,
    scopes_work_in_the_runtimes_own_run,
    children_dropped_outside_a_run_are_cancelled,
    the_handle_of_an_ended_run_is_refused,
}
