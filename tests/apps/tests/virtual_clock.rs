//! The clock of a simulation, for programs on the facade.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::time::Duration;

use anyrt::sim::{Clock, Config, Simulation};
use anyrt::testing::wait_all_tasks_blocked;

const DAY: Duration = Duration::from_secs(86_400);

/// TI-06: time stands still until it is moved, then sleeps and deadlines obey it.
#[test]
fn a_clock_moves_by_hand() {
    let config = Config::new(1)
        .clock(Clock::Manual)
        .poll_cost(Duration::ZERO);
    let (slept, limited) = config
        .run(async {
            let clock = Simulation::current().unwrap().clock();
            let start = anyrt::now();
            anyrt::task_group(async |tg| {
                let sleeper = tg.spawn(async move {
                    anyrt::sleep(DAY).await;
                    Ok::<_, std::convert::Infallible>(anyrt::now() - start)
                });
                let limited = tg.spawn(async move {
                    anyrt::move_on_after(DAY / 2, anyrt::sleep(2 * DAY)).await;
                    Ok(anyrt::now() - start)
                });
                wait_all_tasks_blocked().await;
                assert_eq!(anyrt::now(), start, "time passes only by hand");
                assert_eq!(clock.next_deadline(), Some(DAY / 2));
                clock.advance(DAY / 2);
                wait_all_tasks_blocked().await;
                assert!(limited.is_finished() && !sleeper.is_finished());
                clock.advance(DAY / 2);
                Ok((sleeper.value().await, limited.value().await))
            })
            .await
            .unwrap()
        })
        .unwrap();
    assert_eq!((slept, limited), (DAY, DAY / 2));
}

/// TI-07: when every task is blocked, time moves to the next deadline: long sleeps take almost no real time, and
/// virtual durations are exact.
#[test]
fn a_clock_moves_by_itself() {
    let began = std::time::Instant::now();
    let config = Config::new(1).poll_cost(Duration::ZERO);
    let slept = config.run(async {
        let start = anyrt::now();
        for _ in 0..365 {
            anyrt::sleep(DAY).await;
        }
        anyrt::now() - start
    });
    assert_eq!(slept.unwrap(), 365 * DAY);
    assert!(began.elapsed() < Duration::from_secs(30));
}
