//! Holds, and the traps of naive implementations: groups and their children. HO-03, HO-12, HO-14,
//! HO-20, HO-22, HO-23.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::task::{TaskGroup, scoped_task_group, task_group};
use futures_util::future::{join, select};
use futures_util::stream::{self, FuturesUnordered, StreamExt};

use super::holds_support::{Aborts, PollsInWake, holder, lock};
use crate::erased::{Backend, R};
use crate::harness::repeats;
use crate::kinds::{Countdown, GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, OnDrop, catch, panic_quietly, poll_once, run, yields};

/// HO-03, C6, C10: a group with a host that is no longer polled, because `select` kept it, does not hold
/// the scope: its children are cancelled, and the enclosing group waits for them.
pub fn a_stranded_groups_children_go_to_the_enclosing_group(backend: &Backend) {
    run(backend, async {
        let (log, started, release) = (Log::new(), Gate::new(), Gate::new());
        let result = task_group::<R, Infallible, _, _>(async |_| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let body = scope.run(async {
                let mut kept = pin!(task_group::<R, Infallible, _, _>(async |tg| {
                    let (log, running, release) = (log.clone(), started.clone(), release.clone());
                    tg.spawn(finally(
                        async move {
                            running.open();
                            blocked().await;
                        },
                        async move || {
                            release.opened().await;
                            checkpoint().await;
                            log.add("child cleaned up");
                        },
                    ));
                    blocked().await;
                }));
                select(kept.as_mut(), pin!(started.opened())).await;
                blocked().await;
            });
            let canceller = async {
                started.opened().await;
                yields(3).await;
                handle.cancel();
            };
            let (outcome, ()) = join(body, canceller).await;
            assert!(outcome.is_err());
            log.add("scope ended");
            release.open();
        })
        .await;
        log.add("outer group ended");
        assert!(result.is_ok());
        assert_eq!(
            log.entries(),
            ["scope ended", "child cleaned up", "outer group ended"]
        );
    });
}

/// HO-03, HO-02: the same for groups in a buffered stream that is not polled.
pub fn groups_in_a_buffered_stream_do_not_hang(backend: &Backend) {
    run(backend, async {
        let (log, started) = (Log::new(), Countdown::new(2));
        let result = task_group::<R, Infallible, _, _>(async |_| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let body = scope.run(async {
                let (log, started) = (&log, &started);
                let groups = stream::iter(0..3).map(|n| {
                    task_group::<R, Infallible, _, _>(async move |tg| {
                        if n == 0 {
                            // Pending at first, so that the others are polled too.
                            yields(2).await;
                        } else {
                            let (log, started) = (log.clone(), started.clone());
                            tg.spawn(async move {
                                started.arrive();
                                holder(log).await;
                            });
                        }
                    })
                });
                let mut buffered = pin!(groups.buffered(3));
                while buffered.next().await.is_some() {
                    blocked().await;
                }
            });
            let canceller = async {
                started.all_arrived().await;
                yields(3).await;
                handle.cancel();
            };
            let (outcome, ()) = join(body, canceller).await;
            assert!(outcome.is_err());
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(
            log.entries(),
            ["cleaned up"; 2],
            "children are tasks: they all clean up"
        );
    });
}

/// HO-12, C6: holds below a `FuturesUnordered`, in the body and in a child of a cancelled group, are
/// notified of the cancellation.
pub fn holds_in_collections_are_told_of_a_groups_cancellation(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, began) = (Log::new(), Countdown::new(2));
        async fn collected(log: Log, began: Countdown) {
            let mut all: FuturesUnordered<_> =
                (0..10).map(|_| Box::pin(holder(log.clone()))).collect();
            assert!(poll_once(pin!(all.next())).await.is_pending());
            began.arrive();
            while all.next().await.is_some() {}
        }
        let group = K::open(async |tg: K::Group<Infallible>| {
            let (scope, all_began) = (tg.scope(), began.clone());
            tg.spawn(collected(log.clone(), began.clone()));
            tg.spawn(async move {
                all_began.all_arrived().await;
                yields(2).await;
                scope.cancel();
            });
            collected(log.clone(), began.clone()).await;
        });
        assert!(group.await.unwrap_err().is_cancelled());
        assert_eq!(log.entries(), ["cleaned up"; 20]);
    }
    on_each_kind!(backend, scenario);
}

/// HO-20, G7: spawning races with the end of the group, from another thread, some 100,000 times: every
/// child either runs inside the group, or its future is returned unpolled.
pub fn spawning_races_with_the_end_of_the_group(backend: &Backend) {
    const SPAWNS: usize = 25;
    let groups_in_all = repeats(4_000, 4);
    run(backend, async {
        let (hand_over, groups) = mpsc::channel::<(TaskGroup<R, Infallible>, Gate)>();
        let (report, reports) = mpsc::channel::<usize>();
        let ran = Arc::new(AtomicUsize::new(0));
        let polled = ran.clone();
        let spawner = std::thread::spawn(move || {
            for (tg, first_spawned) in groups {
                let mut accepted = 0;
                for _ in 0..SPAWNS {
                    let polled = polled.clone();
                    let child = async move {
                        polled.fetch_add(1, Ordering::SeqCst);
                    };
                    match tg.try_spawn(child) {
                        Ok(_) => accepted += 1,
                        Err(refused) => {
                            drop(refused);
                            break;
                        }
                    }
                    first_spawned.open();
                }
                first_spawned.open();
                report.send(accepted).unwrap();
            }
        });
        for _ in 0..groups_in_all {
            ran.store(0, Ordering::SeqCst);
            let first_spawned = Gate::new();
            let result = task_group::<R, Infallible, _, _>(async |tg| {
                hand_over.send((tg, first_spawned.clone())).unwrap();
                first_spawned.opened().await;
            })
            .await;
            assert!(result.is_ok());
            let inside = ran.load(Ordering::SeqCst);
            let accepted = reports.recv().unwrap();
            assert_eq!(inside, accepted, "what was accepted ran inside the group");
            assert_eq!(
                ran.load(Ordering::SeqCst),
                accepted,
                "what was refused was not polled"
            );
        }
        drop(hand_over);
        spawner.join().unwrap();
    });
}

