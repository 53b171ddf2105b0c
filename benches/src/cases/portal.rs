//! Calls into the run from threads outside of it.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::{Barrier, OnceLock};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use anyrt_core::runtime::Runtime;
use anyrt_core::thread::BlockingPortal;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, Setup, TokioCurrent, TokioTwo};

const CALLS: usize = 2_000;

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<TokioTwo>(cases);
}

fn add_on<L: Setup<Native = setup::Tokio>>(cases: &mut Vec<Case>) {
    for threads in [1, 8] {
        let mut add = |theirs, floor, call: fn(&Handle, usize) -> usize| {
            cases.push(Case::new(
                match threads {
                    1 => "portal call, one thread".to_owned(),
                    _ => format!("portal call, {threads} threads"),
                },
                L::NAME,
                theirs,
                CALLS,
                floor,
                move |side, count| match side {
                    Side::Ours => setup::ours::<L, _>(through_portal::<L::Runtime>(threads, count)),
                    Side::Theirs => {
                        setup::native::<L, _, _>(move |_| through_handle(threads, count, call))
                    }
                },
            ));
        };
        add(
            "Handle::spawn + block_on",
            Floor::Ratio(1.00),
            spawn_and_wait,
        );
        // The future stays on the calling thread, which makes it a different operation.
        add("Handle::block_on", Floor::None, poll_here);
    }
}

async fn through_portal<R: Runtime>(threads: usize, count: usize) -> Duration {
    let took = BlockingPortal::<R>::open(|portal| async move {
        let call = move |number| {
            let value = portal.call(async move { black_box(number) });
            value.expect("the portal is open")
        };
        Ok::<_, Infallible>(from_threads(threads, count, call).await)
    });
    took.await.expect("nothing cancels the portal")
}

async fn through_handle(
    threads: usize,
    count: usize,
    call: fn(&Handle, usize) -> usize,
) -> Duration {
    let handle = Handle::current();
    from_threads(threads, count, move |number| call(&handle, number)).await
}

fn spawn_and_wait(handle: &Handle, number: usize) -> usize {
    let task = handle.spawn(async move { black_box(number) });
    handle.block_on(task).expect("nothing aborts the task")
}

fn poll_here(handle: &Handle, number: usize) -> usize {
    handle.block_on(async move { black_box(number) })
}

/// Times calls by new threads, from the first call to the last return, so that starting the threads does
/// not count.
async fn from_threads(
    threads: usize,
    count: usize,
    call: impl Fn(usize) -> usize + Send + Sync + 'static,
) -> Duration {
    let (reply, took) = oneshot::channel();
    thread::spawn(move || {
        let (ready, start) = (Barrier::new(threads), OnceLock::new());
        let calls = || {
            call(0);
            ready.wait();
            let start = start.get_or_init(Start::now);
            for number in 0..count / threads {
                assert_eq!(call(number), number);
            }
            start.elapsed()
        };
        let took = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(calls)).collect();
            let ends = threads.into_iter().map(ScopedJoinHandle::join);
            ends.map(|end| end.expect("the calls work")).max()
        });
        // If the receiver is dropped, the time is not needed.
        let _ = reply.send(took.unwrap_or_default());
    });
    took.await.expect("the thread does not panic")
}
