//! A checkpoint lets every task that is ready have a turn, wherever it is called.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::cancel::checkpoint;
use anyrt_core::sync::Semaphore;
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use anyrt_sim::{Config, Policy, Sim, Simulation};

/// Starts three children, and checks after each checkpoint that all of them had a turn.
async fn parent() {
    let turns = Arc::new(AtomicU32::new(0));
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        for _ in 0..3 {
            let turns = turns.clone();
            group.spawn(async move {
                for _ in 0..5 {
                    turns.fetch_add(1, Ordering::Relaxed);
                    checkpoint().await;
                }
            });
        }
        for round in 1..=5 {
            checkpoint().await;
            let turns = turns.load(Ordering::Relaxed);
            assert!(turns >= 3 * round, "{turns} turns in {round} rounds");
        }
    });
    result.await.unwrap();
}

fn policies() -> [Policy; 4] {
    let (depth, steps) = (3, 30);
    [
        Policy::Fifo,
        Policy::Random,
        Policy::Mixed,
        Policy::Pct { depth, steps },
    ]
}

fn check<F: Future<Output = ()>>(main: impl Fn() -> F) {
    for policy in policies() {
        for seed in 0..100 {
            let config = Config::new(seed).policy(policy.clone());
            let result = config.run(main()).result;
            result.unwrap_or_else(|failure| panic!("seed {seed}, {policy:?}: {failure}"));
        }
    }
}

/// With priorities alone, the tasks that keep each other ready could run for all time.
#[test]
fn tasks_that_are_always_ready_let_others_run() {
    let test = || async {
        let (pings, pongs) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(0)));
        let is_over = Arc::new(AtomicU32::new(0));
        let result = task_group::<Sim, Infallible, _, _>(async |group| {
            for (wanted, given) in [(&pings, &pongs), (&pongs, &pings)] {
                let (wanted, given, is_over) = (wanted.clone(), given.clone(), is_over.clone());
                group.spawn(async move {
                    while is_over.load(Ordering::Relaxed) == 0 {
                        wanted.acquire().await.forget();
                        given.release().unwrap();
                    }
                    given.release().unwrap();
                });
            }
            sleep::<Sim>(Duration::from_micros(100)).await;
            is_over.store(1, Ordering::Relaxed);
        });
        result.await.unwrap();
    };
    for seed in 0..200 {
        let outcome = Config::new(seed).max_steps(100_000).run(test());
        outcome.unwrap();
    }
}

#[test]
fn the_seed_decides_between_random_order_and_priorities() {
    let hash = |seed, policy| Config::new(seed).policy(policy).run(parent()).hash;
    let mut others = 0;
    for seed in 0..40 {
        let is_random = hash(seed, Policy::Mixed) == hash(seed, Policy::Random);
        // Priorities may lead to the same order.
        assert!(is_random || seed % 2 == 1, "seed {seed}");
        others += u32::from(!is_random);
        let default = Config::new(seed).run(parent()).hash;
        assert_eq!(default, hash(seed, Policy::Mixed));
    }
    assert!(others >= 10, "{others}");
}

/// Each host's main future has a priority of its own.
#[test]
fn priorities_order_programs_of_main_futures_alone() {
    let order = |seed| {
        let outcome = Config::new(seed).run(async {
            let sim = Simulation::current().unwrap();
            let order = Arc::new(Mutex::new(Vec::new()));
            for name in ["first", "second", "third", "fourth"] {
                let order = order.clone();
                sim.host(name).start(move || {
                    let order = order.clone();
                    async move {
                        sleep::<Sim>(Duration::from_secs(1)).await;
                        order.lock().unwrap().push(name);
                        sleep::<Sim>(Duration::from_secs(2)).await;
                    }
                });
            }
            sleep::<Sim>(Duration::from_secs(2)).await;
            order.lock().unwrap().join(" ")
        });
        (outcome.hash, outcome.unwrap())
    };
    let odd = (0..200).map(|half| order(2 * half + 1));
    let (mut hashes, mut orders): (Vec<_>, Vec<_>) = odd.unzip();
    orders.sort_unstable();
    orders.dedup();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(
        orders.len(),
        24,
        "every order of four is reached: {orders:?}"
    );
    assert!(hashes.len() > 24, "{} different courses", hashes.len());
}

#[test]
fn the_children_of_the_main_future_have_their_turns() {
    check(parent);
}

#[test]
fn the_children_of_a_task_have_their_turns() {
    check(|| async {
        let result = task_group::<Sim, Infallible, _, _>(async |group| {
            group.spawn(parent());
        });
        result.await.unwrap();
    });
}

#[test]
fn the_children_of_the_main_future_of_a_host_have_their_turns() {
    check(|| async {
        let sim = Simulation::current().unwrap();
        sim.host("other").start(parent);
        parent().await;
        sleep::<Sim>(Duration::from_secs(1)).await;
    });
}
