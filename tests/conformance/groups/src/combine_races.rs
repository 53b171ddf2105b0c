//! Races, which run in place: G12; first success: G10.

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::combine::{race, race_ok};
use anyrt_core::error::GroupError;
use anyrt_core::time::sleep_forever;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::combine_support::{shielded_checkpoints, waits_and_cleans_up};
use crate::erased::{Backend, R};
use crate::support::{Flag, Log, catch, forever, panic_quietly, run};

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

anyrt_conformance_kit::cases! { combine_races: erased,
    a_race_cancels_its_losers_and_waits,
    foreign_losers_are_dropped,
    races_take_tuples_arrays_and_lists,
    a_race_waits_for_shielded_losers,
    a_cancelled_race_waits_for_everybody,
    ties_are_decided_fairly,
    a_panic_in_a_race_continues_in_the_caller,
    the_first_success_wins,
    without_a_success_all_errors_come_out,
}
