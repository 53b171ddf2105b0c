//! A checkpoint lets every task that is ready have a turn, wherever it is called.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyrt_core::cancel::checkpoint;
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

fn policies() -> [Policy; 3] {
    let (depth, steps) = (3, 30);
    [Policy::Fifo, Policy::Random, Policy::Pct { depth, steps }]
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
