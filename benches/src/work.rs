//! Futures that do a piece of work together, each in a task of its own.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use futures_util::future::BoxFuture;

use crate::cases::Side;
use crate::clock::Start;
use crate::lane::{self, Lane, Native};

/// What one task does. Boxed, so that there is one copy of what runs it; both sides pay for that.
pub(crate) type Job = BoxFuture<'static, ()>;

/// Times the jobs that `make` makes for so many operations, from the first spawn to the last end:
/// children of a group, or native tasks that are awaited. A tenth of it goes before, unmeasured.
pub(crate) fn time<L: Lane>(
    side: Side,
    count: usize,
    make: impl Fn(usize) -> Vec<Job>,
) -> Duration {
    let (before, jobs) = (make(count / 10), make(count));
    match side {
        Side::Ours => lane::ours::<L, _>(async move {
            in_group::<L::Runtime>(before).await;
            let start = Start::now();
            in_group::<L::Runtime>(jobs).await;
            start.elapsed()
        }),
        Side::Theirs => lane::native::<L, _, _>(async move |native| {
            in_tasks(&native, before).await;
            let start = Start::now();
            in_tasks(&native, jobs).await;
            start.elapsed()
        }),
    }
}

async fn in_group<R: Runtime>(jobs: Vec<Job>) {
    task_group::<R, Infallible, _, _>(|group| async move {
        for job in jobs {
            group.spawn(job);
        }
    })
    .await
    .expect("nothing cancels the group");
}

async fn in_tasks<N: Native>(native: &N, jobs: Vec<Job>) {
    let tasks: Vec<_> = jobs.into_iter().map(|job| native.spawn(job)).collect();
    for task in tasks {
        task.await;
    }
}
