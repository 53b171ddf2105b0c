//! Nothing is left behind by tasks that cancel themselves, by refused operations, by scopes and tasks that
//! have ended. EN-02, EN-24, EN-25.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield};
use anyrt_core::context::ContextVar;
use anyrt_core::sync::Event;
use anyrt_core::task::{TaskHandle, task_group};
use anyrt_core::time::sleep_forever;
use futures_util::future::join;

use super::holds_support::resident_bytes;
use crate::erased::{Backend, R};
use crate::harness::repeats;
use crate::kinds::blocked;
use crate::limits::within;
use crate::support::{Gate, Wakes, poll_once, run, until, yields};

/// Returns the growth that is allowed: less than a leak of 20 bytes in each step, and at least the random
/// growth of the process.
fn allowed(steps: usize) -> usize {
    (steps * 20).max(1 << 20)
}

/// Panics if memory grows after the first fifth of the steps. Allocators grow at random, so it has to grow
/// three times in a row.
async fn stays_flat<F: Future<Output = ()>>(steps: usize, step: impl Fn() -> F) {
    let mut growth = Vec::new();
    for _ in 0..3 {
        let mut early = None;
        for n in 0..steps {
            step().await;
            if n == steps / 5 {
                early = resident_bytes();
            }
        }
        match (resident_bytes(), early) {
            (Some(now), Some(early)) if now.saturating_sub(early) > allowed(steps) => {
                growth.push(now - early);
            }
            // Memory cannot be measured or did not grow.
            _ => return,
        }
    }
    panic!("memory grew by so many bytes: {growth:?}");
}

/// EN-02, C6: tasks that cancel themselves, and then wait, leave nothing behind.
pub fn tasks_that_cancel_themselves_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            stays_flat(repeats(10_000, 2), async || {
                let own = Arc::new(OnceLock::<TaskHandle<()>>::new());
                let (inside, known) = (own.clone(), Gate::new());
                let opened = known.clone();
                let handle = tg.spawn(async move {
                    opened.opened().await;
                    if let Some(own) = inside.get() {
                        own.cancel();
                    }
                    drop(inside);
                    blocked().await;
                });
                let ended = own.get_or_init(|| handle);
                known.open();
                ended.wait().await;
            })
            .await;
        });
        assert!(group.await.is_ok());
    });
}

/// EN-02, C6: tasks that cancel their group, and then wait, leave nothing behind.
pub fn tasks_that_cancel_their_group_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        stays_flat(repeats(10_000, 2), async || {
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let own = tg.clone();
                tg.spawn(async move {
                    own.cancel();
                    sleep_forever().await;
                });
            });
            let _ = group.await;
        })
        .await;
    });
}

/// EN-25, C4: operations that are refused in a held cancelled scope keep no more wakers than a single one,
/// however many they are, in one poll and in many.
pub fn refused_operations_leave_no_wakers_behind(backend: &Backend) {
    run(backend, async {
        for turns in [false, true] {
            let (wakes, event) = (Wakes::new(), Event::new());
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let go_on = Gate::new();
            let body = async {
                yields(1).await;
                handle.cancel();
                for _ in 0..100 {
                    assert!(poll_once(pin!(event.wait())).await.is_pending());
                    assert!(poll_once(pin!(checkpoint())).await.is_pending());
                    assert!(poll_once(pin!(sleep_forever())).await.is_pending());
                    if turns {
                        yields(1).await;
                    }
                }
                go_on.opened().await;
            };
            let mut scope = Box::pin(scope.run(join(shield(go_on.opened()), body)));
            for _ in 0..200 {
                assert!(wakes.poll(scope.as_mut()).is_pending());
            }
            // Both gates have one, and so may each pending frame.
            let kept = Arc::strong_count(&wakes) - 1;
            assert!(kept <= 10, "{kept} wakers; with turns: {turns}");
            go_on.open();
            assert!(wakes.poll(scope.as_mut()).is_ready());
        }
    });
}

/// EN-25, C4: very many operations that are refused in a held cancelled scope: memory stays flat.
pub fn refused_operations_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let go_on = Gate::new();
        let refused = async {
            yields(1).await;
            handle.cancel();
            stays_flat(100_000, async || {
                assert!(poll_once(pin!(sleep_forever())).await.is_pending());
            })
            .await;
            go_on.open();
        };
        let body = scope.run(join(shield(go_on.opened()), refused));
        assert!(body.await.is_ok(), "it completed, cancelled or not");
    });
}

/// EN-24, C6: a scope that has ended keeps no waker, however it ended, although its handle exists.
pub fn a_scope_that_has_ended_keeps_no_waker(backend: &Backend) {
    run(backend, async {
        for ending in [
            "completes",
            "is cancelled",
            "is cancelled when held",
            "is dropped",
        ] {
            let (wakes, gate, cleaned) = (Wakes::new(), Gate::new(), Gate::new());
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut scope = Box::pin(scope.run(async {
                match ending {
                    "completes" => gate.opened().await,
                    "is cancelled" => blocked().await,
                    _ => finally(blocked(), async || cleaned.opened().await).await,
                }
            }));
            assert!(wakes.poll(scope.as_mut()).is_pending());
            match ending {
                "completes" => gate.open(),
                "is cancelled" => handle.cancel(),
                "is cancelled when held" => {
                    handle.cancel();
                    assert!(wakes.poll(scope.as_mut()).is_pending());
                    cleaned.open();
                }
                _ => {}
            }
            if ending != "is dropped" {
                assert!(wakes.poll(scope.as_mut()).is_ready());
            }
            drop(scope);
            // Some runtimes drop a timer's waker only when they next process their timers.
            let let_go = until(|| Arc::strong_count(&wakes) == 1);
            within(Duration::from_secs(5), ending, let_go).await;
            drop(handle);
        }
    });
}

/// EN-24, G14: a task that has ended keeps no context variables, although its handle exists.
pub fn a_task_that_has_ended_keeps_no_context(backend: &Backend) {
    static VALUE: ContextVar<Arc<()>> = ContextVar::new();
    run(backend, async {
        for ending in ["returns", "is cancelled", "is cancelled at once"] {
            let value = Arc::new(());
            let given = value.clone();
            let mut kept = None;
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let mut spawned = None;
                let spawns = VALUE.scope(given, async {
                    spawned = Some(tg.spawn(async move {
                        assert!(VALUE.get().is_some());
                        if ending != "returns" {
                            blocked().await;
                        }
                    }));
                });
                spawns.await;
                let handle = spawned.expect("it has been spawned");
                if ending == "is cancelled" {
                    yields(2).await;
                }
                if ending != "returns" {
                    handle.cancel();
                }
                handle.wait().await;
                kept = Some(handle);
            });
            assert!(group.await.is_ok());
            // The runtime may drop the rest of the task a little later.
            for _ in 0..1_000 {
                if Arc::strong_count(&value) == 1 {
                    break;
                }
                yields(1).await;
            }
            assert_eq!(Arc::strong_count(&value), 1, "a task that {ending}");
            assert!(kept.is_some_and(|handle| handle.is_finished()));
        }
    });
}

anyrt_conformance_kit::cases! { engine_memory: erased [Process],
    tasks_that_cancel_themselves_leave_nothing_behind,
    tasks_that_cancel_their_group_leave_nothing_behind,
    refused_operations_leave_no_wakers_behind,
    refused_operations_leave_nothing_behind,
    a_scope_that_has_ended_keeps_no_waker,
    a_task_that_has_ended_keeps_no_context,
}
