//! A supervisor that starts services in order, waits until each is ready, restarts services that fail, and
//! can list at any time those that are alive.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyrt::{GroupError, GroupOptions, Started};

#[derive(Debug, PartialEq)]
enum Failure {
    NoAddress,
    Crashed(u32),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoAddress => f.write_str("no address"),
            Failure::Crashed(times) => write!(f, "crashed {times} times"),
        }
    }
}

/// Reports that it is ready at once, crashes a few times, and then runs until it is cancelled.
async fn service(
    started: Started<u16>,
    address: Option<u16>,
    crashes: Arc<AtomicU32>,
) -> Result<(), Failure> {
    let address = address.ok_or(Failure::NoAddress)?;
    started.started(address);
    restart(3, || async {
        if crashes.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Err(());
        }
        anyrt::sleep_forever().await
    })
    .await
}

/// Runs a service again when it fails, up to `limit` times.
async fn restart<Fut>(limit: u32, mut run: impl FnMut() -> Fut) -> Result<(), Failure>
where
    Fut: Future<Output = Result<(), ()>>,
{
    for _ in 0..limit {
        if run().await.is_ok() {
            return Ok(());
        }
        anyrt::sleep(Duration::from_millis(1)).await;
    }
    Err(Failure::Crashed(limit))
}

fn crashes(count: u32) -> Arc<AtomicU32> {
    Arc::new(AtomicU32::new(count))
}

#[anyrt::test]
async fn services_are_ready_one_after_the_other() {
    let supervisor = GroupOptions::new().name("services").run(async |tg| {
        let database = tg
            .start(|started| service(started, Some(5432), crashes(0)))
            .await?;
        let web = tg
            .start(|started| service(started, Some(80), crashes(2)))
            .await?;
        anyrt::testing::wait_all_tasks_blocked().await;
        assert_eq!(tg.living(), 2);
        let picture = anyrt::task::tree().expect("a run").to_string();
        assert!(picture.contains("group `services`"), "{picture}");
        tg.cancel();
        Ok([database, web])
    });
    assert_eq!(supervisor.await.unwrap(), [5432, 80]);
}

#[anyrt::test]
async fn a_service_that_cannot_start_is_the_starters_business() {
    let supervisor = anyrt::task_group(async |tg| {
        let failed = tg.start(|started| service(started, None, crashes(0))).await;
        assert_eq!(failed, Err(Failure::NoAddress));
        Ok(())
    });
    supervisor.await.unwrap();
}

#[anyrt::test]
async fn a_service_that_keeps_crashing_ends_the_others() {
    let supervisor = anyrt::task_group(async |tg| {
        tg.start(|started| service(started, Some(80), crashes(0)))
            .await?;
        tg.start(|started| service(started, Some(81), crashes(100)))
            .await?;
        Ok(())
    });
    match supervisor.await.unwrap_err() {
        GroupError::Failed(failures) => assert_eq!(failures[..], [Failure::Crashed(3)]),
        other => panic!("{other}"),
    }
}
