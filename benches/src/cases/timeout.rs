//! A time limit around a future.

use std::future::{poll_fn, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::fail_after;
use anyrt_core::runtime::Time;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::futures::{ReadySecond, YieldOnce};
use crate::setup::{self, AsyncStdShared, Native, Setup, SmolOne, TokioCurrent};

const CALLS: usize = 100_000;
const POLLS: usize = 1_000_000;

/// A limit so long that no timer fires.
const LIMIT: Duration = Duration::from_secs(3600);

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases, "tokio::time::timeout", Floor::Ratio(1.00));
    add_on::<SmolOne>(cases, "race with async_io::Timer", Floor::None);
    add_on::<AsyncStdShared>(cases, "race with async_io::Timer", Floor::None);
}

fn add_on<L: Setup>(cases: &mut Vec<Case>, theirs: &'static str, floor: Floor) {
    let mut add_with = |name: &str, count, floor, run: fn(Side, usize) -> Duration| {
        cases.push(Case::new(name, L::NAME, theirs, count, floor, run));
    };
    // The future is pending once, in one poll of the task, so that neither side includes a wake-up.
    let pending_once = match floor {
        Floor::Ratio(_) => Floor::Ratio(1.05),
        other => other,
    };
    add_with(
        "timeout, ready on its second poll",
        CALLS,
        pending_once,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(second_ours::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| second_theirs::<L::Native>(count)),
        },
    );
    let mut add = |name: &str, count, run| add_with(name, count, floor, run);
    add("timeout, ready at once", CALLS, |side, count| match side {
        Side::Ours => setup::ours::<L, _>(ready_ours::<L::Runtime>(count)),
        Side::Theirs => setup::native::<L, _, _>(|_| ready_theirs::<L::Native>(count)),
    });
    add("timeout, yields once", CALLS, |side, count| match side {
        Side::Ours => setup::ours::<L, _>(yields_ours::<L::Runtime>(count)),
        Side::Theirs => setup::native::<L, _, _>(|_| yields_theirs::<L::Native>(count)),
    });
    add(
        "timeout, pending and dropped",
        CALLS,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(dropped_ours::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| dropped_theirs::<L::Native>(count)),
        },
    );
    add(
        "timeout, each poll while pending",
        POLLS,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(polls_ours::<L::Runtime>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| polls_theirs::<L::Native>(count)),
        },
    );
}

async fn ready_ours<R: Time>(count: usize) -> Duration {
    let start = Start::now();
    for number in 0..count {
        black_box(fail_after::<R, _>(LIMIT, ready(number)).await).expect("it is ready");
    }
    start.elapsed()
}

async fn ready_theirs<N: Native>(count: usize) -> Duration {
    let start = Start::now();
    for number in 0..count {
        black_box(N::timeout(LIMIT, ready(number)).await).expect("it is ready");
    }
    start.elapsed()
}

async fn yields_ours<R: Time>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        let ended = fail_after::<R, _>(LIMIT, YieldOnce::default()).await;
        ended.expect("it is soon ready");
    }
    start.elapsed()
}

async fn yields_theirs<N: Native>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        let ended = N::timeout(LIMIT, YieldOnce::default()).await;
        ended.expect("it is soon ready");
    }
    start.elapsed()
}

async fn second_ours<R: Time>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        polls(2, fail_after::<R, _>(LIMIT, ReadySecond::default())).await;
    }
    start.elapsed()
}

async fn second_theirs<N: Native>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        polls(2, N::timeout(LIMIT, ReadySecond::default())).await;
    }
    start.elapsed()
}

async fn dropped_ours<R: Time>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        polls(1, fail_after::<R, _>(LIMIT, std::future::pending::<()>())).await;
    }
    start.elapsed()
}

async fn dropped_theirs<N: Native>(count: usize) -> Duration {
    let start = Start::now();
    for _ in 0..count {
        polls(1, N::timeout(LIMIT, std::future::pending::<()>())).await;
    }
    start.elapsed()
}

async fn polls_ours<R: Time>(count: usize) -> Duration {
    let start = Start::now();
    polls(
        count,
        fail_after::<R, _>(LIMIT, std::future::pending::<()>()),
    )
    .await;
    start.elapsed()
}

async fn polls_theirs<N: Native>(count: usize) -> Duration {
    let start = Start::now();
    polls(count, N::timeout(LIMIT, std::future::pending::<()>())).await;
    start.elapsed()
}

/// Polls a future `count` times, in one poll of the task, and drops it.
async fn polls<F: Future>(count: usize, future: F) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        for _ in 0..count {
            let polled = black_box(future.as_mut().poll(cx));
            if polled.is_ready() {
                break;
            }
        }
        Poll::Ready(())
    })
    .await;
}
