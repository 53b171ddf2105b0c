//! Functions on worker threads.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::thread::to_thread;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, AsyncStdShared, Native, Setup, SmolOne, TokioCurrent, TokioTwo};

const CALLS: usize = 2_000;

/// The number of concurrent calls. With several, the time that waking a thread takes does not hide the
/// cost of a call.
const AT_ONCE: usize = 16;

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases, "tokio::task::spawn_blocking");
    add_on::<TokioTwo>(cases, "tokio::task::spawn_blocking");
    add_on::<SmolOne>(cases, "smol::unblock");
    add_on::<AsyncStdShared>(cases, "async_std::task::spawn_blocking");
}

fn add_on<L: Setup>(cases: &mut Vec<Case>, theirs: &'static str) {
    cases.push(Case::new(
        "to_thread::run, one by one",
        L::NAME,
        theirs,
        CALLS,
        Floor::Ratio(1.05),
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(one_by_one(count, to_thread_run::<L::Runtime>)),
            Side::Theirs => {
                setup::native::<L, _, _>(|_| one_by_one(count, spawn_blocking::<L::Native>))
            }
        },
    ));
    cases.push(Case::new(
        "to_thread::run, 16 at once",
        L::NAME,
        theirs,
        CALLS,
        Floor::Ratio(1.05),
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(at_once(count, to_thread_run::<L::Runtime>)),
            Side::Theirs => {
                setup::native::<L, _, _>(|_| at_once(count, spawn_blocking::<L::Native>))
            }
        },
    ));
    // Here each call needs a thread, and none continues before all have one: the price of waking few
    // threads at a time, in the case where that is a disadvantage.
    cases.push(Case::new(
        "to_thread::run, 16 that meet",
        L::NAME,
        theirs,
        CALLS,
        Floor::None,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(meet(count, |barrier| {
                to_thread::run::<L::Runtime, _, _>(move || {
                    barrier.wait();
                })
            })),
            Side::Theirs => setup::native::<L, _, _>(|_| {
                meet(count, |barrier| {
                    L::Native::spawn_blocking(move || {
                        barrier.wait();
                    })
                })
            }),
        },
    ));
}

fn to_thread_run<R: Runtime>(number: usize) -> impl Future<Output = usize> + Send {
    to_thread::run::<R, _, _>(move || black_box(number))
}

fn spawn_blocking<N: Native>(number: usize) -> impl Future<Output = usize> + Send {
    N::spawn_blocking(move || black_box(number))
}

async fn one_by_one<Fut: Future<Output = usize>>(count: usize, call: fn(usize) -> Fut) -> Duration {
    call(0).await;
    let start = Start::now();
    for number in 0..count {
        assert_eq!(call(number).await, number);
    }
    start.elapsed()
}

async fn at_once<Fut: Future<Output = usize>>(count: usize, call: fn(usize) -> Fut) -> Duration {
    call(0).await;
    let start = Start::now();
    let mut calls = FuturesUnordered::new();
    for number in 0..count {
        if calls.len() == AT_ONCE {
            calls.next().await;
        }
        calls.push(call(number));
    }
    while calls.next().await.is_some() {}
    start.elapsed()
}

async fn meet<Fut: Future<Output = ()>>(count: usize, call: fn(Arc<Barrier>) -> Fut) -> Duration {
    let all_meet = async || {
        let barrier = Arc::new(Barrier::new(AT_ONCE));
        let calls = (0..AT_ONCE).map(|_| call(barrier.clone()));
        let mut calls: FuturesUnordered<_> = calls.collect();
        while calls.next().await.is_some() {}
    };
    all_meet().await;
    let start = Start::now();
    for _ in 0..count.div_ceil(AT_ONCE) {
        all_meet().await;
    }
    start.elapsed()
}
