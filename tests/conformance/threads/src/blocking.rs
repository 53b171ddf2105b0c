//! The contract of `Blocking`, and `to_thread::run`, which is built on it.

use std::sync::Arc;
use std::thread;

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::runtime::{Blocking, Enter, Spawn};
use anyrt_core::sync::Barrier;
use anyrt_core::task::{self, RunHandle};
use anyrt_core::thread::to_thread;
use futures_util::future::join_all;

use crate::support::{
    Flag, Gate, Log, catch, in_cancelled_scope, panic_quietly, poll_once, run, until,
};

/// Blocking 1: the function runs once, on a thread that polls no task, and its value is returned.
pub fn functions_run_on_another_thread<B: Enter>(backend: &B) {
    run(backend, async {
        let here = thread::current().id();
        let log = Log::new();
        let there = log.clone();
        let call = call::<B, _>(move || {
            there.add("called");
            thread::current().id()
        });
        assert_ne!(call.await, here);
        assert_eq!(log.entries(), ["called"]);
    });
}

/// Blocking 2: the function runs although its future is dropped before it began, or was never
/// polled.
pub fn functions_run_although_nobody_waits<B: Enter>(backend: &B) {
    run(backend, async {
        let ran = Gate::new();
        let running = ran.clone();
        drop(call::<B, _>(move || running.open()));
        ran.opened().await;
    });
}

/// Blocking 2: the function ends although its future is dropped after it began.
pub fn functions_end_although_nobody_waits<B: Enter>(backend: &B) {
    run(backend, async {
        let (begun, go_on, ended) = (Gate::new(), Gate::new(), Gate::new());
        let inside = (begun.clone(), go_on.clone(), ended.clone());
        let run = RunHandle::<B::Runtime>::current().unwrap();
        let mut call = Box::pin(call::<B, _>(move || {
            let (begun, go_on, ended) = inside;
            begun.open();
            run.block_on(async move { go_on.opened().await }).unwrap();
            ended.open();
        }));
        assert!(poll_once(call.as_mut()).await.is_pending());
        begun.opened().await;
        drop(call);
        go_on.open();
        ended.opened().await;
    });
}

/// Blocking 4: a function that blocks in place is called once, on the same thread: in a function that may
/// block, and in a task, unless the runtime cannot spare its thread.
pub fn blocking_in_place_calls_once<B: Enter>(backend: &B) {
    fn calls<B: Enter>(handle: &<B::Runtime as Spawn>::Handle) -> usize {
        let (here, mut calls) = (thread::current().id(), 0);
        B::Runtime::block_in_place(handle, &mut || {
            assert_eq!(thread::current().id(), here);
            calls += 1;
        });
        calls
    }
    run(backend, async {
        let handle = <B::Runtime as Spawn>::current().unwrap();
        assert!(calls::<B>(&handle) <= 1);
        let there = call::<B, _>(move || calls::<B>(&handle));
        assert_eq!(there.await, 1);
    });
}

/// Blocking 3: the runtime is found inside the function.
pub fn the_runtime_is_found_in_the_function<B: Enter>(backend: &B) {
    run(backend, async {
        let found = call::<B, _>(|| <B::Runtime as Spawn>::current().is_ok());
        assert!(found.await);
    });
}

/// Blocking 7: functions run at the same time: eight that wait for each other all end.
pub fn functions_run_side_by_side<B: Enter>(backend: &B) {
    run(backend, async {
        let barrier = Arc::new(Barrier::new(8));
        let calls = (0..8).map(|n| {
            let barrier = barrier.clone();
            let run = RunHandle::<B::Runtime>::current().unwrap();
            call::<B, _>(move || {
                run.block_on(async move { barrier.wait().await }).unwrap();
                n
            })
        });
        let calls: Vec<_> = calls.collect();
        assert_eq!(join_all(calls).await, [0, 1, 2, 3, 4, 5, 6, 7]);
    });
}

/// Blocking 1: a thousand calls all run.
pub fn many_functions_all_run<B: Enter>(backend: &B) {
    run(backend, async {
        let calls: Vec<_> = (0..1000u32).map(|n| call::<B, _>(move || n)).collect();
        assert_eq!(join_all(calls).await.into_iter().sum::<u32>(), 499_500);
    });
}

