//! Runs: limits, reports, determinism, replays.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{checkpoint, move_on_after};
use anyrt_core::task::task_group;
use anyrt_core::testing::wait_all_tasks_blocked;
use anyrt_core::thread::to_thread;
use anyrt_core::time::{now, sleep};
use anyrt_sim::{Choices, Clock, Config, Failure, Idle, Policy, Sim, Simulation};

/// Tasks that race for a place in a list: the order depends on the seed.
async fn race_to_a_list() -> Vec<u32> {
    let list = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let group = task_group::<Sim, Infallible, _, _>(async |tg| {
        for number in 0..6 {
            let list = list.clone();
            tg.spawn(async move {
                checkpoint().await;
                to_thread::run::<Sim, _, _>(move || list.lock().unwrap().push(number)).await;
            });
        }
    });
    group.await.unwrap();
    let list = list.lock().unwrap();
    list.clone()
}

#[test]
fn the_seed_decides_the_order() {
    let of = |seed| Config::new(seed).run(race_to_a_list()).unwrap();
    let orders: std::collections::BTreeSet<_> = (0..40).map(of).collect();
    assert!(orders.len() > 20, "{orders:?}");
    assert_eq!(
        (0..40).map(of).collect::<std::collections::BTreeSet<_>>(),
        orders
    );
}

