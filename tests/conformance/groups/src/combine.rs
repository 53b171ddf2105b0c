//! Combinators that run in place: G12, TG-36, TG-37; first success: G10.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::combine::{
    as_completed, gather, map_concurrent, race, race_ok, try_gather, try_map_concurrent,
};
use anyrt_core::error::GroupError;
use anyrt_core::time::sleep_forever;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch, forever, panic_quietly, run, yields};

/// TG-36: results have the order of the arguments, whichever ended first.
pub fn gathered_results_keep_their_order(backend: &Backend) {
    run(backend, async {
        let (first, second) = (Gate::new(), Gate::new());
        let slow = async {
            first.opened().await;
            1
        };
        let middle = async {
            second.opened().await;
            first.open();
            "two"
        };
        let quick = async {
            second.open();
            3.0
        };
        assert_eq!(gather((slow, middle, quick)).await, (1, "two", 3.0));
        let list: Vec<_> = (0..20usize)
            .map(|n| async move { (yields(20 - n).await, n).1 })
            .collect();
        assert_eq!(gather(list).await, (0..20).collect::<Vec<_>>());
        assert_eq!(
            gather([std::future::ready(1), std::future::ready(2)]).await,
            [1, 2]
        );
    });
}

/// TG-36: gathering nothing returns nothing, at once.
pub fn gathering_nothing_gives_nothing(backend: &Backend) {
    run(backend, async {
        assert_eq!(gather(Vec::<std::future::Ready<u8>>::new()).await, []);
        let nothing = try_gather(Vec::<std::future::Ready<Result<u8, &str>>>::new()).await;
        assert_eq!(nothing.unwrap(), []);
        assert_eq!(map_concurrent(3, Vec::<u8>::new(), async |n| n).await, []);
        let nothing = try_map_concurrent(3, Vec::<u8>::new(), async |n| Ok::<_, &str>(n)).await;
        assert_eq!(nothing.unwrap(), []);
    });
}

/// G12: members run in place: they may borrow, and need not be `Send`.
pub fn members_may_borrow(backend: &Backend) {
    run(backend, async {
        let words = [String::from("one"), String::from("three")];
        let total = Cell::new(0);
        let count = |word: &String| {
            let (length, total) = (word.len(), &total);
            async move {
                checkpoint().await;
                total.set(total.get() + length);
                length
            }
        };
        assert_eq!(gather((count(&words[0]), count(&words[1]))).await, (3, 5));
        assert_eq!(map_concurrent(2, &words, count).await, [3, 5]);
        assert_eq!(race::<R, _>([count(&words[0])]).await, 3);
        assert_eq!(total.get(), 19);
    });
}

/// G12: `gather` returns every value; an `Err` among them cancels nothing.
pub fn gather_does_not_look_at_values(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let fails = async { Err::<(), _>("failed") };
        let works = async {
            checkpoint().await;
            log.add("worked");
            Ok::<_, &str>(1)
        };
        assert_eq!(gather((fails, works)).await, (Err("failed"), Ok(1)));
        assert_eq!(log.entries(), ["worked"]);
    });
}

/// TG-36: if one member fails, the others are cancelled and waited for, clean-up included, and the caller
/// gets all errors.
pub fn a_failed_member_cancels_the_others(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let fails = async {
            checkpoint().await;
            Err::<u8, _>("failed")
        };
        let interrupted = async {
            waits_and_cleans_up(&log).await;
            Ok(1)
        };
        let fails_too = async {
            shielded_checkpoints(5).await;
            Err::<u8, _>("failed too")
        };
        let result = try_gather((fails, interrupted, fails_too)).await;
        let Err(GroupError::Failed(failures)) = result else {
            panic!("it must fail")
        };
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert_eq!(*failures.first(), "failed");
        assert_eq!(log.entries(), ["begun", "cleaned up"]);
    });
}

/// TG-36: `try_gather` without a failure returns the values, in order.
pub fn try_gather_gives_the_values(backend: &Backend) {
    run(backend, async {
        let one = async {
            checkpoint().await;
            Ok::<_, &str>(1)
        };
        let two = async { Ok::<_, &str>("two") };
        assert_eq!(try_gather((one, two)).await.unwrap(), (1, "two"));
    });
}

/// TG-36: `map_concurrent` keeps the order of the items, and never runs more than its limit.
pub fn a_concurrent_map_keeps_order_and_limit(backend: &Backend) {
    run(backend, async {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let doubled = map_concurrent(3, 0..20usize, |n| {
            let (running, most) = (&running, &most);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                for _ in 0..20 - n {
                    checkpoint().await;
                }
                running.set(running.get() - 1);
                n * 2
            }
        });
        assert_eq!(doubled.await, (0..20).map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
    });
}

