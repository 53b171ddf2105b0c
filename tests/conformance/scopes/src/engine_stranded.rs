//! Stranded holders: a cancelled scope ends although one is left, and waits for those that are not
//! stranded. EN-05 to EN-09, rule C6.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelScope, checkpoint, finally, move_on_after};
use anyrt_core::combine::race;
use anyrt_core::runtime::Time;
use anyrt_core::sync::Mutex;
use anyrt_core::task::task_group;
use anyrt_core::time::sleep_forever;
use futures_util::FutureExt;
use futures_util::future::{Either, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::holds_support::{counting, holder};
use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{Watchdog, busy, foreign_sleep, least_of, within};
use crate::support::{Gate, Log, poll_once, run, until, yields};

/// The scope ends by the clock after a second.
const BY_THE_CLOCK: Duration = Duration::from_secs(2);

/// How long a holder may be stranded in cases where it does not matter.
const SHORT: Duration = Duration::from_millis(100);

/// Runs `main`, in which a holder counts as stranded after `patience`.
fn run_with_patience(patience: Duration, backend: &Backend, main: impl Future<Output = ()>) {
    let options = RunOptions::new().stranded_after(patience);
    anyrt_core::run(backend, options, main).unwrap();
}

/// Cancels a scope with a stranded holder and a future that wakes itself again and again; the scope ends
/// within `limit`.
async fn ends_beside_a_busy_future(limit: Duration) {
    let (late, log) = (R::now() + limit, Log::new());
    let scope = CancelScope::<R>::new();
    let handle = scope.handle();
    let outcome = scope.run(async {
        let mut held = Box::pin(holder(log.clone()));
        assert!(poll_once(held.as_mut()).await.is_pending());
        handle.cancel();
        while R::now() < late {
            yields(1).await;
        }
    });
    assert!(outcome.await.is_err(), "the scope did not end");
    assert_eq!(log.entries(), ["dropped"]);
}

/// EN-05, C6: a future that wakes itself again and again does not keep the scope of a stranded holder,
/// which ends by the clock.
pub fn a_future_that_wakes_itself_does_not_keep_a_scope(backend: &Backend) {
    run(backend, ends_beside_a_busy_future(BY_THE_CLOCK));
}

/// EN-05, C6: the length of time after which a holder counts as stranded is an option of the run.
pub fn a_run_can_say_when_a_holder_is_stranded(backend: &Backend) {
    let main = ends_beside_a_busy_future(Duration::from_millis(900));
    run_with_patience(Duration::from_millis(10), backend, main);
}

/// EN-05, C6: a foreign timer that restarts again and again does not, either. The holder is not polled
/// meanwhile, and the other futures only when the timer has fired.
pub fn a_timer_that_starts_again_does_not_keep_a_scope(backend: &Backend) {
    run_with_patience(SHORT, backend, async {
        let late = R::now() + BY_THE_CLOCK;
        let (polls, ticks) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = async {
            let mut held = Box::pin(holder(log.clone()));
            assert!(poll_once(held.as_mut()).await.is_pending());
            handle.cancel();
            while R::now() < late {
                foreign_sleep(Duration::from_millis(5)).await;
                ticks.fetch_add(1, Ordering::SeqCst);
            }
        };
        let outcome = scope.run(counting(polls.clone(), body)).await;
        assert!(outcome.is_err(), "the scope did not end");
        assert_eq!(log.entries(), ["dropped"]);
        let (polls, ticks) = (polls.load(Ordering::SeqCst), ticks.into_inner());
        assert!(polls <= 3 * ticks + 20, "{polls} polls for {ticks} ticks");
    });
}

/// EN-06, C6: a loop that polls a holder now and then, and is in foreign code when the cancellation
/// arrives, however long that takes: the clean-up runs.
pub fn a_holder_that_a_loop_comes_back_to_is_not_stranded(backend: &Backend) {
    async fn scenario(handling: Duration) {
        let (log, busy) = (Log::new(), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(async {
            let mut work = Box::pin(holder(log.clone()));
            loop {
                let tick = Box::pin(foreign_sleep(Duration::from_millis(1)));
                match select(work.as_mut(), tick).await {
                    Either::Left(_) => break,
                    Either::Right(_) => {
                        busy.open();
                        foreign_sleep(handling).await;
                    }
                }
            }
        });
        let canceller = async {
            busy.opened().await;
            handle.cancel();
        };
        let both = join(body, canceller);
        let _ = within(Duration::from_secs(5), "the scope", both).await;
        assert_eq!(log.entries(), ["cleaned up"], "handler of {handling:?}");
    }
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            for handling in [2, 5, 20, 50, 100, 150, 200, 300] {
                tg.spawn(scenario(Duration::from_millis(handling)));
            }
        });
        assert!(result.await.is_ok());
    });
}

