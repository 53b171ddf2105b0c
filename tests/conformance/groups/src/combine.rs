//! Combinators that run in place: gathering, mapping, completion. G12, TG-36, TG-37.

use std::cell::Cell;
use std::time::Duration;

use anyrt_core::cancel::checkpoint;
use anyrt_core::combine::{
    as_completed, gather, map_concurrent, race, try_gather, try_map_concurrent,
};
use anyrt_core::error::GroupError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::combine_support::{shielded_checkpoints, waits_and_cleans_up};
use crate::erased::{Backend, R};
use crate::support::{Gate, Log, run, yields};

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
    a_limit_reaches_the_members,
    dropped_combinators_drop_their_members,
}
