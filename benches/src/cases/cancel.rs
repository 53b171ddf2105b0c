//! Cancelling blocked tasks, and waiting until they have ended.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::futures::{Blocked, Countdown};
use crate::setup::{self, AsyncStdShared, Native, Setup, SmolOne, SmolTwo, TokioCurrent, TokioTwo};

const TASKS: usize = 100_000;

pub(super) fn add(cases: &mut Vec<Case>) {
    against_peers::<TokioCurrent>(cases);
    against_peers::<TokioTwo>(cases);
    against_plain::<SmolOne>(cases);
    against_plain::<SmolTwo>(cases);
    against_plain::<AsyncStdShared>(cases);
}

fn against_peers<L: Setup<Native = setup::Tokio>>(cases: &mut Vec<Case>) {
    cases.push(Case::new(
        "cancel and join blocked tasks",
        L::NAME,
        "JoinSet::abort_all + join_next",
        TASKS,
        Floor::Ratio(1.00),
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(group::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| join_set(count)),
        },
    ));
    cases.push(Case::new(
        "cancel and join blocked tasks",
        L::NAME,
        "TaskTracker + CancellationToken",
        TASKS,
        Floor::None,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(group::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| tracker(count)),
        },
    ));
}

fn against_plain<L: Setup>(cases: &mut Vec<Case>) {
    cases.push(Case::new(
        "cancel and join blocked tasks",
        L::NAME,
        "cancel + await each handle",
        TASKS,
        Floor::None,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(group::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|native| handles(native, count)),
        },
    ));
}

pub(crate) async fn group<R: Runtime>(count: usize) -> Duration {
    let start = task_group::<R, Infallible, _, _>(|group| async move {
        let countdown = Countdown::new(count);
        for _ in 0..count {
            group.spawn(<Blocked>::new(&countdown));
        }
        countdown.wait().await;
        let start = Start::now();
        group.cancel();
        Ok(start)
    })
    .await;
    start.expect("the body ends by itself").elapsed()
}

pub(crate) async fn join_set(count: usize) -> Duration {
    let mut set = JoinSet::new();
    let countdown = Countdown::new(count);
    for _ in 0..count {
        set.spawn(<Blocked>::new(&countdown));
    }
    countdown.wait().await;
    let start = Start::now();
    set.abort_all();
    while set.join_next().await.is_some() {}
    start.elapsed()
}

async fn tracker(count: usize) -> Duration {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    let countdown = Countdown::new(count);
    for _ in 0..count {
        let token = token.clone();
        tracker.spawn(token.run_until_cancelled_owned(<Blocked>::new(&countdown)));
    }
    countdown.wait().await;
    tracker.close();
    let start = Start::now();
    token.cancel();
    tracker.wait().await;
    start.elapsed()
}

async fn handles<N: Native>(native: N, count: usize) -> Duration {
    let mut tasks = Vec::with_capacity(count);
    let countdown = Countdown::new(count);
    for _ in 0..count {
        tasks.push(native.spawn(<Blocked>::new(&countdown)));
    }
    countdown.wait().await;
    let start = Start::now();
    N::cancel_all(tasks).await;
    start.elapsed()
}
