//! Spawning tasks that yield once, and waiting for all of them.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::futures::{Countdown, YieldOnce};
use crate::setup::{self, AsyncStdShared, Native, Setup, SmolOne, SmolTwo, TokioCurrent, TokioTwo};

const TASKS: usize = 100_000;

/// The number of concurrent tasks: all of a round, or so few that they stay in the processor's caches
/// and the cost of the group itself is visible.
const SIZES: [usize; 2] = [TASKS, 1_000];

pub(super) fn add(cases: &mut Vec<Case>) {
    for size in SIZES {
        against_plain::<TokioCurrent>(cases, size, 1.30, 1.60);
        against_plain::<TokioTwo>(cases, size, 1.15, 1.60);
        against_plain::<SmolOne>(cases, size, 1.45, 1.25);
        against_plain::<SmolTwo>(cases, size, 1.45, 1.25);
        against_plain::<AsyncStdShared>(cases, size, 1.45, 1.25);
        against_peers::<TokioCurrent>(cases, size, Floor::None);
        against_peers::<TokioTwo>(cases, size, Floor::Ratio(1.00));
    }
}

fn name(what: &str, size: usize) -> String {
    match size {
        TASKS => format!("spawn and join, {what}"),
        _ => format!("spawn and join, {what}, {size} at once"),
    }
}

fn against_plain<L: Setup>(cases: &mut Vec<Case>, size: usize, counted: f64, awaited: f64) {
    cases.push(Case::new(
        name("no handles", size),
        L::NAME,
        "spawn + shared counter",
        TASKS,
        Floor::Ratio(counted),
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, counter),
        },
    ));
    cases.push(Case::new(
        name("handles", size),
        L::NAME,
        "spawn + await each handle",
        TASKS,
        Floor::Ratio(awaited),
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group_handles::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, handles),
        },
    ));
}

/// Compares with `JoinSet` and `TaskTracker`, which exist on tokio alone.
fn against_peers<L: Setup<Native = setup::Tokio>>(
    cases: &mut Vec<Case>,
    size: usize,
    join_set_floor: Floor,
) {
    cases.push(Case::new(
        name("no handles", size),
        L::NAME,
        "JoinSet::spawn + join_next",
        TASKS,
        join_set_floor,
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, |_, count| join_set(count)),
        },
    ));
    cases.push(Case::new(
        name("handles", size),
        L::NAME,
        "JoinSet::spawn + join_next",
        TASKS,
        join_set_floor,
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group_handles::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, |_, count| join_set_values(count)),
        },
    ));
    cases.push(Case::new(
        name("no handles", size),
        L::NAME,
        "TaskTracker + CancellationToken",
        TASKS,
        Floor::Ratio(0.90),
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, |_, count| tracker(count)),
        },
    ));
    cases.push(Case::new(
        name("handles", size),
        L::NAME,
        "TaskTracker + CancellationToken",
        TASKS,
        Floor::Ratio(0.90),
        move |side, count| match side {
            Side::Ours => ours::<L, _>(count, size, group_handles::<L::Runtime>),
            Side::Theirs => native::<L, _>(count, size, |_, count| tracker_handles(count)),
        },
    ));
}

/// Runs an operation for `count` tasks, of which at most `size` exist at once.
async fn in_parts<Fut: Future<Output = ()>>(
    count: usize,
    size: usize,
    operation: impl Fn(usize) -> Fut,
) {
    let mut left = count;
    while left > 0 {
        let part = left.min(size);
        operation(part).await;
        left -= part;
    }
}

/// Times an operation after a warm-up of the runtime, the allocator and the caches.
fn ours<L, Fut>(count: usize, size: usize, operation: fn(usize) -> Fut) -> Duration
where
    L: Setup,
    Fut: Future<Output = ()> + Send + 'static,
{
    setup::ours::<L, _>(async move {
        in_parts(count / 10, size, operation).await;
        let start = Start::now();
        in_parts(count, size, operation).await;
        start.elapsed()
    })
}