/// TG-36: `try_map_concurrent` cancels the running items, and starts no more, once one has failed.
pub fn a_failed_item_ends_the_map(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let taken = Cell::new(0);
        let items = (0..100u32).inspect(|_| taken.set(taken.get() + 1));
        let result = try_map_concurrent(2, items, |n| {
            let log = &log;
            async move {
                if n == 0 {
                    waits_and_cleans_up(log).await;
                }
                checkpoint().await;
                Err::<(), _>(n)
            }
        });
        let Err(GroupError::Failed(failures)) = result.await else {
            panic!("it must fail")
        };
        assert_eq!(*failures, [1]);
        assert_eq!(log.entries(), ["begun", "cleaned up"]);
        assert!(taken.get() <= 3, "{} items were taken", taken.get());
    });
}

/// TG-37: results arrive in the order of completion.
pub fn completed_results_come_as_they_are_ready(backend: &Backend) {
    run(backend, async {
        let (first, second) = (Gate::new(), Gate::new());
        let members: Vec<BoxFuture<'_, u32>> = vec![
            async {
                second.opened().await;
                3
            }
            .boxed(),
            async {
                first.opened().await;
                2
            }
            .boxed(),
            async { 1 }.boxed(),
        ];
        let mut results = as_completed(members);
        assert_eq!(results.next().await, Some(1));
        first.open();
        assert_eq!(results.next().await, Some(2));
        second.open();
        assert_eq!(results.next().await, Some(3));
        assert_eq!(results.next().await, None);
    });
}

/// G12: the first member to be ready wins; the losers are cancelled and waited for, clean-up included.
pub fn a_race_cancels_its_losers_and_waits(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let winner = async {
            checkpoint().await;
            log.add("won");
            "winner"
        };
        let loser = async {
            waits_and_cleans_up(&log).await;
            "loser"
        };
        assert_eq!(race::<R, _>((winner, loser)).await, "winner");
        assert_eq!(log.count("begun"), 1);
        assert_eq!(log.entries().last().map(String::as_str), Some("cleaned up"));
    });
}

/// G12: a loser that waits only for foreign futures is dropped before the race ends.
pub fn foreign_losers_are_dropped(backend: &Backend) {
    run(backend, async {
        let dropped = Flag::new();
        let loser = forever(&dropped).map(|never| match never {});
        assert_eq!(race::<R, _>((loser, async { 1 })).await, 1);
        assert!(dropped.is_raised());
    });
}

/// G12: a race accepts arrays, lists and tuples.
pub fn races_take_tuples_arrays_and_lists(backend: &Backend) {
    run(backend, async {
        assert_eq!(race::<R, _>([std::future::ready(1)]).await, 1);
        let list: Vec<_> = (0..10u32)
            .map(|n| async move {
                if n != 7 {
                    sleep_forever().await;
                }
                n
            })
            .collect();
        assert_eq!(race::<R, _>(list).await, 7);
        let three = (std::future::pending(), std::future::pending(), async { 3 });
        assert_eq!(race::<R, _>(three).await, 3);
    });
}

/// G12, C8: a loser in a shield delays the end of the race, and runs to its end.
pub fn a_race_waits_for_shielded_losers(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let loser = async {
            anyrt_core::cancel::shield(async {
                shielded_checkpoints(10).await;
                log.add("shielded work done");
            })
            .await;
            checkpoint().await;
            log.add("not reached");
        };
        let winner = async { checkpoint().await };
        race::<R, _>((winner, loser)).await;
        assert_eq!(log.entries(), ["shielded work done"]);
    });
}

/// C6: a race that is cancelled from outside waits for all of its members.
pub fn a_cancelled_race_waits_for_everybody(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let both = (waits_and_cleans_up(&log), waits_and_cleans_up(&log));
        let result = scope.run(async {
            handle.cancel();
            race::<R, _>(both).await;
        });
        assert!(result.await.is_err());
        assert_eq!(log.count("begun"), 2);
        assert_eq!(log.count("cleaned up"), 2);
    });
}

/// G12: ties are decided fairly: over many races each member wins.
pub fn ties_are_decided_fairly(backend: &Backend) {
    run(backend, async {
        let mut wins = [0; 3];
        for _ in 0..300 {
            let member = |n: usize| std::future::ready(n);
            wins[race::<R, _>([member(0), member(1), member(2)]).await] += 1;
        }
        assert!(wins.iter().all(|n| *n > 0), "{wins:?}");
    });
}

