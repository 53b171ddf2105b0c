//! Holds, and the traps of naive implementations: futures that begin in one scope and end in another.
//! HO-08, HO-13, HO-15, HO-17, HO-25.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, move_on_after, shield};
use anyrt_core::runtime::Runtime;
use anyrt_core::time::{sleep, sleep_forever};
use futures_util::FutureExt;
use futures_util::future::{Either, join};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::holds_support::{Executor, cancelled_meanwhile, holder, lock};
use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::support::{Flag, Gate, Log, in_cancelled_scope, poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(20);
/// A limit that no case reaches.
const LONG: Duration = Duration::from_secs(3600);

/// HO-08, C4: `move_on_after` around a step of a collection of operations, in a loop: every one completes
/// in the end, though some were first polled in a cancelled scope.
pub fn operations_refused_in_a_step_complete_later(backend: &Backend) {
    run(backend, async {
        let mut all: FuturesUnordered<_> = (0..10u64)
            .map(|n| async move {
                if n % 2 == 0 {
                    checkpoint().await;
                }
                sleep::<R>(Duration::from_millis(n)).await;
                n
            })
            .collect();
        // Nothing starts in the first step: its limit has passed on entry.
        let first = move_on_after::<R, _>(Duration::ZERO, all.next()).await;
        assert_eq!(first, None);
        let mut done = Vec::new();
        while done.len() < 10 {
            let limit = Duration::from_millis(3);
            if let Some(next) = move_on_after::<R, _>(limit, all.next()).await {
                done.push(next.expect("some are left"));
            }
        }
        done.sort_unstable();
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        assert!(all.next().await.is_none());
    });
}

/// HO-13, C6, C8: a shield that began inside of a step, in a collection of futures, holds the scope around
/// the steps later, although it is not polled meanwhile.
pub fn a_shield_that_began_in_a_step_is_waited_for(backend: &Backend) {
    run(backend, async {
        let (gate, ended) = (Gate::new(), Flag::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut scoped = Box::pin(scope.run(async {
            let shielded = shield(async {
                gate.opened().await;
                ended.raise();
            });
            let mut all = FuturesUnordered::new();
            all.push(Either::Left(shielded));
            all.push(Either::Right(yields(3)));
            move_on_after::<R, _>(LONG, all.next()).await.unwrap();
            all.next().await;
        }));
        for _ in 0..10 {
            assert!(poll_once(scoped.as_mut()).await.is_pending());
            yields(1).await;
        }
        handle.cancel();
        for _ in 0..10 {
            assert!(poll_once(scoped.as_mut()).await.is_pending());
            yields(1).await;
        }
        gate.open();
        scoped.await.ok();
        assert!(ended.is_raised());
    });
}

/// TO-01, C9: a limit that began inside of a shorter one, in a collection of futures, applies when the
/// shorter one was left.
pub fn a_limit_that_began_in_a_step_holds_later(backend: &Backend) {
    run(backend, async {
        let mut all = FuturesUnordered::new();
        let limited = move_on_after::<R, _>(2 * SHORT, sleep_forever());
        all.push(Either::Left(limited.map(|outcome| outcome.is_none())));
        all.push(Either::Right(yields(3).map(|()| false)));
        let step = move_on_after::<R, _>(SHORT, all.next()).await;
        assert_eq!(step, Some(Some(false)));
        assert_eq!(all.next().await, Some(true));
    });
}

/// HO-13, C6: a begun clean-up is moved to another scope: cancelling that one runs the clean-up
/// before it ends, and the first one is not held by it.
pub fn a_holder_follows_to_another_scope(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        // One after the other.
        let mut tidy = Box::pin(holder(log.clone()));
        let first = CancelScope::<R>::new();
        first
            .run(async { assert!(poll_once(tidy.as_mut()).await.is_pending()) })
            .await
            .unwrap();
        let outcome = cancelled_meanwhile(tidy.as_mut()).await;
        log.add("second scope ended");
        assert!(outcome.is_none());
        assert_eq!(log.entries(), ["cleaned up", "second scope ended"]);
    });
}

