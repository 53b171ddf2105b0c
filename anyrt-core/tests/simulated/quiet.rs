//! `Time::poll_quiet`.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::runtime::Time;
use anyrt_core::task::task_group;
use anyrt_core::testing::wait_all_tasks_blocked;
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;

use crate::run;
use crate::runtime::OneThread;

/// Waits until the children have reached their timers; these have not fired, however short they are.
#[test]
fn it_is_exact_and_moves_no_clock() {
    run(async {
        let steps = Arc::new(AtomicUsize::new(0));
        let group = task_group::<OneThread, Infallible, _, _>(async |tg| {
            for length in 0..10 {
                let steps = steps.clone();
                tg.spawn(async move {
                    for _ in 0..10 * length {
                        checkpoint().await;
                    }
                    to_thread::run::<OneThread, _, _>(|| {}).await;
                    steps.fetch_add(1, Ordering::Relaxed);
                    sleep::<OneThread>(Duration::from_nanos(1)).await;
                    steps.fetch_add(100, Ordering::Relaxed);
                });
            }
            let before = OneThread::now();
            wait_all_tasks_blocked::<OneThread>().await;
            assert_eq!(steps.load(Ordering::Relaxed), 10);
            assert_eq!(OneThread::now(), before);
            Ok(())
        });
        group.await.unwrap();
    });
}

#[test]
fn several_tasks_may_wait_at_once() {
    run(async {
        let group = task_group::<OneThread, Infallible, _, _>(async |tg| {
            for _ in 0..3 {
                tg.spawn(wait_all_tasks_blocked::<OneThread>());
            }
            wait_all_tasks_blocked::<OneThread>().await;
            Ok(())
        });
        group.await.unwrap();
    });
}

#[test]
fn it_is_a_cancel_point() {
    let passed = Cell::new(false);
    run(async {
        let scope = CancelScope::<OneThread>::new();
        scope.handle().cancel();
        let interrupted = scope
            .run(async {
                wait_all_tasks_blocked::<OneThread>().await;
                passed.set(true);
            })
            .await;
        assert!(interrupted.is_err());
    });
    assert!(!passed.get());
}
