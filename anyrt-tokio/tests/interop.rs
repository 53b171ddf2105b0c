//! Behaviour that is specific to tokio: native entry points, its clock, and the ends of runtimes.

use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as Real};

use anyrt_core::RunOptions;
use anyrt_core::cancel::move_on_after;
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::thread::to_thread;
use anyrt_core::time::{Instant, interval};
use anyrt_tokio::{Builder, Handle, Tokio};

const SOON: Duration = Duration::from_secs(5);

/// A value that sends a message when it is dropped.
struct Farewell(mpsc::Sender<()>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.send(()).ok();
    }
}

fn native() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn spawns_inside_a_native_runtime() {
    native().block_on(async {
        let handle = Tokio::current().unwrap();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        Tokio::spawn(&handle, TaskInfo::unnamed(), async {
            sender.send(Tokio::current().is_ok()).unwrap();
        });
        assert!(receiver.await.unwrap());
    });
}

#[test]
fn handles_convert_both_ways() {
    let runtime = native();
    let ours = Handle::from(runtime.handle().clone());
    let theirs = tokio::runtime::Handle::from(ours);
    assert_eq!(theirs.id(), runtime.handle().id());
}

#[test]
fn runs_on_an_existing_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let builder = Builder::from_handle(runtime.handle().clone());
    let inside = builder.block_on(async { tokio::runtime::Handle::current().id() });
    assert_eq!(inside.unwrap(), runtime.handle().id());
    assert!(builder.worker_threads(2).block_on(async {}).is_err());
}

#[test]
fn without_a_runtime_the_error_names_the_fix() {
    let error = Tokio::current().unwrap_err();
    assert!(error.to_string().contains("anyrt::run"), "{error}");
}

#[test]
#[should_panic(expected = "anyrt::run")]
fn a_timer_without_a_runtime_names_the_fix() {
    drop(Tokio::timer(Tokio::now()));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_is_obeyed() {
    let real = Real::now();
    let start = Tokio::now();
    assert_eq!(Tokio::now(), start);
    let day = Duration::from_secs(24 * 60 * 60);
    let mut timer = pin!(Tokio::timer(start + day));
    timer.as_mut().await;
    assert!(Tokio::now() >= start + day);
    Tokio::reset(timer.as_mut(), start + day * 2);
    timer.await;
    assert!(Tokio::now() >= start + day * 2);
    assert!(real.elapsed() < SOON);
}

#[tokio::test]
async fn a_limit_holds_for_what_uses_up_the_budget() {
    let busy = async {
        loop {
            tokio::task::consume_budget().await;
        }
    };
    let limited = move_on_after::<Tokio, _>(Duration::from_millis(20), busy);
    assert!(limited.await.is_none());
}

#[tokio::test(start_paused = true)]
async fn ticks_that_were_missed_are_left_out() {
    let mut ticks = interval::<Tokio>(Duration::from_nanos(3));
    ticks.tick().await;
    let day = Duration::from_secs(24 * 60 * 60);
    tokio::time::advance(day).await;
    let start = Tokio::now();
    ticks.tick().await;
    assert!(ticks.tick().await > start, "more than 2^32 were missed");
}

#[tokio::test]
async fn far_and_past_deadlines_are_accepted() {
    let nearly_never = Instant::FAR_FUTURE - Duration::from_nanos(1);
    drop(Tokio::timer(nearly_never));
    Tokio::timer(Instant::FAR_PAST).await;
    Tokio::timer(Tokio::now() - Duration::from_secs(1)).await;
}

#[test]
fn a_runtime_of_a_functions_own_can_be_dropped() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let nested = || {
            let runtime = native();
            let call = async { to_thread::run::<Tokio, _, _>(|| 5).await };
            let value = runtime.block_on(call);
            // It waits for the threads of its pool.
            drop(runtime);
            value
        };
        let main = async { to_thread::run::<Tokio, _, _>(nested).await };
        let value = anyrt_core::run(&Builder::current_thread(), RunOptions::new(), main);
        sender.send(value.unwrap()).ok();
    });
    assert_eq!(receiver.recv_timeout(SOON), Ok(5));
}

