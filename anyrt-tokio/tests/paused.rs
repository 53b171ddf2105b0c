//! Tokio's paused clock: it advances although worker threads were used, and operations that check the clock
//! end although it does not advance. EN-26, F2.

use std::fs;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::combine::gather;
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::task::task_group;
use anyrt_core::temp;
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;
use anyrt_tokio::{Builder, Tokio};

const LIMIT: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);

/// Returns whether the future ends in real time, on the current thread with a paused clock. If not, its
/// thread stays behind, asleep.
fn ends<F>(main: impl FnOnce() -> F + Send + 'static) -> bool
where
    F: Future<Output = ()>,
{
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let main = async {
            tokio::time::pause();
            main().await;
        };
        let result = anyrt_core::run(&Builder::current_thread(), RunOptions::new(), main);
        sender.send(result.is_ok()).ok();
    });
    ended.recv_timeout(LIMIT) == Ok(true)
}

/// EN-26.
#[test]
fn a_paused_clock_advances() {
    assert!(ends(|| sleep::<Tokio>(HOUR)));
}

/// EN-26.
#[test]
fn a_paused_clock_advances_after_a_call() {
    assert!(ends(async || {
        to_thread::run::<Tokio, _, _>(|| ()).await;
        sleep::<Tokio>(HOUR).await;
    }));
}

/// EN-26.
#[test]
fn a_paused_clock_advances_after_many_calls() {
    assert!(ends(async || {
        for _ in 0..3 {
            let calls = (0..10).map(|_| to_thread::run::<Tokio, _, _>(|| ()));
            gather(calls.collect::<Vec<_>>()).await;
            sleep::<Tokio>(HOUR).await;
        }
    }));
}

/// EN-26.
#[test]
fn a_paused_clock_advances_beside_a_call_of_another_task() {
    assert!(ends(async || {
        let group = task_group::<Tokio, std::convert::Infallible, _, _>(async |tg| {
            let called = tg.spawn(async { to_thread::run::<Tokio, _, _>(|| ()).await });
            called.wait().await;
            tg.spawn(sleep::<Tokio>(HOUR));
        });
        group.await.unwrap();
    }));
}

/// F2: a call of a walk ends after a number of steps, although no time has passed and nothing was found.
#[test]
fn a_walk_that_finds_nothing_looks_up() {
    assert!(ends(async || {
        let folder = temp::dir::<Tokio>().await.unwrap();
        for number in 0..5000 {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let limiter = Arc::new(CapacityLimiter::new(1));
        let seen = Arc::new(AtomicUsize::new(0));
        // The first call does not end before the first poll does, which would begin the next one.
        let polled_once = Arc::new(Barrier::new(2));
        let (counted, may_go_on) = (seen.clone(), polled_once.clone());
        let walk = folder.path().clone().with_limiter(&limiter).walk();
        let mut walk = walk.min_depth(1).filter(move |_| {
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                may_go_on.wait();
            }
            false
        });
        {
            let mut next = pin!(walk.next());
            let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            polled_once.wait();
            while limiter.statistics().borrowed > 0 {
                tokio::task::yield_now().await;
            }
            let seen = seen.load(Ordering::Relaxed);
            assert!((4000..5000).contains(&seen), "{seen}");
            assert!(next.await.is_none());
        }
        assert_eq!(seen.load(Ordering::Relaxed), 5000);
        drop(walk);
        folder.close().await.unwrap();
    }));
}
