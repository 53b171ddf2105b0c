//! A gate that tasks wait at until it is opened.
//!
//! **Bug**: a task finds the gate closed, writes a line to a log, which may wait for room, and then joins the
//! list of those that wait, without a second look at the gate. If it was opened meanwhile, the wake-up is lost.
//!
//! **Found by** the random order, as a deadlock. Not by FIFO. In a simulation a task is polled without
//! interruption: a wake-up that is lost between two instructions of one poll is not found, only one that is
//! lost between two polls. For the former there is loom.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyrt::memory_object_stream;
use anyrt::stream::MemoryObjectSendStream;
use anyrt::sync::Event;

use crate::Version;
use crate::support::{lock, steps};

#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waiting: Mutex<Vec<Arc<Event>>>,
}

impl Gate {
    fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
        for event in lock(&self.waiting).drain(..) {
            event.set();
        }
    }

    async fn pass(&self, log: &MemoryObjectSendStream<&str>, version: Version) {
        if self.is_open() {
            return;
        }
        drop(log.send("a task waits at the gate").await);
        if !version.is_buggy() && self.is_open() {
            return;
        }
        let event = Arc::new(Event::new());
        lock(&self.waiting).push(event.clone());
        event.wait().await;
    }
}

/// Runs the program.
///
/// # Panics
///
/// Never: a lost wake-up is a deadlock.
pub async fn run(version: Version) {
    let gate = Arc::new(Gate::default());
    let (log, lines) = memory_object_stream(1);
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async move { while lines.receive().await.is_ok() {} });
        for _ in 0..3 {
            let (gate, log) = (gate.clone(), log.clone());
            tg.spawn(async move { gate.pass(&log, version).await });
        }
        drop(log);
        tg.spawn(async move {
            // The preparations for the opening.
            steps(6).await;
            gate.open();
        });
    });
    group.await.expect("no task fails");
}
