//! Three tasks that send messages on one connection, which a lock protects.
//!
//! **Bug**: a message is sent as two operations, its header and its body, each with the lock. The body of one
//! task can follow the header of another.
//!
//! **Found by** the random order, since the sender of a small pipe waits for room. Not by FIFO: there the tasks
//! are never in the middle of a message at the same time.

use std::sync::Arc;

use anyrt::stream::{
    BufferedByteStream, ByteSendStreamExt, MemoryByteSendStream, memory_byte_pipe,
};
use anyrt::sync::Mutex;

use crate::Version;
use crate::support::steps;

const BODIES: [&str; 3] = ["a fish", "birds and bees", "cats and dogs"];

async fn send(connection: &Mutex<MemoryByteSendStream>, body: &[u8], version: Version) {
    let header = [body.len() as u8];
    if version.is_buggy() {
        drop(connection.lock().await.send(&header).await);
        drop(connection.lock().await.send(body).await);
    } else {
        let mut connection = connection.lock().await;
        drop(connection.send(&header).await);
        drop(connection.send(body).await);
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a message arrives that was not sent.
pub async fn run(version: Version) {
    let (sender, receiver) = memory_byte_pipe(8);
    let sender = Arc::new(Mutex::new(sender));
    let group = anyrt::task_group(async |tg| {
        for (number, body) in BODIES.into_iter().enumerate() {
            let sender = sender.clone();
            tg.spawn(async move {
                steps(number * 2).await;
                send(&sender, body.as_bytes(), version).await;
            });
        }
        drop(sender);
        let mut receiver = BufferedByteStream::new(receiver);
        while let Ok(header) = receiver.receive_exactly(1).await {
            let length = usize::from(header[0]);
            let body = receiver.receive_exactly(length).await;
            let body = String::from_utf8(body.expect("a message is complete"));
            let body = body.expect("a message is text");
            assert!(
                BODIES.contains(&&*body),
                "a message arrived that was not sent: {body:?}"
            );
        }
    });
    group.await.expect("no task fails");
}