/// G12, G4: the panic of a member continues in the caller, when the others have cleaned up.
pub fn a_panic_in_a_race_continues_in_the_caller(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let panics = async {
            checkpoint().await;
            panic_quietly("member")
        };
        let raced = race::<R, _>((panics, waits_and_cleans_up(&log)));
        assert_eq!(catch(raced).await.unwrap_err(), "member");
        assert_eq!(log.entries(), ["begun", "cleaned up"]);
    });
}

/// G10: the first success wins; failures before it do not count, and the rest is cancelled and waited for.
pub fn the_first_success_wins(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let members: Vec<BoxFuture<'_, Result<u32, &str>>> = vec![
            async { Err("at once") }.boxed(),
            async {
                waits_and_cleans_up(&log).await;
                Ok(1)
            }
            .boxed(),
            async {
                for _ in 0..3 {
                    checkpoint().await;
                }
                Ok(2)
            }
            .boxed(),
        ];
        assert_eq!(race_ok(members).await.unwrap(), 2);
        assert_eq!(log.entries(), ["begun", "cleaned up"]);
    });
}

/// G10: without a success, all errors are returned, each once.
pub fn without_a_success_all_errors_come_out(backend: &Backend) {
    run(backend, async {
        let members = (0..3u32).map(|n| async move {
            for _ in 0..n {
                checkpoint().await;
            }
            Err::<(), _>(n)
        });
        let Err(GroupError::Failed(failures)) = race_ok(members).await else {
            panic!("it must fail")
        };
        assert_eq!(*failures, [0, 1, 2]);
    });
}

/// C9: a limit around a combinator interrupts its members.
pub fn a_limit_reaches_the_members(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let members = gather((waits_and_cleans_up(&log), waits_and_cleans_up(&log)));
        let limit = Duration::from_millis(3);
        assert!(
            anyrt_core::cancel::move_on_after::<R, _>(limit, members)
                .await
                .is_none()
        );
        assert_eq!(log.count("cleaned up"), 2);
    });
}

/// G1: a combinator that is dropped drops its members.
pub fn dropped_combinators_drop_their_members(backend: &Backend) {
    run(backend, async {
        let dropped = Log::new();
        let member = || {
            let guard = dropped.on_drop("member");
            async move {
                let _guard = guard;
                std::future::pending::<u32>().await
            }
        };
        let mut members: Vec<BoxFuture<'_, ()>> = vec![
            gather((member(), member())).map(drop).boxed(),
            race::<R, _>((member(), member())).map(drop).boxed(),
        ];
        for future in &mut members {
            assert!(
                crate::support::poll_once(future.as_mut())
                    .await
                    .is_pending()
            );
        }
        drop(members);
        assert_eq!(dropped.count("member"), 4);
    });
}

async fn waits_and_cleans_up(log: &Log) {
    let body = async {
        log.add("begun");
        let _: Infallible = sleep_forever_as_infallible().await;
    };
    let cleanup = async || {
        shielded_checkpoints(3).await;
        log.add("cleaned up");
    };
    finally(body, cleanup).await;
}

async fn sleep_forever_as_infallible() -> Infallible {
    sleep_forever().await
}

/// Passes checkpoints although the member is cancelled.
async fn shielded_checkpoints(times: usize) {
    for _ in 0..times {
        anyrt_core::cancel::cancel_shielded_checkpoint().await;
    }
}

anyrt_conformance_kit::cases! { combine: erased,
    gathered_results_keep_their_order,
    gathering_nothing_gives_nothing,
    members_may_borrow,
    gather_does_not_look_at_values,
    a_failed_member_cancels_the_others,
    try_gather_gives_the_values,
    a_concurrent_map_keeps_order_and_limit,
    a_failed_item_ends_the_map,
    completed_results_come_as_they_are_ready,
    a_race_cancels_its_losers_and_waits,
    foreign_losers_are_dropped,
    races_take_tuples_arrays_and_lists,
    a_race_waits_for_shielded_losers,
    a_cancelled_race_waits_for_everybody,
    ties_are_decided_fairly,
    a_panic_in_a_race_continues_in_the_caller,
    the_first_success_wins,
    without_a_success_all_errors_come_out,
    a_limit_reaches_the_members,
    dropped_combinators_drop_their_members,
}