#[test]
fn the_handle_of_an_ended_run_drops_the_future() {
    for builder in [Builder::multi_thread(), Builder::current_thread()] {
        let handle = builder.block_on(async { Tokio::current().unwrap() });
        let handle = handle.unwrap();
        let (sender, receiver) = mpsc::channel();
        let farewell = Farewell(sender);
        Tokio::spawn(&handle, TaskInfo::unnamed(), async move {
            let _farewell = farewell;
            unreachable!("the run has ended");
        });
        receiver.recv_timeout(SOON).unwrap();
    }
}

#[test]
fn tasks_that_are_left_are_dropped_by_the_end_of_the_run() {
    for builder in [Builder::multi_thread(), Builder::current_thread()] {
        let (sender, receiver) = mpsc::channel();
        let run = builder.block_on(async {
            let handle = Tokio::current().unwrap();
            for _ in 0..100 {
                let farewell = Farewell(sender.clone());
                Tokio::spawn(&handle, TaskInfo::unnamed(), async move {
                    let _farewell = farewell;
                    pending().await
                });
            }
            tokio::task::yield_now().await;
        });
        run.unwrap();
        assert_eq!(receiver.try_iter().count(), 100);
    }
}

#[test]
fn a_dropped_blocking_call_still_runs() {
    let (sender, receiver) = mpsc::channel();
    let run = Builder::current_thread().block_on(async {
        let handle = Tokio::current().unwrap();
        drop(Tokio::spawn_blocking(&handle, move || {
            thread::sleep(Duration::from_millis(10));
            sender.send(Tokio::current().is_ok()).unwrap();
        }));
        // A function that has not begun by the end of the run may never run.
        Tokio::spawn_blocking(&handle, move || receiver.recv_timeout(SOON)).await
    });
    assert_eq!(run.unwrap(), Ok(true));
}

#[test]
fn a_function_that_blocks_does_not_hold_up_the_end() {
    for builder in [Builder::multi_thread(), Builder::current_thread()] {
        let (sender, receiver) = mpsc::channel::<()>();
        let start = Real::now();
        let run = builder.block_on(async {
            let (began, begun) = tokio::sync::oneshot::channel();
            let handle = Tokio::current().unwrap();
            drop(Tokio::spawn_blocking(&handle, move || {
                began.send(()).unwrap();
                receiver.recv_timeout(SOON).ok();
            }));
            begun.await.unwrap();
        });
        run.unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
        drop(sender);
    }
}

#[test]
fn several_runs_stand_side_by_side() {
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for builder in [Builder::current_thread(), Builder::multi_thread()] {
                    let run = builder.block_on(async {
                        let handle = Tokio::current().unwrap();
                        let native = tokio::runtime::Handle::from(handle.clone());
                        let (sender, receiver) = tokio::sync::oneshot::channel();
                        Tokio::spawn(&handle, TaskInfo::unnamed(), async {
                            sender.send(tokio::runtime::Handle::current().id()).unwrap();
                        });
                        assert_eq!(receiver.await.unwrap(), native.id());
                    });
                    run.unwrap();
                }
            });
        }
    });
}

#[test]
fn a_panic_of_the_main_future_continues() {
    for builder in [Builder::multi_thread(), Builder::current_thread()] {
        let panic = thread::spawn(move || builder.block_on(panics()));
        let payload = panic.join().unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"main"));
    }
}

async fn panics() {
    panic!("main")
}

#[test]
fn what_tokio_cannot_do_is_an_error() {
    let error = Builder::current_thread()
        .worker_threads(2)
        .block_on(async {});
    assert!(error.unwrap_err().to_string().contains("tokio"));
    let error = Builder::multi_thread().worker_threads(0).block_on(async {});
    assert!(error.unwrap_err().to_string().contains("tokio"));
}
