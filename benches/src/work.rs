//! Futures that share a piece of work, each in a separate task.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use futures_util::future::BoxFuture;

use crate::clock::Start;
use crate::setup::{self, Native, Setup, Side};

/// The work of one task. It is boxed, so that there is one copy of the code that runs it; both sides pay
/// for that.
pub(crate) type Job = BoxFuture<'static, ()>;

/// The tasks that run anyrt's jobs. The peer's jobs always run in native tasks.
#[derive(Clone, Copy)]
pub(crate) enum Tasks {
    /// Tasks of anyrt, as in a program that uses it: their cost is in the ratio.
    Own,
    /// Native tasks too: only the operation itself differs.
    Same,
}

impl Tasks {
    pub(crate) const BOTH: [Tasks; 2] = [Tasks::Own, Tasks::Same];

    /// Returns the suffix of a case with these tasks.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Tasks::Own => "",
            Tasks::Same => ", same tasks",
        }
    }
}

/// Times the jobs that `make` makes for `count` operations, from the first spawn to the last end:
/// children of a group, or native tasks that are awaited. A tenth of the operations runs first,
/// unmeasured.
pub(crate) fn time<L: Setup>(
    tasks: Tasks,
    side: Side,
    count: usize,
    make: impl Fn(usize) -> Vec<Job>,
) -> Duration {
    let (before, jobs) = (make(count / 10), make(count));
    match (tasks, side) {
        (Tasks::Own, Side::Ours) => setup::ours::<L, _>(async move {
            in_group::<L::Runtime>(before).await;
            let start = Start::now();
            in_group::<L::Runtime>(jobs).await;
            start.elapsed()
        }),
        (Tasks::Same, _) | (_, Side::Theirs) => setup::native::<L, _, _>(async move |native| {
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
