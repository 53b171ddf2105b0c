//! Behaviour in which the backends differ, and which is uniform here.
//!
//! Blocking calls are in `blocking`, spawning without a runtime in [`entry`](super::entry).

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::checkpoint;
use anyrt_core::error::GroupError;
use anyrt_core::runtime::Enter;
use anyrt_core::task::{GroupOutput, TaskGroup, task_group};
use anyrt_core::time::sleep_forever;

use crate::support::{Flag, Gate, Log, catch, panic_quietly, poll_once, run};

/// G8: dropping the handle of a task does nothing to the task.
pub fn dropping_a_handle_does_nothing<B: Enter>(backend: &B) {
    run(backend, async {
        let log = Log::new();
        let group = group::<B, _, _>(async |tg| {
            let (gate, child) = (Gate::new(), log.clone());
            let opened = gate.clone();
            let handle = tg.spawn(async move {
                checkpoint().await;
                opened.opened().await;
                child.add("went on");
            });
            drop(handle);
            checkpoint().await;
            gate.open();
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(log.entries(), ["went on"]);
    });
}

/// G8: the handle of a task may also be dropped before the task was ever polled, or after its end.
pub fn handles_may_be_dropped_at_any_time<B: Enter>(backend: &B) {
    run(backend, async {
        let log = Log::new();
        let group = group::<B, _, _>(async |tg| {
            for n in 0..50 {
                let child = log.clone();
                let handle = tg.spawn(async move {
                    for _ in 0..n % 3 {
                        checkpoint().await;
                    }
                    child.add("ended");
                });
                for _ in 0..n % 5 {
                    checkpoint().await;
                }
                drop(handle);
            }
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(log.count("ended"), 50);
    });
}

/// Spawn 5: the waker of a task's first poll wakes it after later polls too.
pub fn the_first_waker_of_a_task_goes_on_waking_it<B: Enter>(backend: &B) {
    const POLLS: usize = 4;
    run(backend, async {
        let group = group::<B, _, _>(async |tg| {
            let first = Arc::new(Mutex::new(None::<Waker>));
            let (polls, ends) = (
                Arc::new(AtomicUsize::new(0)),
                Arc::new(AtomicBool::new(false)),
            );
            let (kept, counted, seen) = (first.clone(), polls.clone(), ends.clone());
            tg.spawn(poll_fn(move |cx| {
                if seen.load(Ordering::SeqCst) {
                    return Poll::Ready(());
                }
                let mut kept = kept.lock().unwrap();
                kept.get_or_insert_with(|| cx.waker().clone());
                if counted.fetch_add(1, Ordering::SeqCst) + 1 < POLLS {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }));
            while polls.load(Ordering::SeqCst) < POLLS {
                checkpoint().await;
            }
            ends.store(true, Ordering::SeqCst);
            let waker = first.lock().unwrap().take();
            waker.expect("the task has been polled").wake();
            Ok(())
        });
        group.await.unwrap();
    });
}

/// Spawn 1, TG-02: nothing of a child runs on the spawning thread before `spawn` has returned.
pub fn no_child_runs_inside_spawn<B: Enter>(backend: &B) {
    run(backend, async {
        let group = group::<B, _, _>(async |tg| {
            for _ in 0..50 {
                let (here, returned) = (thread::current().id(), Flag::new());
                let child = returned.clone();
                tg.spawn(async move {
                    let there = thread::current().id();
                    assert!(
                        there != here || child.is_raised(),
                        "the child ran inside `spawn`"
                    );
                });
                returned.raise();
                checkpoint().await;
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// C10: a child that is being polled when its group is dropped has ended before the enclosing
/// group ends.
pub fn a_child_inside_poll_ends_before_the_enclosing_group<B: Enter>(backend: &B) {
    run(backend, async {
        let ended = Flag::new();
        let group = group::<B, _, _>(async |_outer| {
            drop_a_group_whose_child_is_polled::<B>(&ended).await;
            Ok(())
        });
        group.await.unwrap();
        assert!(ended.is_raised(), "the child outlived the enclosing group");
    });
}

/// C10: without an enclosing group it has ended before the run ends.
pub fn a_child_inside_poll_ends_before_the_run<B: Enter>(backend: &B) {
    let ended = Flag::new();
    run(backend, drop_a_group_whose_child_is_polled::<B>(&ended));
    assert!(ended.is_raised(), "the child outlived the run");
}

/// G4: a child that panics and is never awaited is not lost.
pub fn a_panic_that_nobody_awaits_is_not_lost<B: Enter>(backend: &B) {
    run(backend, async {
        let group = group::<B, (), _>(async |tg| {
            drop(tg.spawn(async { panic_quietly("nobody awaits me") }));
            Ok(())
        });
        assert_eq!(catch(group).await.unwrap_err(), "nobody awaits me");
    });
}

/// G4: a panic after the body has ended is not lost, either.
pub fn a_late_panic_is_not_lost<B: Enter>(backend: &B) {
    run(backend, async {
        let group = group::<B, (), _>(async |tg| {
            tg.spawn(async {
                for _ in 0..20 {
                    checkpoint().await;
                }
                panic_quietly("late")
            });
            Ok(())
        });
        assert_eq!(catch(group).await.unwrap_err(), "late");
    });
}

/// C10: the panic of a child of a dropped group continues in the run, if nowhere else.
pub fn the_panic_of_an_adopted_child_is_not_lost<B: Enter>(backend: &B) {
    let panic = crate::support::catch_sync(|| {
        run(backend, async {
            let (begun, go_on) = (Gate::new(), Gate::new());
            let child = (begun.clone(), go_on.clone());
            let mut group = Box::pin(group::<B, _, _>(async |tg| {
                tg.spawn(async move {
                    anyrt_core::cancel::shield(async move {
                        child.0.open();
                        child.1.opened().await;
                        panic_quietly("adopted")
                    })
                    .await
                });
                sleep_forever().await
            }));
            assert!(poll_once(group.as_mut()).await.is_pending());
            begun.opened().await;
            drop(group);
            go_on.open();
        });
    });
    assert_eq!(panic.unwrap_err(), "adopted");
}

/// Opens a group whose children cannot fail.
fn group<B: Enter, T, Fut>(
    body: impl FnOnce(TaskGroup<B::Runtime, Infallible>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<Infallible>>>
where
    Fut: Future<Output: GroupOutput<Infallible, Value = T>>,
{
    task_group(body)
}

/// Drops a group while its child is inside `poll`, if the backend has a second thread for that.
async fn drop_a_group_whose_child_is_polled<B: Enter>(ended: &Flag) {
    let begun = Gate::new();
    let child = (begun.clone(), ended.on_drop());
    let mut group = pin!(Some(group::<B, _, _>(async |tg| {
        tg.spawn(async move {
            let (begun, ended) = child;
            begun.open();
            thread::sleep(Duration::from_millis(30));
            drop(ended);
        });
        sleep_forever().await
    })));
    let running = group.as_mut().as_pin_mut().expect("it was just made");
    assert!(poll_once(running).await.is_pending());
    begun.opened().await;
    group.set(None);
}

anyrt_conformance_kit::cases! { uniform: generic,
    dropping_a_handle_does_nothing,
    handles_may_be_dropped_at_any_time,
    no_child_runs_inside_spawn,
    the_first_waker_of_a_task_goes_on_waking_it,
    a_child_inside_poll_ends_before_the_enclosing_group,
    a_child_inside_poll_ends_before_the_run,
    a_panic_that_nobody_awaits_is_not_lost,
    a_late_panic_is_not_lost,
    the_panic_of_an_adopted_child_is_not_lost,
}
