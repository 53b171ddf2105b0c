//! A pool of connections, whose number a semaphore limits.
//!
//! **Bug**: a checkout takes a permit for good, since the connection is to give it back, and then connects. If it
//! is cancelled meanwhile, there is no connection that could give it back. The correct version gives the permit
//! up only when there is a connection.
//!
//! **Found by** seeds with `Faults::rough`, where connecting can take longer than a caller waits. Not by FIFO in a
//! calm world. The cancellation explorer finds it without any fault.

use std::io;
use std::sync::Arc;

use anyrt::move_on_after;
use anyrt::net::{TcpStream, connect_tcp};
use anyrt::sim::explore::Cut;
use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt::sync::Semaphore;

use crate::Version;
use crate::support::{PORT, ms, start_echo};

const SIZE: usize = 2;

struct Pool(Semaphore);

/// A connection, which gives its permit back.
struct Pooled<'a> {
    stream: TcpStream,
    pool: &'a Pool,
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        self.pool.0.release().expect("there was a permit");
    }
}

impl Pool {
    async fn checkout(&self, version: Version) -> io::Result<Pooled<'_>> {
        let permit = self.0.acquire().await;
        let stream = if version.is_buggy() {
            permit.forget();
            connect_tcp("database", PORT).await?
        } else {
            let stream = connect_tcp("database", PORT).await?;
            permit.forget();
            stream
        };
        Ok(Pooled { stream, pool: self })
    }
}

/// Checks one connection out, which is cut off.
///
/// # Panics
///
/// If the pool has lost a permit.
pub async fn run_cut(version: Version, cut: &Cut) {
    start_echo("database");
    // The database starts.
    anyrt::sleep(ms(1)).await;
    let pool = Pool(Semaphore::new(SIZE));
    drop(cut.around(pool.checkout(version)).await);
    assert_eq!(pool.0.available(), SIZE, "the pool has lost a permit");
}

/// Runs the program.
///
/// # Panics
///
/// If the pool has lost a permit.
pub async fn run(version: Version) {
    start_echo("database");
    // The database starts.
    anyrt::sleep(ms(1)).await;
    let pool = Arc::new(Pool(Semaphore::new(SIZE)));
    let group = anyrt::task_group(async |tg| {
        for _ in 0..4 {
            let pool = pool.clone();
            tg.spawn(async move {
                move_on_after(ms(150), async {
                    let mut connection = pool.checkout(version).await?;
                    connection.stream.send(b"select 1").await?;
                    connection.stream.receive(100).await
                })
                .await;
            });
        }
    });
    group.await.expect("no task fails");
    assert_eq!(pool.0.available(), SIZE, "the pool has lost a permit");
}
