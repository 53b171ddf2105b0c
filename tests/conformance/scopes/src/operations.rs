//! Rules that all operations share: C4, C11, LL-04.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, cancel_shielded_checkpoint, checkpoint, finally, shield};
use anyrt_core::combine::race;
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{TaskHandle, task_group};
use anyrt_core::time::Instant;
use anyrt_core::time::{interval, sleep, sleep_forever, sleep_until};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join};

use crate::erased::{Backend, R};
use crate::support::{Flag, Log, Wakes, in_cancelled_scope, poll_once, run};

/// More operations than a task may do in one turn.
const UNFAIR: usize = 50_000;

/// A function that makes an operation that is ready at once.
type Make = Rc<dyn Fn() -> LocalBoxFuture<'static, ()>>;

/// Returns operations that need not wait, by name. Each new operation is to be added here.
fn ready_operations<R: Runtime>(ended: TaskHandle<()>) -> Vec<(&'static str, Make)> {
    let ended = Rc::new(ended);
    vec![
        (
            "sleep for no time",
            Rc::new(|| sleep::<R>(Duration::ZERO).boxed_local()),
        ),
        (
            "sleep until the past",
            Rc::new(|| sleep_until::<R>(Instant::FAR_PAST).boxed_local()),
        ),
        (
            "wait for a task that has ended",
            Rc::new(move || {
                let ended = ended.clone();
                async move { ended.wait().await }.boxed_local()
            }),
        ),
        (
            "a first tick",
            Rc::new(|| {
                let mut interval = interval::<R>(Duration::from_secs(1));
                async move { interval.tick().map(|_| ()).await }.boxed_local()
            }),
        ),
        ("checkpoint", Rc::new(|| checkpoint().boxed_local())),
    ]
}

/// Calls `f` with each of the ready operations.
fn for_ready_operations(backend: &Backend, f: impl AsyncFn(&'static str, Make)) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let ended = tg.spawn(async {});
            ended.wait().await;
            for (name, make) in ready_operations::<R>(ended) {
                f(name, make).await;
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// C4, LL-04: an operation that could be ready at once is refused in a cancelled scope.
pub fn ready_operations_are_cancel_points(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        make().await;
        let passed = Flag::new();
        let result = in_cancelled_scope::<R, _>(async {
            make().await;
            passed.raise();
        });
        assert!(result.await.is_err(), "{name}");
        assert!(!passed.is_raised(), "{name} is no cancel point");
    });
}

/// C2, C4: a ready operation is also refused if the cancellation happened earlier in the same poll.
pub fn ready_operations_see_cancellation_in_the_same_poll(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        let passed = Flag::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            make().await;
            handle.cancel();
            make().await;
            passed.raise();
        });
        assert!(result.await.is_err(), "{name}");
        assert!(!passed.is_raised(), "{name} passed");
    });
}

/// C2: a cancellation takes effect for the rest of the same poll also where another thread has cancelled a
/// little earlier.
pub fn a_second_cancellation_is_seen_in_the_same_poll(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        let passed = Flag::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            let faster = handle.clone();
            thread::spawn(move || faster.cancel()).join().unwrap();
            handle.cancel();
            make().await;
            passed.raise();
        });
        assert!(result.await.is_err(), "{name}");
        assert!(!passed.is_raised(), "{name} passed");
    });
}

/// C9, C7: once a passed deadline was seen, the scope is cancelled permanently, also where its timer has
/// yet to fire: operations that were interrupted for it stay interrupted.
pub fn a_passed_deadline_stays_seen(backend: &Backend) {
    run(backend, async {
        for _ in 0..50 {
            let (log, unrelated) = (Log::new(), CancelScope::<R>::new().handle());
            // Too short for most timers.
            let limit = Duration::from_micros(50);
            let scope = CancelScope::<R>::new().within(limit);
            let handle = scope.handle();
            let body = async {
                thread::sleep(limit * 2);
                // From here on everything in this poll is checked anew.
                unrelated.cancel();
                let inner = async {
                    checkpoint().await;
                    log.add("not reached");
                };
                finally(inner, async || log.add("cleaned up")).await;
            };
            assert!(scope.run(body).await.is_err());
            assert_eq!(log.entries(), ["cleaned up"]);
            assert!(handle.has_caught());
        }
    });
}

/// C8: in a shield operations work, whatever is cancelled around it.
pub fn operations_pass_in_a_shield(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        let passed = Flag::new();
        let result = in_cancelled_scope::<R, _>(async {
            shield(async {
                make().await;
                passed.raise();
            })
            .await;
            checkpoint().await;
        });
        assert!(result.await.is_err(), "{name}");
        assert!(passed.is_raised(), "{name} was refused in a shield");
    });
}

