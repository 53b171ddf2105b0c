//! A task that never waits still yields: deadlines are seen, timers and other tasks continue. EN-19 to EN-21,
//! rules C9, C11.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, finally, move_on_after, shield,
};
use anyrt_core::combine::race;
use anyrt_core::stream::memory_object_stream;
use anyrt_core::sync::{Mutex, Semaphore};
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use futures_util::future::{join, select};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, Local, Scoped, blocked};
use crate::limits::{Watchdog, busy, least_of};
use crate::support::{Flag, Log, poll_once, polls_until_ready, run};

/// How long a case that fails spins.
const LIMIT: Duration = Duration::from_secs(5);

/// EN-19, C9: a deadline that passes while a task is busy is seen at its next operation.
pub fn a_deadline_is_seen_at_the_next_operation(backend: &Backend) {
    /// Returns how many times the task was busy within the limit; five times two milliseconds are enough.
    fn rounds(backend: &Backend) -> usize {
        run(backend, async {
            let watchdog = Watchdog::new(LIMIT);
            let rounds = Arc::new(AtomicUsize::new(0));
            let counted = rounds.clone();
            let late = watchdog.gate();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    let limited = move_on_after::<R, _>(Duration::from_millis(9), async {
                        while !late.is_open() {
                            counted.fetch_add(1, Ordering::SeqCst);
                            busy(Duration::from_millis(2));
                            checkpoint().await;
                        }
                    });
                    let _ = limited.await;
                });
            });
            assert!(group.await.is_ok());
            rounds.load(Ordering::SeqCst)
        })
    }
    let least = least_of(3, 6, || rounds(backend));
    assert!(least <= 6, "{least} rounds of 2 ms within 9 ms");
}

/// EN-19, C11: a busy task that passes checkpoints lets the timers of other tasks run.
pub fn checkpoints_let_timers_run(backend: &Backend) {
    /// Returns how many times a task was busy before another one went on, which slept for as long as three
    /// of these times.
    fn rounds(backend: &Backend, shielded: bool) -> usize {
        run(backend, async {
            let watchdog = Watchdog::new(LIMIT);
            let late = watchdog.gate();
            let (began, woke) = (Flag::new(), Flag::new());
            let (begins, wakes) = (began.clone(), woke.clone());
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    begins.raise();
                    sleep::<R>(Duration::from_millis(6)).await;
                    wakes.raise();
                });
                let busy = tg.spawn(async move {
                    let mut rounds = 0;
                    while !woke.is_raised() && !late.is_open() {
                        if began.is_raised() {
                            rounds += 1;
                        }
                        busy(Duration::from_millis(2));
                        if shielded {
                            cancel_shielded_checkpoint().await;
                        } else {
                            checkpoint().await;
                        }
                    }
                    Ok(rounds)
                });
                Ok(busy.value().await)
            });
            group.await.unwrap()
        })
    }
    for shielded in [false, true] {
        let least = least_of(4, 12, || rounds(backend, shielded));
        assert!(least <= 12, "{least} rounds of 2 ms beside a sleep of 6 ms");
    }
}

/// Runs a loop that is always ready, until its watchdog expires: with another task, which has to get its
/// turns, and under a time limit, which has to end it.
fn gives_way<F>(backend: &Backend, what: &'static str, forever: fn(Watchdog) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    run(backend, async {
        let other = Flag::new();
        let has_turns = other.clone();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let watchdog = Watchdog::new(LIMIT);
            let ends = watchdog.gate();
            tg.spawn(async move {
                forever(watchdog).await;
                assert!(has_turns.is_raised(), "no turn beside {what}");
            });
            tg.spawn(async move {
                for _ in 0..3 {
                    checkpoint().await;
                }
                other.raise();
                ends.open();
            });
        });
        assert!(group.await.is_ok());
        let body = forever(Watchdog::new(LIMIT));
        let outcome = move_on_after::<R, _>(Duration::from_millis(20), body).await;
        assert!(outcome.is_none(), "the time limit around {what}");
    });
}

/// EN-20, C11: branches of `select` that are always ready yield, with permits and with locks.
pub fn branches_of_select_that_are_always_ready_give_way(backend: &Backend) {
    gives_way(backend, "select of permits", |watchdog| async move {
        let (a, b) = (Semaphore::new(1), Semaphore::new(1));
        while !watchdog.has_expired() {
            select(pin!(a.acquire()), pin!(b.acquire())).await;
        }
    });
    gives_way(backend, "select of locks", |watchdog| async move {
        let (a, b) = (Mutex::new(()), Mutex::new(()));
        while !watchdog.has_expired() {
            select(pin!(a.lock()), pin!(b.lock())).await;
        }
    });
}

