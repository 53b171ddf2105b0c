//! Calls that are cancelled or dropped, and calls that wait for the limiter.

use std::collections::BTreeSet;
use std::fs;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyrt::CancelScope;
use anyrt::sync::CapacityLimiter;
use anyrt::to_process::{self, Options};
use rustix::process::{Signal, kill_process, test_kill_process};

use super::{echo, has_ended, pid, process, spin, until};

/// Creates one file when it has begun, and waits for another one.
#[anyrt::process_fn]
fn wait_for((begun, go): (PathBuf, PathBuf)) -> u32 {
    fs::write(&begun, std::process::id().to_string()).unwrap();
    while !go.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    std::process::id()
}

/// PR-12, W14: with `kill_on_cancel`, the worker is killed and reaped before the caller continues.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn a_cancelled_call_may_kill_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let scope = CancelScope::new();
    let handle = scope.handle();
    let call = Options::new().kill_on_cancel(true).run(spin, begun.clone());
    let cancel = async {
        until(|| begun.exists()).await;
        handle.cancel();
    };
    let (outcome, ()) = anyrt::gather((scope.run(call), cancel)).await;
    assert!(outcome.is_err());
    let killed: u32 = fs::read_to_string(&begun).unwrap().parse().unwrap();
    assert!(test_kill_process(pid(killed)).is_err(), "it is reaped");
    assert_ne!(to_process::run(process, ()).await.unwrap(), killed);
}

/// PR-13, W14: otherwise the call waits, gets its value, and the worker is reused.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn a_cancelled_call_waits_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, go) = (folder.path().join("begun"), folder.path().join("go"));
    let scope = CancelScope::new();
    let handle = scope.handle();
    let call = to_process::run(wait_for, (begun.clone(), go.clone()));
    let cancel = async {
        until(|| begun.exists()).await;
        handle.cancel();
        anyrt::sleep(Duration::from_millis(20)).await;
        fs::write(&go, "").unwrap();
    };
    let (outcome, ()) = anyrt::gather((scope.run(call), cancel)).await;
    let worker = outcome.expect("the value is delivered").unwrap();
    assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
}

/// W15: dropped while the function runs, the worker is killed.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn a_dropped_call_kills_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    {
        let mut call = pin!(to_process::run(spin, begun.clone()));
        let mut begins = pin!(until(|| begun.exists()));
        poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            begins.as_mut().poll(cx)
        })
        .await;
    }
    let killed: u32 = fs::read_to_string(&begun).unwrap().parse().unwrap();
    until(|| test_kill_process(pid(killed)).is_err()).await;
    assert_ne!(to_process::run(process, ()).await.unwrap(), killed);
}

/// PR-15, W13: concurrent calls use as many workers as the limiter allows.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn calls_at_once_use_as_many_workers_as_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let processors = thread::available_parallelism().unwrap().get();
    let limiter = to_process::current_default_limiter().unwrap();
    assert_eq!(limiter.total(), processors);
    limiter.set_total(3);
    let calls = (0..5).map(|number| {
        let begun = folder.path().join(format!("begun-{number}"));
        to_process::run(wait_for, (begun, go.clone()))
    });
    let calls: Vec<_> = calls.collect();
    let begun = || fs::read_dir(folder.path()).unwrap().count();
    let watch = async {
        until(|| begun() == 3).await;
        until(|| limiter.statistics().waiting == 2).await;
        anyrt::sleep(Duration::from_millis(20)).await;
        assert_eq!(begun(), 3);
        fs::write(&go, "").unwrap();
    };
    let (workers, ()) = anyrt::gather((anyrt::gather(calls), watch)).await;
    let workers: BTreeSet<_> = workers.into_iter().map(Result::unwrap).collect();
    assert_eq!(workers.len(), 3);
}

/// W13: with an explicit limiter; when cancelled on entry, nothing is started and no token is used.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn nothing_is_begun_for_a_cancelled_call() {
    let limiter = Arc::new(CapacityLimiter::new(0));
    let options = Options::new().limiter(&limiter);
    let scope = CancelScope::new();
    scope.handle().cancel();
    let call = async {
        let outcome = options.run(process, ()).await;
        drop(outcome);
    };
    assert!(scope.run(call).await.is_err());
    assert_eq!(limiter.statistics().waiting, 0);

    let options = Options::new().limiter(&limiter);
    let mut call = pin!(options.run(process, ()));
    let mut waits = pin!(until(|| limiter.statistics().waiting == 1));
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        waits.as_mut().poll(cx)
    })
    .await;
    limiter.set_total(1);
    assert!(call.await.is_ok());
    assert_eq!(limiter.statistics().borrowed, 0);
}

/// Polls a future up to `times` times, unless it completes before.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Cancels a scope after `times` polls of its body.
async fn cancelled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut polls = 0;
    let mut future = pin!(future);
    let counted = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        polls += 1;
        if polls == times {
            handle.cancel();
        }
        polled
    });
    scope.run(counted).await.ok()
}

/// W15: cancelled or dropped at each poll, with a new worker and an idle one, with a request that is sent
/// in pieces: the next call gets its own answer, and the token is returned.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn the_next_call_gets_its_own_answer() {
    let filler = "x".repeat(1 << 20);
    let limiter = to_process::current_default_limiter().unwrap();
    for idle in [false, true] {
        for method in 0..3 {
            let mut completed = false;
            for times in 1.. {
                if completed {
                    break;
                }
                let worker = to_process::run(process, ()).await.unwrap();
                if !idle {
                    kill_process(pid(worker), Signal::KILL).unwrap();
                    until(|| has_ended(worker)).await;
                }
                let text = format!("{method} {times} {filler}");
                let options = Options::new().kill_on_cancel(method == 1);
                let call = options.run(echo, text.clone());
                let outcome = match method {
                    0 => polled(times, call).await,
                    _ => cancelled(times, call).await,
                };
                completed = outcome.is_some();
                if let Some(answer) = outcome {
                    assert!(answer.unwrap() == text);
                }
                let next = format!("next {times}");
                assert_eq!(to_process::run(echo, next.clone()).await.unwrap(), next);
                assert_eq!(limiter.statistics().borrowed, 0);
            }
        }
    }
}
