//! Consumers of a queue that wait for a condition.
//!
//! **Bug**: a consumer that was notified assumes that there is an object. But another consumer, which was not
//! waiting, may have taken it before the first one has the lock again. A condition is waited for in a loop.
//!
//! **Found by** the random order. Not by FIFO: the consumers come one after the other.

use std::sync::Arc;

use anyrt::sync::{Condition, Mutex};

use crate::Version;
use crate::support::steps;

type Queue = Condition<Arc<Mutex<Vec<u32>>>>;

async fn consume(queue: &Queue, version: Version) -> u32 {
    let mut objects = queue.mutex().lock().await;
    if version.is_buggy() {
        if objects.is_empty() {
            objects = queue.wait(objects).await;
        }
        objects
            .pop()
            .expect("a notification means that there is an object")
    } else {
        queue.wait_for(objects, Vec::pop).await.1
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a consumer finds no object.
pub async fn run(version: Version) {
    let queue: Arc<Queue> = Arc::new(Condition::new(Arc::default()));
    let group = anyrt::task_group(async |tg| {
        for number in 0..3 {
            let queue = queue.clone();
            tg.spawn(async move {
                steps(number * 3).await;
                consume(&queue, version).await;
            });
        }
        for object in 0..3 {
            steps(2).await;
            let mut objects = queue.mutex().lock().await;
            objects.push(object);
            queue.notify(&objects, 1);
        }
    });
    group.await.expect("no task fails");
}
