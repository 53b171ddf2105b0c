//! A service with workers: when it is stopped, each finishes its current item, and begins no other; workers
//! that take too long are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::CancelScope;

#[derive(Clone, Default)]
struct Counts {
    taken: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Counts {
    fn read(&self) -> [usize; 3] {
        [&self.taken, &self.finished, &self.closed].map(|count| count.load(Ordering::SeqCst))
    }
}

/// Takes items until it is cancelled, and finishes an item that it has begun.
async fn worker(counts: Counts, item: Duration) {
    let work = async {
        loop {
            counts.taken.fetch_add(1, Ordering::SeqCst);
            anyrt::shield(async {
                anyrt::sleep(item).await;
                counts.finished.fetch_add(1, Ordering::SeqCst);
            })
            .await;
            anyrt::checkpoint().await;
        }
    };
    anyrt::finally(work, async || {
        anyrt::checkpoint().await;
        counts.closed.fetch_add(1, Ordering::SeqCst);
    })
    .await
}

async fn service(counts: Counts, item: Duration) {
    let workers = anyrt::task_group(async |tg| {
        for number in 0..4 {
            tg.task()
                .name(format!("worker {number}"))
                .spawn(worker(counts.clone(), item));
        }
    });
    workers.await.expect("workers do not fail");
}

#[anyrt::test]
async fn begun_items_are_finished() {
    let counts = Counts::default();
    let scope = CancelScope::new();
    let stop = scope.handle();
    let stopped = anyrt::gather((
        scope.run(service(counts.clone(), Duration::from_millis(3))),
        async {
            anyrt::sleep(Duration::from_millis(20)).await;
            stop.cancel_with("maintenance");
        },
    ));
    let (ended, ()) = stopped.await;
    assert_eq!(ended.unwrap_err().reason(), Some("maintenance"));
    let [taken, finished, closed] = counts.read();
    assert!(taken >= 4);
    assert_eq!((finished, closed), (taken, 4));
}

#[anyrt::test]
async fn a_grace_period_ends_what_takes_too_long() {
    let counts = Counts::default();
    let scope = CancelScope::new();
    let stop = scope.handle();
    let stopped = anyrt::gather((
        scope.run(service(counts.clone(), Duration::from_secs(3600))),
        async {
            anyrt::testing::wait_all_tasks_blocked().await;
            stop.cancel_within(Duration::from_millis(20));
        },
    ));
    let (ended, ()) = stopped.await;
    assert!(ended.is_err());
    assert_eq!(counts.read(), [4, 0, 0]);
}