/// C11, LL-04: a loop of ready operations yields from time to time, and is woken again.
pub fn loops_of_ready_operations_yield(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        checkpoint().await;
        let wakes = Wakes::new();
        let mut done = 0;
        let mut work = Box::pin(async {
            for _ in 0..UNFAIR {
                make().await;
                done += 1;
            }
        });
        let pending = wakes.poll(work.as_mut()).is_pending();
        drop(work);
        assert!(pending, "{name}: {done} times without a pause");
        assert!(wakes.count() > 0, "{name}: paused, and nobody was woken");
    });
}

/// C11: yielding on every operation would be too expensive: a few ready ones in a row do not yield.
pub fn a_few_ready_operations_do_not_yield(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let ended = tg.spawn(async {});
            ended.wait().await;
            cancel_shielded_checkpoint().await;
            let mut work = Box::pin(async {
                for _ in 0..16 {
                    ended.wait().await;
                }
            });
            assert!(poll_once(work.as_mut()).await.is_ready());
            Ok(())
        });
        group.await.unwrap();
    });
}

/// C11: a task that never has to wait does not keep others from running, on one thread too.
pub fn a_busy_task_does_not_starve_others(backend: &Backend) {
    for_ready_operations(backend, async |name, make| {
        let group = task_group::<R, _, _, _>(async |tg| {
            let ran = Flag::new();
            let running = ran.clone();
            tg.spawn(async move { running.raise() });
            while !ran.is_raised() {
                make().await;
            }
        });
        assert!(group.await.is_ok(), "{name}");
    });
}

/// C11: a busy task does not keep the timers of its own scopes from firing, either.
pub fn a_busy_task_meets_its_deadline(backend: &Backend) {
    for_ready_operations(backend, async |_, make| {
        let busy = async {
            loop {
                make().await;
            }
        };
        let limit = Duration::from_millis(3);
        let result: Option<Infallible> =
            anyrt_core::cancel::move_on_after::<R, _>(limit, busy).await;
        assert!(result.is_none());
    });
}

/// C11: each turn of a task has a new budget, also that of a task that always has work.
pub fn the_budget_is_renewed_with_each_turn(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let ended = Arc::new(tg.spawn(async {}));
            ended.wait().await;
            for _ in 0..10 {
                let ended = ended.clone();
                tg.spawn(async move {
                    for _ in 0..10_000 {
                        ended.wait().await;
                    }
                });
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// C4: structural futures are not operations: when cancelled, they still poll their contents.
pub fn structural_futures_do_start_when_cancelled(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = in_cancelled_scope::<R, _>(async {
            let group = task_group::<R, Infallible, _, _>(async |_tg| {
                log.add("group");
                Ok(())
            });
            group.await.unwrap();
            let scope = CancelScope::<R>::new().run(async { log.add("scope") });
            scope.await.unwrap();
            shield(async { log.add("shield") }).await;
            finally(async { log.add("body") }, async || log.add("clean-up")).await;
            race::<R, _>((async { log.add("race") }, std::future::pending())).await;
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let child = log.clone();
                tg.start(async move |started| {
                    child.add("start");
                    drop(started);
                    sleep_forever().await
                })
                .await
            });
            let _: Result<(), _> = group.await;
        });
        assert!(result.await.is_err());
        assert_eq!(
            log.entries(),
            [
                "group", "scope", "shield", "body", "clean-up", "race", "start"
            ]
        );
    });
}

/// C4: operations of one scope do not disturb those outside it.
pub fn only_what_is_inside_is_cancelled(backend: &Backend) {
    run(backend, async {
        let cancelled = in_cancelled_scope::<R, _>(async {
            sleep_forever().await;
        });
        let beside = async {
            for _ in 0..10 {
                checkpoint().await;
                sleep::<R>(Duration::ZERO).await;
            }
            true
        };
        let (inside, beside) = join(cancelled, beside).await;
        assert!(inside.is_err());
        assert!(beside);
    });
}

anyrt_conformance_kit::cases! { operations: erased,
    ready_operations_are_cancel_points,
    ready_operations_see_cancellation_in_the_same_poll,
    a_second_cancellation_is_seen_in_the_same_poll: [foreign_wakes],
    a_passed_deadline_stays_seen: [real_time],
    operations_pass_in_a_shield,
    loops_of_ready_operations_yield,
    a_few_ready_operations_do_not_yield,
    a_busy_task_does_not_starve_others,
    a_busy_task_meets_its_deadline,
    the_budget_is_renewed_with_each_turn,
    structural_futures_do_start_when_cancelled,
    only_what_is_inside_is_cancelled,
}
