//! A worker with a queue, and a request to stop it.
//!
//! **Bug**: the worker waits for a job or for the request to stop, and ends at that request. Jobs that were
//! accepted before, and are still in the queue, are forgotten.
//!
//! **Found by** the random order. Not by FIFO: the queue is always empty when the request comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyrt::memory_object_stream;
use anyrt::sync::Event;

use crate::Version;
use crate::support::steps;

/// Runs the program.
///
/// # Panics
///
/// If a job was accepted and not done.
pub async fn run(version: Version) {
    let (sender, jobs) = memory_object_stream(8);
    let stop = Arc::new(Event::new());
    let (accepted, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let group = anyrt::task_group(async |tg| {
        let (stopped, completed) = (stop.clone(), done.clone());
        tg.spawn(async move {
            loop {
                let next = anyrt::race((async { jobs.receive().await.ok() }, async {
                    stopped.wait().await;
                    None
                }));
                match next.await {
                    Some(()) => completed.fetch_add(1, Ordering::Relaxed),
                    None => break,
                };
            }
            // No job is accepted any more; those that were are done.
            if !version.is_buggy() {
                while jobs.try_receive().is_ok() {
                    completed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let accepts = accepted.clone();
        tg.spawn(async move {
            for _ in 0..3 {
                steps(2).await;
                if sender.send(()).await.is_ok() {
                    accepts.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        tg.spawn(async move {
            steps(12).await;
            stop.set();
        });
    });
    group.await.expect("no task fails");
    let counts = [accepted, done].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts[0], counts[1], "a job was accepted and not done");
}