fn native<L, Fut>(count: usize, size: usize, operation: fn(L::Native, usize) -> Fut) -> Duration
where
    L: Setup,
    Fut: Future<Output = ()> + Send + 'static,
{
    setup::native::<L, _, _>(async move |native| {
        let operation = |count| operation(native.clone(), count);
        in_parts(count / 10, size, operation).await;
        let start = Start::now();
        in_parts(count, size, operation).await;
        start.elapsed()
    })
}

/// The way to wait for the end of the tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Join {
    /// By the group, or with a shared counter.
    Counted,
    /// By awaiting each handle.
    Handles,
}

impl Join {
    /// Returns the name on command lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Join::Counted => "counted",
            Join::Handles => "handles",
        }
    }
}

/// Spawns and joins tasks once, without a warm-up or a clock, for counting instructions.
pub(crate) fn spawn_and_join<L: Setup>(join: Join, side: Side, count: usize) {
    match (side, join) {
        (Side::Ours, Join::Counted) => setup::ours::<L, _>(group::<L::Runtime>(count)),
        (Side::Ours, Join::Handles) => setup::ours::<L, _>(group_handles::<L::Runtime>(count)),
        (Side::Theirs, Join::Counted) => setup::native::<L, _, _>(|n| counter(n, count)),
        (Side::Theirs, Join::Handles) => setup::native::<L, _, _>(|n| handles(n, count)),
    }
}

// ---- ours ----

async fn group<R: Runtime>(count: usize) {
    task_group::<R, Infallible, _, _>(|group| async move {
        for _ in 0..count {
            group.spawn(YieldOnce::default());
        }
    })
    .await
    .expect("nothing cancels the group");
}

async fn group_handles<R: Runtime>(count: usize) {
    let sum = task_group::<R, Infallible, _, _>(|group| async move {
        let mut handles = Vec::with_capacity(count);
        for number in 0..count {
            handles.push(group.spawn(async move {
                YieldOnce::default().await;
                Ok(number)
            }));
        }
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.expect("nothing cancels the task");
        }
        Ok(sum)
    })
    .await;
    black_box(sum.expect("nothing cancels the group"));
}

// ---- theirs ----

async fn counter<N: Native>(native: N, count: usize) {
    let countdown = Countdown::new(count);
    for _ in 0..count {
        let countdown = countdown.clone();
        native.detach(async move {
            YieldOnce::default().await;
            countdown.count();
        });
    }
    if count > 0 {
        countdown.wait().await;
    }
}

async fn handles<N: Native>(native: N, count: usize) {
    let mut tasks = Vec::with_capacity(count);
    for number in 0..count {
        tasks.push(native.spawn(async move {
            YieldOnce::default().await;
            number
        }));
    }
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    black_box(sum);
}

async fn join_set(count: usize) {
    let mut set = JoinSet::new();
    for _ in 0..count {
        set.spawn(YieldOnce::default());
    }
    while let Some(joined) = set.join_next().await {
        joined.expect("nothing cancels the task");
    }
}

async fn join_set_values(count: usize) {
    let mut set = JoinSet::new();
    for number in 0..count {
        set.spawn(async move {
            YieldOnce::default().await;
            number
        });
    }
    let mut sum = 0;
    while let Some(joined) = set.join_next().await {
        sum += joined.expect("nothing cancels the task");
    }
    black_box(sum);
}

async fn tracker(count: usize) {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    for _ in 0..count {
        let token = token.clone();
        tracker.spawn(token.run_until_cancelled_owned(YieldOnce::default()));
    }
    tracker.close();
    tracker.wait().await;
}

async fn tracker_handles(count: usize) {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    let mut handles = Vec::with_capacity(count);
    for number in 0..count {
        let task = async move {
            YieldOnce::default().await;
            number
        };
        handles.push(tracker.spawn(token.clone().run_until_cancelled_owned(task)));
    }
    let mut sum = 0;
    for handle in handles {
        let value = handle.await.expect("nothing aborts the task");
        sum += value.expect("nothing cancels the task");
    }
    tracker.close();
    tracker.wait().await;
    black_box(sum);
}
