//! Behaviour that is specific to smol: native entry points, the global executor, and the ends of runs.

use std::collections::HashSet;
use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as Real};

use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;
use anyrt_smol::{Builder, Smol};
use smol::channel;

const SOON: Duration = Duration::from_secs(5);

/// A value that sends a message when it is dropped.
struct Farewell(mpsc::Sender<()>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // The run can still be found while its tasks are being dropped.
        assert!(!format!("{:?}", Smol::current()).contains("global"));
        self.0.send(()).ok();
    }
}

#[test]
fn spawns_inside_a_native_runtime() {
    smol::block_on(async {
        let handle = Smol::current().unwrap();
        let (sender, receiver) = channel::bounded(1);
        Smol::spawn(&handle, TaskInfo::unnamed(), async move {
            sender.send(Smol::current().is_ok()).await.unwrap();
        });
        assert!(receiver.recv().await.unwrap());
    });
}

#[test]
fn a_run_has_an_executor_of_its_own() {
    let handle = Builder::new().block_on(async { Smol::current().unwrap() });
    assert_eq!(format!("{:?}", handle.unwrap()), "Handle(ended)");
    let outside = Smol::current().unwrap();
    assert_eq!(format!("{outside:?}"), "Handle(global)");
}

#[test]
fn one_thread_is_the_calling_one() {
    let run = Builder::new().block_on(async {
        let handle = Smol::current().unwrap();
        let (sender, receiver) = channel::bounded(1);
        Smol::spawn(&handle, TaskInfo::unnamed(), async move {
            sender.send(thread::current().id()).await.unwrap();
        });
        receiver.recv().await.unwrap()
    });
    assert_eq!(run.unwrap(), thread::current().id());
}

#[test]
fn tasks_run_on_all_threads_and_find_the_run() {
    let builder = Builder::new().threads(3).thread_name("smol-interop");
    let run = builder.block_on(async {
        let handle = Smol::current().unwrap();
        let (sender, receiver) = channel::unbounded();
        // Each task holds its thread until the others have one too.
        let meeting = std::sync::Arc::new(std::sync::Barrier::new(2));
        for _ in 0..2 {
            let (sender, meeting) = (sender.clone(), meeting.clone());
            Smol::spawn(&handle, TaskInfo::unnamed(), async move {
                meeting.wait();
                let found = format!("{:?}", Smol::current().unwrap());
                sender.send((thread::current().id(), found)).await.unwrap();
            });
        }
        let mut threads = HashSet::new();
        for _ in 0..2 {
            let (thread, found) = receiver.recv().await.unwrap();
            assert_eq!(found, format!("{handle:?}"));
            threads.insert(thread);
        }
        threads.len()
    });
    assert_eq!(run.unwrap(), 2);
}

#[test]
fn a_timer_can_be_reset() {
    Builder::new()
        .block_on(async {
            let step = Duration::from_millis(5);
            let start = Smol::now();
            let mut timer = pin!(Smol::timer(start + step));
            timer.as_mut().await;
            assert!(Smol::now() >= start + step);
            Smol::reset(timer.as_mut(), start + step * 2);
            timer.await;
            assert!(Smol::now() >= start + step * 2);
        })
        .unwrap();
}

#[test]
fn far_and_past_deadlines_are_accepted() {
    smol::block_on(async {
        let nearly_never = Instant::FAR_FUTURE - Duration::from_nanos(1);
        drop(Smol::timer(nearly_never));
        Smol::timer(Instant::FAR_PAST).await;
        Smol::timer(Smol::now() - Duration::from_secs(1)).await;
    });
}

#[test]
fn the_handle_of_an_ended_run_drops_the_future() {
    for threads in [1, 2] {
        let builder = Builder::new().threads(threads);
        let handle = builder.block_on(async { Smol::current().unwrap() });
        let handle = handle.unwrap();
        let (sender, receiver) = mpsc::channel::<()>();
        Smol::spawn(&handle, TaskInfo::unnamed(), async move {
            let _sender = sender;
            unreachable!("the run has ended");
        });
        let gone = receiver.recv_timeout(SOON).unwrap_err();
        assert_eq!(gone, mpsc::RecvTimeoutError::Disconnected);
    }
}

#[test]
fn tasks_that_are_left_are_dropped_by_the_end_of_the_run() {
    for threads in [1, 2] {
        let (sender, receiver) = mpsc::channel();
        let run = Builder::new().threads(threads).block_on(async {
            let handle = Smol::current().unwrap();
            for _ in 0..100 {
                // The handle inside must not keep the executor alive.
                let farewell = (Farewell(sender.clone()), handle.clone());
                Smol::spawn(&handle, TaskInfo::unnamed(), async move {
                    let _farewell = farewell;
                    pending().await
                });
            }
            smol::future::yield_now().await;
        });
        run.unwrap();
        assert_eq!(receiver.try_iter().count(), 100);
    }
}

#[test]
fn a_dropped_blocking_call_still_runs() {
    let (sender, receiver) = mpsc::channel();
    let run = Builder::new().block_on(async {
        let handle = Smol::current().unwrap();
        let ours = format!("{handle:?}");
        drop(Smol::spawn_blocking(&handle, move || {
            thread::sleep(Duration::from_millis(10));
            let found = format!("{:?}", Smol::current().unwrap());
            sender.send(found == ours).unwrap();
        }));
        Smol::spawn_blocking(&handle, move || receiver.recv_timeout(SOON)).await
    });
    assert_eq!(run.unwrap(), Ok(true));
}

#[test]
fn a_function_that_blocks_does_not_hold_up_the_end() {
    let (sender, receiver) = mpsc::channel::<()>();
    let start = Real::now();
    let run = Builder::new().block_on(async {
        let (began, begun) = channel::bounded(1);
        let handle = Smol::current().unwrap();
        drop(Smol::spawn_blocking(&handle, move || {
            began.send_blocking(()).unwrap();
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
        for n in 0..4 {
            threads.spawn(move || {
                let run = Builder::new().threads(1 + n % 2).block_on(async {
                    let handle = Smol::current().unwrap();
                    let ours = format!("{handle:?}");
                    let (sender, receiver) = channel::bounded(1);
                    Smol::spawn(&handle, TaskInfo::unnamed(), async move {
                        let found = format!("{:?}", Smol::current().unwrap());
                        sender.send(found).await.unwrap();
                    });
                    assert_eq!(receiver.recv().await.unwrap(), ours);
                });
                run.unwrap();
            });
        }
    });
}

#[test]
fn a_panic_of_the_main_future_continues() {
    for threads in [1, 2] {
        let builder = Builder::new().threads(threads);
        let panic = thread::spawn(move || builder.block_on(panics()));
        let payload = panic.join().unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"main"));
    }
}

async fn panics() {
    panic!("main")
}

#[test]
fn what_smol_cannot_do_is_an_error() {
    let error = Builder::new().threads(0).block_on(async {});
    assert!(error.unwrap_err().to_string().contains("smol"));
}
