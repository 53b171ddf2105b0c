//! Behaviour that is specific to async-std: native entry points and the executor that never ends.

use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as Real};

use anyrt_async_std::{AsyncStd, Builder, Handle};
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;
use async_std::channel;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn spawns_inside_a_native_runtime() {
    async_std::task::block_on(async {
        let handle = AsyncStd::current().unwrap();
        let (sender, receiver) = channel::bounded(1);
        AsyncStd::spawn(&handle, TaskInfo::unnamed(), async move {
            sender.send(AsyncStd::current().is_ok()).await.unwrap();
        });
        assert!(receiver.recv().await.unwrap());
    });
}

#[test]
fn the_task_of_a_run_is_one_of_async_std() {
    let run = Builder::new().block_on(async { Handle::try_current().is_some() });
    assert!(run.unwrap());
    assert!(Handle::try_current().is_none());
}

#[test]
fn a_timer_can_be_reset() {
    Builder::new()
        .block_on(async {
            let step = Duration::from_millis(5);
            let start = AsyncStd::now();
            let mut timer = pin!(AsyncStd::timer(start + step));
            timer.as_mut().await;
            assert!(AsyncStd::now() >= start + step);
            AsyncStd::reset(timer.as_mut(), start + step * 2);
            timer.await;
            assert!(AsyncStd::now() >= start + step * 2);
        })
        .unwrap();
}

#[test]
fn far_and_past_deadlines_are_accepted() {
    async_std::task::block_on(async {
        let nearly_never = Instant::FAR_FUTURE - Duration::from_nanos(1);
        drop(AsyncStd::timer(nearly_never));
        AsyncStd::timer(Instant::FAR_PAST).await;
        AsyncStd::timer(AsyncStd::now() - Duration::from_secs(1)).await;
    });
}

#[test]
fn the_handle_of_an_ended_run_goes_on_working() {
    let handle = Builder::new().block_on(async { AsyncStd::current().unwrap() });
    let handle = handle.unwrap();
    let (sender, receiver) = mpsc::channel();
    AsyncStd::spawn(&handle, TaskInfo::unnamed(), async move {
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(SOON).unwrap();
}

#[test]
fn a_dropped_blocking_call_still_runs() {
    let (sender, receiver) = mpsc::channel();
    let run = Builder::new().block_on(async {
        let handle = AsyncStd::current().unwrap();
        drop(AsyncStd::spawn_blocking(&handle, move || {
            thread::sleep(Duration::from_millis(10));
            sender.send(AsyncStd::current().is_ok()).unwrap();
        }));
        AsyncStd::spawn_blocking(&handle, move || receiver.recv_timeout(SOON)).await
    });
    assert_eq!(run.unwrap(), Ok(true));
}

#[test]
fn a_function_that_blocks_does_not_hold_up_the_end() {
    let (sender, receiver) = mpsc::channel::<()>();
    let start = Real::now();
    let run = Builder::new().block_on(async {
        let (began, begun) = channel::bounded(1);
        let handle = AsyncStd::current().unwrap();
        drop(AsyncStd::spawn_blocking(&handle, move || {
            began.try_send(()).unwrap();
            receiver.recv_timeout(SOON).ok();
        }));
        begun.recv().await.unwrap();
    });
    run.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    drop(sender);
}

#[test]
fn several_runs_stand_side_by_side() {
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let run = Builder::new().block_on(async {
                    let handle = AsyncStd::current().unwrap();
                    let (sender, receiver) = channel::bounded(1);
                    AsyncStd::spawn(&handle, TaskInfo::unnamed(), async move {
                        sender.send(()).await.unwrap();
                    });
                    receiver.recv().await.unwrap();
                });
                run.unwrap();
            });
        }
    });
}

#[test]
fn a_panic_of_the_main_future_continues() {
    let panic = thread::spawn(|| Builder::new().block_on(panics()));
    let payload = panic.join().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"main"));
}

async fn panics() {
    panic!("main")
}