/// EN-20, C11: branches of `race` and `join` that are always ready yield.
pub fn branches_of_race_and_join_that_are_always_ready_give_way(backend: &Backend) {
    gives_way(backend, "race", |watchdog| async move {
        let (a, b) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
        while !watchdog.has_expired() {
            let attempts = [a.clone().acquire_arc(), b.clone().acquire_arc()];
            drop(race::<R, _>(attempts).await);
        }
    });
    gives_way(backend, "join", |watchdog| async move {
        let (a, b) = (Semaphore::new(1), Semaphore::new(1));
        while !watchdog.has_expired() {
            drop(join(a.acquire(), b.acquire()).await);
        }
    });
}

/// EN-20, C11: branches that receive from streams with objects in them yield.
pub fn branches_that_always_receive_give_way(backend: &Backend) {
    gives_way(backend, "streams", |watchdog| async move {
        let (send_a, a) = memory_object_stream::<()>(2);
        let (send_b, b) = memory_object_stream::<()>(2);
        while !watchdog.has_expired() {
            let _ = (send_a.try_send(()), send_b.try_send(()));
            select(pin!(a.receive()), pin!(b.receive())).await;
        }
    });
}

/// EN-20, C11: a future that tries operations one after the other by hand, and drops the pending ones,
/// yields.
pub fn many_operations_in_one_poll_give_way(backend: &Backend) {
    gives_way(backend, "polls by hand", |watchdog| async move {
        let free = Semaphore::new(1);
        while !watchdog.has_expired() {
            let attempts = [free.acquire(), free.acquire(), free.acquire()];
            for attempt in attempts {
                if let Poll::Ready(permit) = poll_once(pin!(attempt)).await {
                    drop(permit);
                }
            }
            drop(free.acquire().await);
        }
    });
}

/// EN-21, C11: the first yield in a shield yields, and so does each after it.
pub fn every_yield_in_a_shield_yields(backend: &Backend) {
    assert_eq!(polls_until_ready(cancel_shielded_checkpoint()), 2);
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async {
                for n in 0..5 {
                    let mut first = pin!(cancel_shielded_checkpoint());
                    assert!(poll_once(first.as_mut()).await.is_pending(), "yield {n}");
                    first.await;
                }
                let polls = polls_until_ready(shield(async {
                    checkpoint().await;
                    checkpoint().await;
                    checkpoint().await;
                }));
                assert_eq!(polls, 4, "three yields in one shield");
            });
        });
        assert!(group.await.is_ok());
    });
}

/// EN-21, C11: the same in a clean-up, cancelled or not.
pub fn every_yield_in_a_clean_up_yields(backend: &Backend) {
    run(backend, async {
        for cancelled in [false, true] {
            let (log, scope) = (Log::new(), CancelScope::<R>::new());
            let handle = scope.handle();
            let cleaning = |name: &'static str| {
                let log = log.clone();
                let body = async move {
                    if cancelled {
                        blocked().await;
                    }
                };
                finally(body, async move || {
                    for _ in 0..4 {
                        log.add(name);
                        checkpoint().await;
                    }
                })
            };
            if cancelled {
                handle.cancel();
            }
            let _ = scope.run(join(cleaning("a"), cleaning("b"))).await;
            let order = log.entries().concat();
            assert_eq!(order, "abababab", "cancelled: {cancelled}");
        }
    });
}

/// EN-21, C11: two branches that loop over yields in shields alternate from the first on.
pub fn branches_that_yield_in_shields_alternate(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let branch = async |name: &'static str| {
            for _ in 0..4 {
                log.add(name);
                cancel_shielded_checkpoint().await;
            }
        };
        join(branch("a"), branch("b")).await;
        assert_eq!(log.entries().concat(), "abababab");
    });
}

/// EN-21, C11: the same with two children of a group in place, which the host polls in turn.
pub fn children_that_yield_in_shields_alternate(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let group = K::open(async |tg: K::Group<Infallible>| {
            for name in ["a", "b"] {
                let log = log.clone();
                tg.spawn(async move {
                    for _ in 0..4 {
                        log.add(name);
                        cancel_shielded_checkpoint().await;
                    }
                });
            }
        });
        assert!(group.await.is_ok());
        let order = log.entries().concat();
        assert!(["abababab", "babababa"].contains(&&*order), "{order}");
    }
    run(backend, scenario::<Scoped>());
    run(backend, scenario::<Local>());
}

anyrt_conformance_kit::cases! { engine_fairness: erased,
    a_deadline_is_seen_at_the_next_operation: [real_time],
    checkpoints_let_timers_run: [real_time],
    branches_of_select_that_are_always_ready_give_way: [busy_time],
    branches_of_race_and_join_that_are_always_ready_give_way: [busy_time],
    branches_that_always_receive_give_way: [busy_time],
    many_operations_in_one_poll_give_way: [busy_time],
    every_yield_in_a_shield_yields,
    every_yield_in_a_clean_up_yields,
    branches_that_yield_in_shields_alternate,
    children_that_yield_in_shields_alternate,
}
