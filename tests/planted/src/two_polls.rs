//! A loop that receives jobs by a hand-written future, and commands beside it, with a `select` of another crate.
//!
//! **Bug**: the future takes a job in one poll and stores it in the next, so that each poll does little.
//! `select` drops it in between if a command is there, and the job is lost.
//!
//! **Found by** the random order. Not by FIFO: there, the command is always the last to arrive. The
//! cancellation explorer finds it by dropping the future; a scope polls it once more before it interrupts it.

use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, ready};

use anyrt::memory_object_stream;
use anyrt::sim::explore::Cut;
use anyrt::stream::{MemoryObjectReceiveStream, ReceiveError, ReceiveObject};
use futures_util::future::{Either, select};

use crate::Version;
use crate::support::{lock, steps};

const JOBS: u32 = 4;

/// Receives one job and stores it.
struct StoreNext<'a> {
    receiving: ReceiveObject<'a, u32>,
    taken: Option<u32>,
    store: &'a Mutex<Vec<u32>>,
    version: Version,
}

impl Future for StoreNext<'_> {
    type Output = Result<(), ReceiveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(job) = self.taken.take() {
            lock(self.store).push(job);
            return Poll::Ready(Ok(()));
        }
        match ready!(Pin::new(&mut self.receiving).poll(cx)) {
            Ok(job) if self.version.is_buggy() => {
                self.taken = Some(job);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ok(job) => {
                lock(self.store).push(job);
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

async fn serve(
    jobs: &MemoryObjectReceiveStream<u32>,
    commands: &MemoryObjectReceiveStream<&str>,
    store: &Mutex<Vec<u32>>,
    version: Version,
) {
    let mut has_commands = true;
    loop {
        let next = StoreNext {
            receiving: jobs.receive(),
            taken: None,
            store,
            version,
        };
        let stored = if has_commands {
            match select(next, pin!(commands.receive())).await {
                Either::Left((stored, _)) => stored,
                Either::Right((command, _)) => {
                    has_commands = command.is_ok();
                    continue;
                }
            }
        } else {
            next.await
        };
        if stored.is_err() {
            return;
        }
    }
}

/// Receives and stores one job, which is cut off.
///
/// # Panics
///
/// If the job was lost.
pub async fn run_cut(version: Version, cut: &Cut) {
    let store = Mutex::new(Vec::new());
    let (sender, jobs) = memory_object_stream(1);
    sender.try_send(1).expect("the queue has room");
    let next = StoreNext {
        receiving: jobs.receive(),
        taken: None,
        store: &store,
        version,
    };
    cut.around(next).await;
    let queued = usize::from(jobs.try_receive().is_ok());
    let stored = lock(&store).len();
    assert_eq!(stored + queued, 1, "a job was lost");
}

/// Runs the program.
///
/// # Panics
///
/// If a job was lost.
pub async fn run(version: Version) {
    let store = Mutex::new(Vec::new());
    let (sender, jobs) = memory_object_stream(0);
    let (commander, commands) = memory_object_stream(1);
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async move {
            for job in 0..JOBS {
                steps(2).await;
                drop(sender.send(job).await);
            }
        });
        tg.spawn(async move {
            steps(10).await;
            drop(commander.send("reload").await);
        });
        serve(&jobs, &commands, &store, version).await;
    });
    group.await.expect("no task fails");
    let stored = lock(&store).len();
    assert_eq!(stored, JOBS as usize, "a job was lost");
}
