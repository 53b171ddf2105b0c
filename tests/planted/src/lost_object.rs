//! A worker that moves jobs from a queue into a store, one at a time, with a time limit for each.
//!
//! **Bug**: a job is received, the lock of the store is awaited, and then the job is stored. If the limit
//! strikes at the lock, the job is lost: it is neither in the queue nor in the store.
//!
//! **Found by** seeds with `Faults::rough`, where the remote call of the task that has the lock takes longer
//! than the limit. Not by FIFO in a calm world, where it never does. The cancellation explorer finds it
//! without any fault.

use std::sync::Arc;

use anyrt::sim::explore::Cut;
use anyrt::stream::MemoryObjectReceiveStream;
use anyrt::sync::Mutex;
use anyrt::{memory_object_stream, move_on_after};

use crate::Version;
use crate::support::{call, ms, start_echo};

const JOBS: u64 = 5;

/// Moves one job. Returns whether there was one.
async fn move_one(
    jobs: &MemoryObjectReceiveStream<u64>,
    store: &Mutex<Vec<u64>>,
    version: Version,
) -> bool {
    if version.is_buggy() {
        let job = jobs.receive().await;
        let mut store = store.lock().await;
        job.map(|job| store.push(job)).is_ok()
    } else {
        let mut store = store.lock().await;
        let job = jobs.receive().await;
        job.map(|job| store.push(job)).is_ok()
    }
}

/// Moves one job, which is cut off, while another task has the lock.
///
/// # Panics
///
/// If the job was lost.
pub async fn run_cut(version: Version, cut: &Cut) {
    let store = Mutex::new(Vec::new());
    let (sender, jobs) = memory_object_stream(1);
    sender.try_send(1).expect("the queue has room");
    anyrt::gather((
        async {
            let _store = store.lock().await;
            anyrt::sleep(ms(5)).await;
        },
        async {
            anyrt::sleep(ms(1)).await;
            cut.around(move_one(&jobs, &store, version)).await;
        },
    ))
    .await;
    let stored = store.lock().await.len();
    let queued = usize::from(jobs.try_receive().is_ok());
    assert_eq!(stored + queued, 1, "a job was lost");
}

/// Runs the program.
///
/// # Panics
///
/// If a job was lost.
pub async fn run(version: Version) {
    start_echo("backup");
    let store = Arc::new(Mutex::new(Vec::new()));
    let (sender, jobs) = memory_object_stream(0);
    let group = anyrt::task_group(async |tg| {
        let saved = store.clone();
        let backup = tg.spawn(async move {
            loop {
                let store = saved.lock().await;
                drop(call("backup", store.len() as u64).await);
                drop(store);
                anyrt::sleep(ms(5)).await;
            }
        });
        tg.spawn(async move {
            for job in 0..JOBS {
                anyrt::sleep(ms(20)).await;
                drop(sender.send(job).await);
            }
        });
        loop {
            let step = move_on_after(ms(150), move_one(&jobs, &store, version));
            if step.await == Some(false) {
                break;
            }
        }
        backup.cancel();
    });
    group.await.expect("no task fails");
    let stored = store.lock().await.clone();
    assert_eq!(stored.len() as u64, JOBS, "a job was lost: {stored:?}");
}
