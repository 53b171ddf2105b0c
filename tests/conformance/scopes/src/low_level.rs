//! Checkpoints, and the token of a run: LL-01 to LL-05.

use std::pin::pin;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled, shield,
};
use anyrt_core::task::{current_run, task_group};
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;
use std::time::Duration;

use crate::erased::{Backend, R};
use crate::support::{Flag, in_cancelled_scope, poll_once, polls_until_ready, run};

/// LL-01, C11: `checkpoint` always yields: it is pending once, and has woken itself.
pub fn a_checkpoint_yields_once(backend: &Backend) {
    run(backend, async {
        for _ in 0..1000 {
            assert_eq!(polls_until_ready(checkpoint()), 2);
        }
    });
}

/// LL-01: a task that only passes checkpoints lets other ready tasks run, on one thread too.
pub fn checkpoints_let_other_tasks_run(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let ran = Flag::new();
            for _ in 0..10 {
                let previous = ran.clone();
                tg.spawn(async move { previous.raise() });
            }
            while !ran.is_raised() {
                checkpoint().await;
            }
        });
        group.await.unwrap();
    });
}

/// LL-01: in a cancelled scope no code runs after a `checkpoint`.
pub fn a_checkpoint_is_cancelled_with_its_scope(backend: &Backend) {
    run(backend, async {
        let passed = Flag::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            checkpoint().await;
            handle.cancel();
            checkpoint().await;
            passed.raise();
        });
        assert!(result.await.is_err());
        assert!(!passed.is_raised());
        checkpoint().await;
    });
}

/// LL-02: `checkpoint_if_cancelled` does not yield where nothing is cancelled.
pub fn checkpoint_if_cancelled_keeps_its_turn(backend: &Backend) {
    run(backend, async {
        assert_eq!(polls_until_ready(checkpoint_if_cancelled()), 1);
        let scope = CancelScope::<R>::new();
        let polls = scope
            .run(async { polls_until_ready(checkpoint_if_cancelled()) })
            .await;
        assert_eq!(polls.unwrap(), 1);
    });
}

/// LL-02: `checkpoint_if_cancelled` ends the body of a cancelled scope, and not a shielded section in it.
pub fn checkpoint_if_cancelled_observes_cancellation(backend: &Backend) {
    run(backend, async {
        let (shielded, passed) = (Flag::new(), Flag::new());
        let result = in_cancelled_scope::<R, _>(async {
            shield(async {
                checkpoint_if_cancelled().await;
                shielded.raise();
            })
            .await;
            checkpoint_if_cancelled().await;
            passed.raise();
        });
        assert!(result.await.is_err());
        assert!(shielded.is_raised());
        assert!(!passed.is_raised());
    });
}

/// LL-03: `cancel_shielded_checkpoint` yields once.
pub fn a_shielded_checkpoint_yields_once(backend: &Backend) {
    run(backend, async {
        assert_eq!(polls_until_ready(cancel_shielded_checkpoint()), 2);
    });
}

/// LL-03: `cancel_shielded_checkpoint` lets other ready tasks run, on one thread too.
pub fn shielded_checkpoints_let_other_tasks_run(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let ran = Flag::new();
            let seen = ran.clone();
            tg.spawn(async move { ran.raise() });
            while !seen.is_raised() {
                cancel_shielded_checkpoint().await;
            }
        });
        group.await.unwrap();
    });
}

/// LL-03: `cancel_shielded_checkpoint` is passed in a cancelled scope; the next operation is not.
pub fn a_shielded_checkpoint_is_never_cancelled(backend: &Backend) {
    run(backend, async {
        let (first, second) = (Flag::new(), Flag::new());
        let result = in_cancelled_scope::<R, _>(async {
            for _ in 0..3 {
                cancel_shielded_checkpoint().await;
            }
            first.raise();
            checkpoint().await;
            second.raise();
        });
        assert!(result.await.is_err());
        assert!(first.is_raised());
        assert!(!second.is_raised());
    });
}

/// LL-01, CS-03: it makes no difference whether a checkpoint was pending when the cancellation arrived, or
/// began after it.
pub fn a_pending_checkpoint_is_cancelled_too(backend: &Backend) {
    run(backend, async {
        let passed = Flag::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut scoped = pin!(scope.run(async {
            loop {
                checkpoint().await;
                if handle.is_cancelled() {
                    passed.raise();
                }
            }
        }));
        for _ in 0..3 {
            assert!(poll_once(scoped.as_mut()).await.is_pending());
        }
        handle.cancel();
        let result: Result<std::convert::Infallible, _> = scoped.await;
        assert!(result.is_err());
        assert!(
            !passed.is_raised(),
            "a checkpoint was passed although its scope was cancelled"
        );
    });
}

/// LL-05: everything in a run sees the same token; outside there is none.
pub fn the_token_is_equal_within_a_run(backend: &Backend) {
    assert_eq!(current_run(), None);
    run(backend, async {
        let token = current_run();
        assert!(token.is_some());
        let group = task_group::<R, _, _, _>(async |tg| {
            assert_eq!(current_run(), token);
            let child = tg.spawn(async {
                sleep::<R>(Duration::from_millis(1)).await;
                Ok(current_run())
            });
            assert_eq!(child.value().await, token);
            Ok::<_, std::convert::Infallible>(())
        });
        group.await.unwrap();
        assert_eq!(to_thread::run::<R, _, _>(current_run).await, token);
    });
    assert_eq!(current_run(), None);
}

/// LL-05: two runs have different tokens, one after the other and at the same time.
pub fn the_token_differs_between_runs(backend: &Backend) {
    let first = run(backend, async { current_run() });
    let second = run(backend, async { current_run() });
    assert_ne!(first, second);
    let beside = run(backend, async {
        let beside = std::thread::spawn(|| ()).join();
        beside.unwrap();
        current_run()
    });
    assert_ne!(beside, first);
    assert_ne!(beside, second);
}

anyrt_conformance_kit::cases! { low_level: erased,
    a_checkpoint_yields_once,
    checkpoints_let_other_tasks_run,
    a_checkpoint_is_cancelled_with_its_scope,
    checkpoint_if_cancelled_keeps_its_turn,
    checkpoint_if_cancelled_observes_cancellation,
    a_shielded_checkpoint_yields_once,
    shielded_checkpoints_let_other_tasks_run,
    a_shielded_checkpoint_is_never_cancelled,
    a_pending_checkpoint_is_cancelled_too,
    the_token_is_equal_within_a_run,
    the_token_differs_between_runs,
}