/// EN-07, C6: the number of other busy tasks does not change when a scope with nothing but a stranded
/// holder ends: at once.
pub fn busy_tasks_do_not_delay_the_end_of_a_scope(backend: &Backend) {
    /// More turns of other tasks than the end of the scope may take.
    const MANY: usize = 3_000;

    /// Returns how many turns the other tasks had before the scope ended.
    fn turns(backend: &Backend, tasks: usize) -> usize {
        run(backend, async {
            let watchdog = Watchdog::new(Duration::from_millis(400));
            let (turns, ended) = (Arc::new(AtomicUsize::new(0)), Gate::new());
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                for _ in 0..tasks {
                    let (turns, ended, late) = (turns.clone(), ended.clone(), watchdog.gate());
                    tg.spawn(async move {
                        while !ended.is_open() && !late.is_open() {
                            busy(Duration::from_micros(50));
                            turns.fetch_add(1, Ordering::SeqCst);
                            yields(1).await;
                        }
                    });
                }
                let begun = turns.clone();
                let scope = tg.spawn(async move {
                    until(|| begun.load(Ordering::SeqCst) >= tasks).await;
                    let scope = CancelScope::<R>::new();
                    let handle = scope.handle();
                    let mut before = 0;
                    let outcome = scope.run(async {
                        let mut held = Box::pin(holder(Log::new()));
                        assert!(poll_once(held.as_mut()).await.is_pending());
                        before = begun.load(Ordering::SeqCst);
                        handle.cancel();
                        blocked().await;
                    });
                    assert!(outcome.await.is_err());
                    let turns = begun.load(Ordering::SeqCst) - before;
                    ended.open();
                    Ok(turns)
                });
                Ok(scope.value().await)
            });
            let turns = group.await.unwrap();
            if watchdog.has_expired() {
                usize::MAX
            } else {
                turns
            }
        })
    }
    for tasks in [20, 200] {
        let least = least_of(3, MANY, || turns(backend, tasks));
        assert!(least <= MANY, "{tasks} tasks: {least} turns");
    }
}