/// EV-01: `to_thread::run` returns the value of the function; its thread knows the run and the task that it
/// works for.
pub fn to_thread_gives_the_value<B: Enter>(backend: &B) {
    run(backend, async {
        let text = String::from("moved there");
        let back = in_thread::<B, _>(move || {
            assert!(RunHandle::<B::Runtime>::current().is_ok());
            text
        });
        assert_eq!(back.await, "moved there");
    });
}

/// EV-01: a panic of the function continues in the caller.
pub fn a_panic_in_a_thread_continues_in_the_caller<B: Enter>(backend: &B) {
    run(backend, async {
        let call = in_thread::<B, _>(|| panic_quietly("in the thread"));
        assert_eq!(
            catch(call).await.map(|never: ()| never),
            Err("in the thread".to_owned())
        );
        assert_eq!(in_thread::<B, _>(|| 1).await, 1);
    });
}

/// C4: in a cancelled scope the function does not run.
pub fn a_refused_call_does_not_run<B: Enter>(backend: &B) {
    run(backend, async {
        let ran = Flag::new();
        let running = ran.clone();
        let call = in_thread::<B, _>(move || running.raise());
        assert!(in_cancelled_scope::<B::Runtime, _>(call).await.is_err());
        assert_eq!(in_thread::<B, _>(|| 1).await, 1);
        assert!(!ran.is_raised());
    });
}

/// CS-23: a call that has begun is not interrupted: its scope waits, its value is returned, and the next
/// operation is cancelled.
pub fn a_begun_call_delivers_before_the_cancellation<B: Enter>(backend: &B) {
    run(backend, async {
        let (begun, go_on, log) = (Gate::new(), Gate::new(), Log::new());
        let scope = CancelScope::<B::Runtime>::new();
        let handle = scope.handle();
        let inside = (begun.clone(), go_on.clone());
        let mut scoped = Box::pin(scope.run(async {
            let value = in_thread::<B, _>(move || {
                inside.0.open();
                inside.1.wait_blocking();
                5
            });
            log.add(format!("value {}", value.await));
            checkpoint().await;
            log.add("not reached");
        }));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel();
        for _ in 0..10 {
            assert!(
                poll_once(scoped.as_mut()).await.is_pending(),
                "the scope must wait"
            );
        }
        go_on.open();
        assert!(scoped.await.is_err());
        assert_eq!(log.entries(), ["value 5"]);
    });
}

/// Blocking 2: dropping a blocking call, by whatever means, does not stop its function.
pub fn a_dropped_call_goes_on<B: Enter>(backend: &B) {
    run(backend, async {
        let (begun, go_on, ended) = (Gate::new(), Gate::new(), Flag::new());
        let inside = (begun.clone(), go_on.clone(), ended.clone());
        let mut call = Box::pin(in_thread::<B, _>(move || {
            inside.0.open();
            inside.1.wait_blocking();
            inside.2.raise();
        }));
        assert!(poll_once(call.as_mut()).await.is_pending());
        begun.opened().await;
        drop(call);
        go_on.open();
        until(|| ended.is_raised()).await;
    });
}

/// CX-05, EV-05: from a worker thread async code can be run in the run that it works for, as a separate
/// task.
pub fn a_worker_thread_can_call_back<B: Enter>(backend: &B) {
    run(backend, async {
        let value = in_thread::<B, _>(|| {
            let run = RunHandle::<B::Runtime>::current().unwrap();
            let called_back = run.block_on(async {
                checkpoint().await;
                assert!(task::current().is_some());
                in_thread::<B, _>(|| 9).await
            });
            called_back.unwrap()
        });
        assert_eq!(value.await, 9);
    });
}

fn in_thread<B: Enter, T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    to_thread::run::<B::Runtime, _, _>(f)
}

fn call<B: Enter, T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> <B::Runtime as Blocking>::Call<T> {
    let handle = <B::Runtime as Spawn>::current().unwrap();
    <B::Runtime as Blocking>::spawn_blocking(&handle, f)
}

anyrt_conformance_kit::cases! { blocking: generic,
    functions_run_on_another_thread,
    functions_run_although_nobody_waits,
    functions_end_although_nobody_waits,
    blocking_in_place_calls_once,
    the_runtime_is_found_in_the_function,
    functions_run_side_by_side,
    many_functions_all_run,
    to_thread_gives_the_value,
    a_panic_in_a_thread_continues_in_the_caller,
    a_refused_call_does_not_run,
    a_begun_call_delivers_before_the_cancellation,
    a_dropped_call_goes_on,
    a_worker_thread_can_call_back,
}
