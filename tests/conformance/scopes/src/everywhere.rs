//! Structural futures, cancelled at each of their polls: C4 to C8, C10, G1, G9, G12.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield, with_resource};
use anyrt_core::combine::{gather, map_concurrent, race};
use anyrt_core::task::{TaskGroup, scoped_task_group, task_group};
use anyrt_core::thread::to_thread;

use crate::cancel_everywhere::{Way, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::support::{Log, OnDrop};

/// C8: a `finally` that has begun is cleaned up once and to the end, wherever it is cancelled. If it is
/// dropped instead, it does not clean up, but nothing of it is left.
pub fn a_clean_up_runs_once_wherever_it_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let body = async {
                let _guard = log.on_drop("body dropped");
                log.add("begun");
                checkpoints(3).await;
                log.add("body done");
            };
            let cleanup = async || {
                log.add("clean-up begun");
                checkpoints(3).await;
                log.add("cleaned up");
            };
            cut.apply(finally(body, cleanup)).await;
            assert_eq!(log.count("begun"), log.count("body dropped"));
            if cut.way().is_orderly() {
                assert_eq!(log.count("begun"), 1, "structural futures do start");
                assert_eq!(log.count("cleaned up"), 1, "{:?}", log.entries());
                assert_eq!(log.entries().last().map(String::as_str), Some("cleaned up"));
            }
            assert!(log.count("clean-up begun") <= 1);
            log
        },
        |_, log| {
            assert!(log.count("cleaned up") <= 1);
        },
    );
}

/// C8: a resource that is lent is passed to the clean-up by value, once. Where the future is dropped
/// instead, the resource is dropped, once.
pub fn a_lent_resource_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let resource = (Vec::<u32>::new(), log.on_drop("resource dropped"));
            let body = |mut lent: anyrt_core::cancel::Leased<_>| async move {
                for n in 0..3 {
                    checkpoint().await;
                    let (numbers, _): &mut (Vec<u32>, _) = &mut lent;
                    numbers.push(n);
                }
            };
            let cleanup = async |(numbers, guard): (Vec<u32>, _)| {
                checkpoints(2).await;
                log.add(format!("cleaned up after {}", numbers.len()));
                drop(guard);
            };
            cut.apply(with_resource(resource, body, cleanup)).await;
            let entries = log.entries();
            assert_eq!(log.count("resource dropped"), 1, "{entries:?}");
            if cut.way().is_orderly() {
                assert_eq!(entries.len(), 2, "{entries:?}");
                assert!(entries[0].starts_with("cleaned up"), "{entries:?}");
            }
        },
        |_, ()| {},
    );
}

/// C8: a shielded section runs to its end wherever the scope around it is cancelled.
pub fn a_shielded_section_runs_to_its_end(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let operation = async {
                log.add("begun");
                shield(async {
                    log.add("shielded");
                    checkpoints(4).await;
                    log.add("done");
                })
                .await;
                checkpoint().await;
                log.add("after");
            };
            let completed = cut.apply(operation).await.is_some();
            if cut.way().is_orderly() {
                assert_eq!(log.count("begun"), 1);
                assert_eq!(
                    log.count("shielded"),
                    log.count("done"),
                    "{:?}",
                    log.entries()
                );
                assert_eq!(completed, log.has("after"));
            }
        },
        |_, ()| {},
    );
}

/// C7, C2: when the outer of nested scopes is cancelled, no code between the two runs, and everything in
/// them has been dropped when it ends.
pub fn nothing_runs_between_nested_scopes(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let operation = async {
                let _outer = log.on_drop("outer dropped");
                let inner = CancelScope::<R>::new();
                let handle = inner.handle();
                let result = inner.run(async {
                    let _inner = log.on_drop("inner dropped");
                    checkpoints(3).await;
                });
                let result = result.await;
                log.add("between");
                assert!(result.is_ok(), "the inner scope catches nothing");
                assert!(!handle.is_cancelled());
            };
            let completed = cut.apply(operation).await.is_some();
            assert_eq!(completed, log.has("between"));
            assert_eq!(log.count("inner dropped"), log.count("outer dropped"));
        },
        |_, ()| {},
    );
}

/// G1, G6, C10: no child outlives its group, and each clean-up of a child runs, wherever the group is
/// cancelled; where it is dropped, the run waits for both.
pub fn children_never_outlive_a_cancelled_group(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let living = Arc::new(AtomicUsize::new(0));
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                for _ in 0..3 {
                    spawn_child(&tg, &log, &living);
                    checkpoint().await;
                }
                Ok(())
            });
            cut.apply(group).await;
            if cut.way().is_orderly() {
                assert_eq!(
                    living.load(Ordering::SeqCst),
                    0,
                    "a child outlived its group"
                );
            }
            (log, living)
        },
        |way, (log, living)| {
            assert_eq!(
                living.load(Ordering::SeqCst),
                0,
                "{way:?}: a child outlived the run"
            );
            assert_eq!(log.count("begun"), log.count("cleaned up"), "{way:?}");
        },
    );
}