/// HO-22, C6: an executor that polls inside `wake`: cancelling a group of its tasks, with holders in
/// them, does not deadlock.
pub fn cancelling_tasks_that_are_polled_in_wake_does_not_deadlock(backend: &Backend) {
    run(backend, async {
        let (log, started) = (Log::new(), Countdown::new(20));
        let result = task_group::<PollsInWake<R>, Infallible, _, _>(async |tg| {
            for n in 0..20 {
                let (log, started) = (log.clone(), started.clone());
                tg.spawn(async move {
                    started.arrive();
                    if n % 2 == 0 {
                        holder(log).await;
                    } else {
                        let nested = task_group::<PollsInWake<R>, Infallible, _, _>(async |tg| {
                            tg.spawn(holder(log.clone()));
                            tg.spawn(holder(log.clone()));
                        });
                        let _ = nested.await;
                    }
                });
            }
            started.all_arrived().await;
            tg.cancel();
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["cleaned up"; 30]);
    });
}

/// HO-22: the cancellation of a group by one of its tasks, or by its failure, does not deadlock either.
pub fn a_failure_among_tasks_that_are_polled_in_wake_does_not_deadlock(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result =
            task_group::<PollsInWake<R>, &'static str, _, _>(async |tg| -> Result<(), _> {
                let started = Countdown::new(10);
                for _ in 0..10 {
                    let (log, started) = (log.clone(), started.clone());
                    tg.spawn(async move {
                        started.arrive();
                        holder(log).await;
                    });
                }
                tg.spawn(async move {
                    started.all_arrived().await;
                    Err::<(), _>("failed")
                });
                blocked().await;
                Ok(())
            })
            .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        assert_eq!(log.entries(), ["cleaned up"; 10]);
    });
}

/// HO-23, G4, C10: a child that its runtime drops at an await, and that panics in a destructor: the group
/// does not hang, and the panic continues in the host.
pub fn an_aborted_childs_panic_continues_in_the_host(backend: &Backend) {
    run(backend, async {
        let result = catch(task_group::<Aborts<R>, Infallible, _, _>(async |tg| {
            tg.spawn(async {
                let _bomb = OnDrop::new(|| panic_quietly("the destructor panics"));
                blocked().await;
            });
            blocked().await;
        }))
        .await;
        assert_eq!(result.unwrap_err(), "the destructor panics");
    });
}

/// HO-23, C10: a child that its runtime drops without a panic counts as cancelled.
pub fn an_aborted_child_counts_as_cancelled(backend: &Backend) {
    run(backend, async {
        let gone = Flag::new();
        let result = task_group::<Aborts<R>, Infallible, _, _>(async |tg| {
            let guard = gone.on_drop();
            let handle = tg.spawn(async move {
                let _guard = guard;
                blocked().await;
            });
            assert!(handle.await.unwrap_err().is_cancelled());
            assert_eq!(
                tg.spawn(async { Ok(7) }).value().await,
                7,
                "it was ready at once"
            );
        })
        .await;
        assert!(result.is_ok());
        assert!(gone.is_raised());
    });
}

/// HO-14, C7: an interrupted group that owns active children, and is kept by a loop of limits over a set of
/// groups, reports that it was cancelled.
pub fn limits_around_a_set_of_groups_do_not_hang(backend: &Backend) {
    run(backend, async {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let mut groups: FuturesUnordered<_> = (0..3)
            .map(|n| {
                let group = scoped_task_group::<R, Infallible, _, _>(async move |tg| {
                    tg.spawn(blocked());
                    blocked().await;
                });
                async move { (n, group.await.is_err()) }
            })
            .collect();
        while !groups.is_empty() {
            let limit = Duration::from_millis(5);
            let step = anyrt_core::cancel::move_on_after::<R, _>(limit, groups.next()).await;
            lock(&ended).extend(step.flatten());
        }
        let mut ended = lock(&ended).clone();
        ended.sort_unstable();
        assert_eq!(ended, [(0, true), (1, true), (2, true)]);
    });
}

anyrt_conformance_kit::cases! { holds_groups: erased,
    a_stranded_groups_children_go_to_the_enclosing_group,
    groups_in_a_buffered_stream_do_not_hang,
    holds_in_collections_are_told_of_a_groups_cancellation,
    spawning_races_with_the_end_of_the_group: [foreign_wakes],
    cancelling_tasks_that_are_polled_in_wake_does_not_deadlock,
    a_failure_among_tasks_that_are_polled_in_wake_does_not_deadlock,
    an_aborted_childs_panic_continues_in_the_host,
    an_aborted_child_counts_as_cancelled,
    limits_around_a_set_of_groups_do_not_hang,
}