#[test]
fn fifo_has_one_order() {
    let of = |seed| {
        Config::new(seed)
            .policy(Policy::Fifo)
            .run(race_to_a_list())
            .unwrap()
    };
    for seed in 0..10 {
        assert_eq!(of(seed), [0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn priorities_give_few_orders_for_a_small_depth() {
    let policy = Policy::Pct {
        depth: 2,
        steps: 50,
    };
    let of = |seed| {
        Config::new(seed)
            .policy(policy.clone())
            .run(race_to_a_list())
            .unwrap()
    };
    let orders: std::collections::BTreeSet<_> = (0..40).map(of).collect();
    assert!(orders.len() > 5, "{orders:?}");
}

#[test]
fn a_list_of_choices_repeats_a_run() {
    let priorities = Policy::Pct {
        depth: 3,
        steps: 50,
    };
    for seed in 0..20 {
        let config = match seed % 2 {
            0 => Config::new(seed),
            _ => Config::new(seed).policy(priorities.clone()),
        };
        let first = config.run(race_to_a_list());
        let text = first.choices.to_string();
        let choices: Choices = text.parse().unwrap();
        let again = Config::new(seed + 1000)
            .policy(Policy::Replay(choices))
            .run(race_to_a_list());
        assert_eq!(first.hash, again.hash, "{text}");
        assert_eq!(first.unwrap(), again.unwrap());
    }
}

#[test]
fn no_choices_are_the_plain_order() {
    let plain = Config::new(9).policy(Policy::Replay(Choices::default()));
    assert_eq!(plain.run(race_to_a_list()).unwrap(), [0, 1, 2, 3, 4, 5]);
}

/// TI-07: when nothing can go on, time moves to the next deadline, and durations are exact if steps cost nothing.
#[test]
fn a_day_passes_at_once() {
    let start = std::time::Instant::now();
    let outcome = Config::new(0).poll_cost(Duration::ZERO).run(async {
        let start = now::<Sim>();
        sleep::<Sim>(Duration::from_secs(86_400)).await;
        now::<Sim>() - start
    });
    assert_eq!(outcome.stats.advances, 1);
    assert_eq!(outcome.unwrap(), Duration::from_secs(86_400));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_deadlock_is_reported() {
    let outcome = Config::new(11).run(async {
        task_group::<Sim, Infallible, _, _>(async |tg| {
            tg.spawn(pending::<()>());
        })
        .await
    });
    let failure = outcome.result.unwrap_err();
    assert!(matches!(failure, Failure::Deadlock(_)), "{failure}");
    let text = failure.to_string();
    assert!(
        text.contains("seed 11") && text.contains("runs.rs"),
        "{text}"
    );
}

#[test]
fn limits_end_a_run() {
    let forever = || async {
        loop {
            sleep::<Sim>(Duration::from_secs(1)).await;
        }
    };
    let outcome = Config::new(1)
        .time_limit(Duration::from_secs(600))
        .run(forever());
    let report = outcome.result.unwrap_err();
    assert!(
        matches!(&report, Failure::TimeLimit(report) if report.at <= Duration::from_secs(600)),
        "{report}"
    );
    let outcome = Config::new(1).max_steps(50).run(forever());
    assert!(matches!(outcome.result, Err(Failure::StepLimit(report)) if report.steps == 50));
}

#[test]
fn a_loop_that_is_always_ready_ends_by_its_cost() {
    let busy = || async {
        move_on_after::<Sim, _>(Duration::from_millis(5), async {
            loop {
                checkpoint().await;
            }
        })
        .await
    };
    let outcome = Config::new(1).run(busy());
    assert_eq!(outcome.unwrap(), None);
    let outcome = Config::new(1).poll_cost(Duration::ZERO).run(busy());
    let failure = outcome.result.unwrap_err();
    assert!(matches!(failure, Failure::NoProgress(_)), "{failure}");
}

#[test]
fn a_panic_is_the_failure() {
    let outcome = Config::new(1).run(async { panic!("of the program") });
    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.to_string(), "panicked: of the program");
}

#[test]
fn a_thread_outside_may_not_wake_a_task() {
    let outcome = Config::new(1).run(async {
        let (sender, receiver) = futures_channel();
        std::thread::spawn(move || sender.send());
        receiver.await;
    });
    let failure = outcome.result.unwrap_err();
    assert!(matches!(failure, Failure::ForeignWake(_)), "{failure}");
    let text = failure.to_string();
    assert!(
        text.contains("to_thread") && text.contains("Raise::send"),
        "{text}"
    );
}

/// A flag that a thread raises, and a future that waits for it.
fn futures_channel() -> (Raise, impl Future<Output = ()>) {
    let state = std::sync::Arc::new(std::sync::Mutex::new((false, None::<std::task::Waker>)));
    let raise = Raise(state.clone());
    let mut polled = false;
    let wait = std::future::poll_fn(move |cx| {
        let mut state = state.lock().unwrap();
        if state.0 {
            return std::task::Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        drop(state);
        if !std::mem::replace(&mut polled, true) {
            // So that the run is not a deadlock before the thread has started.
            std::thread::sleep(Duration::from_millis(50));
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    });
    (raise, wait)
}

struct Raise(std::sync::Arc<std::sync::Mutex<(bool, Option<std::task::Waker>)>>);

impl Raise {
    fn send(self) {
        let waker = loop {
            if let Some(waker) = self.0.lock().unwrap().1.take() {
                break waker;
            }
            std::thread::yield_now();
        };
        waker.wake();
        std::thread::sleep(Duration::from_millis(20));
        self.0.lock().unwrap().0 = true;
    }
}

#[test]
fn chance_from_elsewhere_is_found() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let chance = || async {
        let turns = CALLS.fetch_add(1, Ordering::Relaxed) * 7 % 3;
        for _ in 0..turns {
            checkpoint().await;
        }
        sleep::<Sim>(Duration::from_secs(1 + turns)).await;
    };
    let difference = Config::new(1).check_determinism(chance).unwrap_err();
    assert!(
        difference.to_string().contains("differ after"),
        "{difference}"
    );
    Config::new(1).check_determinism(race_to_a_list).unwrap();
}

#[test]
fn quiet_is_exact_and_moves_no_timer() {
    let outcome = Config::new(8).run(async {
        task_group::<Sim, Infallible, _, _>(async |tg| {
            let next = tg.spawn(async {
                sleep::<Sim>(Duration::from_millis(1)).await;
                Ok(())
            });
            for _ in 0..20 {
                wait_all_tasks_blocked::<Sim>().await;
            }
            assert!(!next.is_finished());
            Ok(())
        })
        .await
    });
    outcome.unwrap().unwrap();
}

#[test]
fn notes_are_part_of_the_events() {
    let noting = |text: &'static str| {
        Config::new(1).keep_events(true).run(async move {
            Simulation::current().unwrap().note(text);
        })
    };
    let (one, other) = (noting("one"), noting("other"));
    assert_ne!(one.hash, other.hash);
    assert!(one.events.iter().any(|event| event.text() == Some("one")));
}

/// TI-06: the clock stands still until it is moved, and sleeps obey it.
#[test]
fn a_manual_clock_moves_by_hand() {
    let config = Config::new(1)
        .clock(Clock::Manual)
        .poll_cost(Duration::ZERO);
    let outcome = config.run(async {
        let clock = Simulation::current().unwrap().clock();
        let group = task_group::<Sim, Infallible, _, _>(async |tg| {
            let first = tg.spawn(async {
                sleep::<Sim>(Duration::from_secs(10)).await;
                Ok(now::<Sim>())
            });
            wait_all_tasks_blocked::<Sim>().await;
            assert_eq!(clock.next_deadline(), Some(Duration::from_secs(10)));
            clock.advance(Duration::from_secs(9));
            wait_all_tasks_blocked::<Sim>().await;
            assert!(!first.is_finished());
            clock.advance(Duration::from_secs(5));
            let woken = first.value().await;
            assert_eq!(clock.elapsed(), Duration::from_secs(14));
            Ok(now::<Sim>() - woken)
        });
        group.await.unwrap()
    });
    assert_eq!(outcome.unwrap(), Duration::ZERO);
}

#[test]
fn a_manual_clock_that_nothing_moves_is_a_deadlock() {
    let outcome = Config::new(1)
        .clock(Clock::Manual)
        .run(sleep::<Sim>(Duration::from_secs(1)));
    assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
}

#[test]
fn a_scaled_clock_follows_real_time() {
    let start = std::time::Instant::now();
    let outcome = Config::new(1).clock(Clock::Scaled(100.0)).run(async {
        let start = now::<Sim>();
        sleep::<Sim>(Duration::from_secs(5)).await;
        now::<Sim>() - start
    });
    assert!(outcome.unwrap() >= Duration::from_secs(5));
    let real = start.elapsed();
    assert!(real >= Duration::from_millis(45), "{real:?}");
}

#[test]
fn threads_outside_may_take_part_where_that_is_allowed() {
    let outcome = Config::new(1)
        .idle(Idle::Wait(Duration::from_secs(20)))
        .run(async {
            let (raise, raised) = futures_channel();
            std::thread::spawn(move || raise.send());
            raised.await;
        });
    outcome.unwrap();
}