/// HO-13, C6: the same while the first scope continues.
pub fn a_scope_is_not_held_by_what_was_moved_out(backend: &Backend) {
    type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;
    type Slot = Arc<Mutex<Option<Boxed>>>;
    run(backend, async {
        let log = Log::new();
        let (slot, put, taken) = (Slot::default(), Gate::new(), Gate::new());
        let (first, second) = (CancelScope::<R>::new(), CancelScope::<R>::new());
        let (first_handle, second_handle) = (first.handle(), second.handle());
        let (holder_log, first_left) = (log.clone(), Gate::new());
        let one = async {
            let outcome = first
                .run(async {
                    let mut tidy = Box::pin(holder(holder_log));
                    assert!(poll_once(tidy.as_mut()).await.is_pending());
                    *lock(&slot) = Some(tidy as Boxed);
                    put.open();
                    blocked().await;
                })
                .await;
            assert!(outcome.is_err());
            log.add("first scope ended");
            first_left.open();
        };
        let other = async {
            let outcome = second
                .run(async {
                    put.opened().await;
                    let tidy = lock(&slot).take().expect("it was put there");
                    taken.open();
                    tidy.await;
                })
                .await;
            assert!(outcome.is_err());
            log.add("second scope ended");
        };
        let canceller = async {
            taken.opened().await;
            yields(3).await;
            first_handle.cancel();
            first_left.opened().await;
            second_handle.cancel();
        };
        join(join(one, other), canceller).await;
        assert_eq!(
            log.entries(),
            ["first scope ended", "cleaned up", "second scope ended"]
        );
    });
}

/// HO-15, C7: a shield is switched on while a cancellation is carried out under it: the scope ends
/// as cancelled.
pub fn a_shield_switched_on_too_late_changes_nothing(backend: &Backend) {
    run(backend, async {
        for lifted_again in [false, true] {
            let log = Log::new();
            let (outer, inner) = (CancelScope::<R>::new(), CancelScope::<R>::new());
            let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
            let body = outer.run(async {
                let outcome = inner
                    .run(finally(blocked(), async || {
                        checkpoint().await;
                        inner_handle.set_shield(true);
                        checkpoint().await;
                        if lifted_again {
                            inner_handle.set_shield(false);
                        }
                        log.add("cleaned up");
                    }))
                    .await;
                log.add("between");
                outcome
            });
            let canceller = async {
                yields(2).await;
                outer_handle.cancel();
            };
            let (outcome, ()) = join(body, canceller).await;
            assert!(outcome.is_err());
            assert_eq!(log.entries(), ["cleaned up"]);
            assert!(outer_handle.has_caught());
        }
    });
}

/// HO-17, C3: a foreign executor is driven inside a scope that is then cancelled: the operations of its
/// tasks continue when the scope has been left.
pub fn tasks_of_a_foreign_executor_go_on(backend: &Backend) {
    run(backend, async {
        let executor = Executor::default();
        let done = Arc::new(AtomicUsize::new(0));
        let task = |done: Arc<AtomicUsize>| async move {
            for _ in 0..3 {
                checkpoint().await;
                sleep::<R>(Duration::from_millis(1)).await;
            }
            done.fetch_add(1, Ordering::SeqCst);
        };
        executor.spawn(task(done.clone()));
        executor.spawn(task(done.clone()));
        assert!(in_cancelled_scope::<R, _>(executor.drive()).await.is_err());
        executor.spawn(task(done.clone()));
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = join(executor.drive(), async {
            checkpoint().await;
            handle.cancel();
        });
        assert!(scope.run(body).await.is_err());
        executor.drive().await;
        assert_eq!(done.load(Ordering::SeqCst), 3);
    });
}

/// HO-25, C6: 5,000 nested scopes are cancelled from the outside, with a holder in the innermost one.
/// Polled by hand, on a stack that is large enough for a debug build.
pub fn deeply_nested_scopes_are_cancelled(_backend: &Backend) {
    const DEPTH: usize = 5_000;
    fn nested<R: Runtime>() {
        let log = Log::new();
        let mut future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(holder(log.clone()));
        for _ in 0..DEPTH {
            let scope = CancelScope::<R>::new();
            let inner = future;
            future = Box::pin(async move {
                let _ = scope.run(inner).await;
            });
        }
        let outermost = CancelScope::<R>::new();
        let handle = outermost.handle();
        let mut outermost = pin!(outermost.run(future));
        let wakes = crate::support::Wakes::new();
        assert!(wakes.poll(outermost.as_mut()).is_pending());
        handle.cancel();
        let mut polls = 0;
        while wakes.poll(outermost.as_mut()).is_pending() {
            polls += 1;
            assert!(polls < 100, "no end in sight");
        }
        assert!(wakes.count() > 0);
        assert!(handle.has_caught());
        assert_eq!(log.entries(), ["cleaned up"]);
    }
    let thread = std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(nested::<R>);
    thread
        .expect("a thread with a large stack")
        .join()
        .expect("no panic");
}

anyrt_conformance_kit::cases! { holds_moved: erased,
    operations_refused_in_a_step_complete_later,
    a_shield_that_began_in_a_step_is_waited_for,
    a_limit_that_began_in_a_step_holds_later,
    a_holder_follows_to_another_scope,
    a_scope_is_not_held_by_what_was_moved_out,
    a_shield_switched_on_too_late_changes_nothing,
    tasks_of_a_foreign_executor_go_on,
    deeply_nested_scopes_are_cancelled,
}