/// G1, G11: the same for children that borrow. When their group is dropped, they are dropped, too.
pub fn borrowing_children_never_outlive_a_cancelled_group(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let living = Arc::new(AtomicUsize::new(0));
            let group = scoped_task_group::<R, Infallible, _, _>(async |tg| {
                for _ in 0..3 {
                    living.fetch_add(1, Ordering::SeqCst);
                    let guard = OnDrop::new(|| {
                        living.fetch_sub(1, Ordering::SeqCst);
                    });
                    tg.spawn(async {
                        let _guard = guard;
                        cleaned_up_work(&log).await;
                    });
                    checkpoint().await;
                }
                Ok(())
            });
            cut.apply(group).await;
            assert_eq!(
                living.load(Ordering::SeqCst),
                0,
                "a child outlived its group"
            );
            if cut.way().is_orderly() {
                assert_eq!(log.count("begun"), log.count("cleaned up"));
            }
        },
        |_, ()| {},
    );
}

/// G9: wherever the caller of `start` is cancelled, the child has either ended when `start` has, or it
/// called `started` and continues in its group.
pub fn a_starting_child_is_ended_or_handed_over(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let child = log.clone();
                let start = tg.start(move |started| async move {
                    let _guard = child.on_drop("child dropped");
                    child.add("begun");
                    checkpoints(3).await;
                    started.started(7);
                    checkpoints(3).await;
                    child.add("completed");
                });
                let value = cut.apply(start).await;
                match value {
                    Some(value) => assert_eq!(value.unwrap(), 7),
                    None if cut.way() == Way::Drop => {}
                    None => assert!(log.has("child dropped"), "`start` ended before its child"),
                }
                checkpoint().await;
                Ok(value.is_some())
            });
            let started = group.await.unwrap();
            assert_eq!(
                log.count("begun"),
                log.count("child dropped"),
                "the group waits"
            );
            if started {
                assert!(log.has("completed"), "a started child belongs to the group");
            } else if cut.way().is_orderly() {
                assert!(!log.has("completed"), "it lived under the cancelled caller");
            }
        },
        |_, ()| {},
    );
}

/// G12: `race` has waited for the losers' clean-up when it ends, wherever it is cancelled.
pub fn a_race_waits_for_its_losers(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let winner = async {
                checkpoints(3).await;
                cleaned_up_work(&log).await;
            };
            let loser = async {
                cleaned_up_work(&log).await;
                checkpoints(100).await;
            };
            cut.apply(race::<R, _>((winner, loser))).await;
            if cut.way().is_orderly() {
                assert_eq!(
                    log.count("begun"),
                    log.count("cleaned up"),
                    "{:?}",
                    log.entries()
                );
            }
        },
        |_, ()| {},
    );
}

/// G12, C6: members of `gather` and `map_concurrent` clean up wherever the combinator is cancelled.
pub fn gathered_members_clean_up(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let members = gather((
                cleaned_up_work(&log),
                map_concurrent(2, 0..4, async |n| {
                    checkpoints(n).await;
                    cleaned_up_work(&log).await;
                    n
                }),
            ));
            let values = cut.apply(members).await;
            if let Some(((), numbers)) = values {
                assert_eq!(numbers, [0, 1, 2, 3]);
            }
            if cut.way().is_orderly() {
                assert_eq!(
                    log.count("begun"),
                    log.count("cleaned up"),
                    "{:?}",
                    log.entries()
                );
            }
        },
        |_, ()| {},
    );
}

/// CS-23, C4: a thread call that has begun runs to its end, once, wherever its caller is cancelled, and a
/// scope does not end before it.
pub fn a_thread_call_runs_to_its_end(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let log = Log::new();
            let thread = log.clone();
            let call = to_thread::run::<R, _, _>(move || {
                let _guard = thread.on_drop("ended");
                thread.add("begun");
                crate::support::linger(std::time::Duration::from_millis(2));
            });
            let completed = cut.apply(call).await.is_some();
            if cut.way().is_orderly() {
                assert_eq!(
                    log.count("begun"),
                    log.count("ended"),
                    "the scope ended before it"
                );
                assert_eq!(
                    completed,
                    log.has("begun"),
                    "what was begun delivers its outcome"
                );
            }
            log
        },
        |_, log| assert!(log.count("begun") <= 1),
    );
}

fn spawn_child(tg: &TaskGroup<R, Infallible>, log: &Log, living: &Arc<AtomicUsize>) {
    living.fetch_add(1, Ordering::SeqCst);
    let ended = living.clone();
    let guard = OnDrop::new(move || {
        ended.fetch_sub(1, Ordering::SeqCst);
    });
    let log = log.clone();
    tg.spawn(async move {
        let _guard = guard;
        cleaned_up_work(&log).await;
    });
}

/// Works, and cleans up in several steps.
async fn cleaned_up_work(log: &Log) {
    let body = async {
        log.add("begun");
        checkpoints(3).await;
    };
    let cleanup = async || {
        checkpoints(2).await;
        log.add("cleaned up");
    };
    finally(body, cleanup).await;
}

async fn checkpoints(times: usize) {
    for _ in 0..times {
        checkpoint().await;
    }
}

anyrt_conformance_kit::cases! { everywhere: erased,
    a_clean_up_runs_once_wherever_it_is_cancelled,
    a_lent_resource_is_never_lost,
    a_shielded_section_runs_to_its_end,
    nothing_runs_between_nested_scopes,
    children_never_outlive_a_cancelled_group,
    borrowing_children_never_outlive_a_cancelled_group,
    a_starting_child_is_ended_or_handed_over,
    a_race_waits_for_its_losers,
    gathered_members_clean_up,
    a_thread_call_runs_to_its_end,
}