/// EN-08, C6: a holder is polled, and the same poll then leads the surrounding future to a wait that never
/// ends: the scope ends, although the clean-up waits for something that the scope itself keeps.
pub fn a_holder_may_be_stranded_by_the_poll_that_polls_it(backend: &Backend) {
    run_with_patience(SHORT, backend, async {
        let (lock, go_on) = (Mutex::new(()), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(async {
            let _guard = lock.lock().await;
            let clean_up = async || drop(lock.lock().await);
            let mut held = Box::pin(finally(sleep_forever(), clean_up));
            select(held.as_mut(), Box::pin(go_on.opened())).await;
            sleep_forever().await;
        });
        let canceller = async {
            yields(2).await;
            handle.cancel();
            yields(5).await;
            go_on.open();
        };
        let both = join(body, canceller);
        let (outcome, ()) = within(Duration::from_secs(5), "the scope", both).await;
        assert!(outcome.is_err());
    });
}

/// EN-08, C6: the same with a time limit and a foreign timer.
pub fn a_time_limit_ends_although_a_timer_strands_a_holder(backend: &Backend) {
    run_with_patience(SHORT, backend, async {
        let lock = Mutex::new(());
        let body = move_on_after::<R, _>(Duration::from_millis(10), async {
            let _guard = lock.lock().await;
            let clean_up = async || drop(lock.lock().await);
            let mut held = Box::pin(finally(sleep_forever(), clean_up));
            let timer = Box::pin(foreign_sleep(Duration::from_millis(40)));
            select(held.as_mut(), timer).await;
            sleep_forever().await;
        });
        let outcome = within(Duration::from_secs(5), "the time limit", body).await;
        assert!(outcome.is_none());
    });
}

/// EN-09, C6: holders that are set aside next to a foreign timer: the scope's future is polled when the
/// timer has fired, however many holders there are.
pub fn set_aside_holders_cost_no_polls_per_tick(backend: &Backend) {
    const TICKS: usize = 10;
    run(backend, async {
        let polls = Arc::new(AtomicUsize::new(0));
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let seen = polls.clone();
        let body = async {
            let new = |_| Box::pin(holder(Log::new()));
            let mut held: Vec<_> = (0..100).map(new).collect();
            for held in &mut held {
                assert!(poll_once(held.as_mut()).await.is_pending());
            }
            handle.cancel();
            let before = seen.load(Ordering::SeqCst);
            for _ in 0..TICKS {
                foreign_sleep(Duration::from_millis(1)).await;
            }
            seen.load(Ordering::SeqCst) - before
        };
        let polls = scope.run(counting(polls, body)).await;
        let polls = polls.expect("the scope waits for what is foreign");
        assert!(polls <= 3 * TICKS + 10, "{polls} polls for {TICKS} ticks");
    });
}

/// EN-09, C6: holders that clean up next to a foreign timer are polled when they are woken, and not when
/// the timer has fired.
pub fn waiting_holders_are_polled_when_they_are_woken(backend: &Backend) {
    const TICKS: usize = 10;
    const HOLDERS: usize = 100;
    run(backend, async {
        let (polls, go_on) = (Arc::new(AtomicUsize::new(0)), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let new = |_| {
            let clean_up = async || go_on.opened().await;
            counting(polls.clone(), finally(blocked(), clean_up))
        };
        let mut holders: FuturesUnordered<_> = (0..HOLDERS).map(new).collect();
        let all = async { while holders.next().await.is_some() {} };
        let ticks = async {
            handle.cancel();
            for _ in 0..TICKS {
                foreign_sleep(Duration::from_millis(1)).await;
            }
            go_on.open();
        };
        assert!(scope.run(join(all, ticks)).await.is_err());
        let polls = polls.load(Ordering::SeqCst);
        assert!(polls <= 5 * HOLDERS, "{polls} polls of {HOLDERS} holders");
    });
}

/// C6: a branch whose hold has lapsed, since its combinator was left pending in a cancelled scope, cleans up
/// where it is polled next, although another branch wins there first.
pub fn a_branch_with_a_lapsed_hold_cleans_up_although_another_wins(backend: &Backend) {
    run(backend, async {
        let (log, won, go_on) = (Log::new(), Gate::new(), Gate::new());
        let loser = finally(blocked(), async || {
            go_on.opened().await;
            log.add("cleaned up");
        });
        let winner = won.opened();
        let mut both = race::<R, _>([loser.boxed(), winner.boxed()]).boxed();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            assert!(poll_once(both.as_mut()).await.is_pending());
            handle.cancel();
            assert!(poll_once(both.as_mut()).await.is_pending());
            // The winner is woken first.
            won.open();
            checkpoint().await;
        });
        assert!(outcome.await.is_err());
        join(both, async {
            yields(1).await;
            go_on.open();
        })
        .await;
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

anyrt_conformance_kit::cases! { engine_stranded: erased,
    a_future_that_wakes_itself_does_not_keep_a_scope: [busy_time],
    a_run_can_say_when_a_holder_is_stranded: [busy_time],
    a_timer_that_starts_again_does_not_keep_a_scope,
    a_holder_that_a_loop_comes_back_to_is_not_stranded,
    busy_tasks_do_not_delay_the_end_of_a_scope,
    a_holder_may_be_stranded_by_the_poll_that_polls_it,
    a_time_limit_ends_although_a_timer_strands_a_holder,
    set_aside_holders_cost_no_polls_per_tick,
    waiting_holders_are_polled_when_they_are_woken,
    a_branch_with_a_lapsed_hold_cleans_up_although_another_wins,
}
