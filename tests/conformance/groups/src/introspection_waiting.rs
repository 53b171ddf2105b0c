//! Pending cancellation, and waiting until all other tasks are blocked: DB-05, DB-06.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, has_pending_cancellation, shield,
};
use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use anyrt_core::testing;
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, poll_once, run};

/// DB-05: `has_pending_cancellation` returns whether the next unshielded wait would be cancelled.
pub fn pending_cancellation_follows_scopes_and_shields(backend: &Backend) {
    run(backend, async {
        assert!(!has_pending_cancellation());
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            log.add(format!("before {}", has_pending_cancellation()));
            handle.cancel();
            log.add(format!("after {}", has_pending_cancellation()));
            shield(async {
                log.add(format!("shielded {}", has_pending_cancellation()));
                checkpoint().await;
                log.add(format!("still {}", has_pending_cancellation()));
            })
            .await;
            log.add(format!("unshielded {}", has_pending_cancellation()));
            checkpoint().await;
            log.add("not reached");
        });
        assert!(result.await.is_err());
        assert!(!has_pending_cancellation(), "the scope has been left");
        let expected = [
            "before false",
            "after true",
            "shielded false",
            "still false",
            "unshielded true",
        ];
        assert_eq!(log.entries(), expected);
    });
}

/// DB-05: a shielded scope does not report a cancellation of its enclosing scopes.
pub fn pending_cancellation_stops_at_a_shielded_scope(backend: &Backend) {
    run(backend, async {
        let outer = CancelScope::<R>::new();
        let handle = outer.handle();
        let result = outer.run(async {
            handle.cancel();
            let inner = CancelScope::<R>::new().shielded();
            let own = inner.handle();
            let inside = inner.run(async {
                let shielded = has_pending_cancellation();
                own.set_shield(false);
                let bare = has_pending_cancellation();
                own.set_shield(true);
                (shielded, bare, has_pending_cancellation())
            });
            (inside.await.unwrap(), has_pending_cancellation())
        });
        assert_eq!(result.await.unwrap(), ((false, true, false), true));
    });
}

/// DB-05, C3: a child sees the cancellation of its group, and one in its own scopes.
pub fn pending_cancellation_is_seen_by_children(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (started, cancelled) = (Gate::new(), Gate::new());
            let (running, gate, handle) = (started.clone(), cancelled.clone(), tg.scope());
            let child = tg.spawn(async move {
                let before = has_pending_cancellation();
                running.open();
                let after = shield(async {
                    gate.opened().await;
                    has_pending_cancellation()
                });
                let after = after.await;
                // A cancellation by another thread is seen from the next poll on.
                cancel_shielded_checkpoint().await;
                Ok((before, after, has_pending_cancellation()))
            });
            started.opened().await;
            handle.cancel();
            cancelled.open();
            Ok(child)
        });
        let child = group.await.unwrap();
        assert_eq!(child.value().await, (false, false, true));
    });
}

/// DB-06: `wait_all_tasks_blocked` returns when every other task waits, and not before.
pub fn all_tasks_blocked_waits_for_busy_tasks(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let (busy_done, gate) = (Flag::new(), Gate::new());
            for _ in 0..3 {
                let gate = gate.clone();
                tg.spawn(async move { gate.opened().await });
            }
            let done = busy_done.clone();
            tg.spawn(async move {
                for _ in 0..1000 {
                    checkpoint().await;
                }
                done.raise();
            });
            testing::wait_all_tasks_blocked::<R>().await;
            assert!(busy_done.is_raised(), "one task was still busy");
            gate.open();
        });
        group.await.unwrap();
    });
}

/// DB-06: a task that waits for a timer or for a thread is blocked too.
pub fn timers_and_threads_count_as_waiting(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let gate = Gate::new();
            tg.spawn(sleep_long::<R>());
            let blocking = gate.clone();
            tg.spawn(async move {
                to_thread::run::<R, _, _>(move || blocking.wait_blocking()).await;
            });
            testing::wait_all_tasks_blocked::<R>().await;
            gate.open();
            tg.cancel();
        });
        assert!(group.await.is_ok());
    });
}

/// DB-06: several tasks may call `wait_all_tasks_blocked` at the same time; they do not count as busy.
pub fn several_may_wait_until_all_are_blocked(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let gate = Gate::new();
            let released = gate.clone();
            tg.spawn(async move { released.opened().await });
            let waiting = (0..3).map(|_| {
                tg.spawn(async move {
                    for _ in 0..20 {
                        checkpoint().await;
                    }
                    testing::wait_all_tasks_blocked::<R>().await;
                })
            });
            let waiting: Vec<_> = waiting.collect();
            testing::wait_all_tasks_blocked::<R>().await;
            for waiter in waiting {
                waiter.wait().await;
            }
            gate.open();
        });
        group.await.unwrap();
    });
}

/// DB-06, C4: `wait_all_tasks_blocked` is an operation: it is cancelled with its scope.
pub fn waiting_until_all_are_blocked_can_be_cancelled(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let stop = Flag::new();
            let stopped = stop.clone();
            tg.spawn(async move {
                while !stopped.is_raised() {
                    checkpoint().await;
                }
            });
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut scoped = pin!(scope.run(testing::wait_all_tasks_blocked::<R>()));
            for _ in 0..10 {
                assert!(
                    poll_once(scoped.as_mut()).await.is_pending(),
                    "one task is busy"
                );
            }
            handle.cancel();
            assert!(scoped.await.is_err());
            stop.raise();
        });
        group.await.unwrap();
    });
}

async fn sleep_long<R: Runtime>() {
    sleep::<R>(Duration::from_secs(3600)).await;
}

anyrt_conformance_kit::cases! { introspection_waiting: erased,
    pending_cancellation_follows_scopes_and_shields,
    pending_cancellation_stops_at_a_shielded_scope,
    pending_cancellation_is_seen_by_children,
    all_tasks_blocked_waits_for_busy_tasks,
    timers_and_threads_count_as_waiting,
    several_may_wait_until_all_are_blocked,
    waiting_until_all_are_blocked_can_be_cancelled,
}
