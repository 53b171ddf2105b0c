//! A cache in front of a database.
//!
//! **Bug**: a reader that misses requests the value from the database and puts the answer into the cache. If a writer changes the
//! database and removes the entry while the answer is on its way, the old value stays in the cache.
//!
//! **Found by** the random order. Not by FIFO: the answer arrives before the writer begins.

use std::sync::{Arc, Mutex};

use anyrt::memory_object_stream;
use anyrt::stream::MemoryObjectSendStream;
use anyrt::sync::Promise;

use crate::Version;
use crate::support::{lock, steps};

/// A request to the database.
enum Request {
    Read(Arc<Promise<u32>>),
    Write(u32, Arc<Promise<u32>>),
}

#[derive(Default)]
struct Cache {
    entry: Option<u32>,
    /// The number of times that the entry was removed.
    removals: u32,
}

struct Client {
    database: MemoryObjectSendStream<Request>,
    cache: Mutex<Cache>,
    version: Version,
}

impl Client {
    async fn request(&self, request: impl FnOnce(Arc<Promise<u32>>) -> Request) -> u32 {
        let answer = Arc::new(Promise::new());
        let sent = self.database.send(request(answer.clone())).await;
        sent.expect("the database is there");
        answer.value().await.expect("the database answers")
    }

    async fn read(&self) -> u32 {
        let removals = {
            let cache = lock(&self.cache);
            if let Some(value) = cache.entry {
                return value;
            }
            cache.removals
        };
        let value = self.request(Request::Read).await;
        let mut cache = lock(&self.cache);
        if self.version.is_buggy() || cache.removals == removals {
            cache.entry = Some(value);
        }
        value
    }

    async fn write(&self, value: u32) {
        self.request(|answer| Request::Write(value, answer)).await;
        let mut cache = lock(&self.cache);
        cache.entry = None;
        cache.removals += 1;
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a read that begins after the last write returns an old value.
pub async fn run(version: Version) {
    let (database, requests) = memory_object_stream(0);
    let client = Arc::new(Client {
        database,
        cache: Mutex::default(),
        version,
    });
    let group = anyrt::task_group(async |tg| {
        let server = tg.spawn(async move {
            let mut value = 1;
            while let Ok(request) = requests.receive().await {
                let answer = match request {
                    Request::Read(answer) => answer,
                    Request::Write(new, answer) => {
                        value = new;
                        answer
                    }
                };
                answer.set(value).expect("it is answered once");
            }
        });
        let reader = client.clone();
        let reads = tg.spawn(async move {
            reader.read().await;
        });
        let writer = client.clone();
        let writes = tg.spawn(async move {
            steps(6).await;
            writer.write(2).await;
        });
        reads.wait().await;
        writes.wait().await;
        assert_eq!(client.read().await, 2, "the cache has an old value");
        server.cancel();
    });
    group.await.expect("no task fails");
}
