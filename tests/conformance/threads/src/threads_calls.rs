//! Functions on worker threads: results, waiting and abandoning.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{
    CancelScope, Cause, checkpoint, current_effective_deadline, has_pending_cancellation, shield,
};
use anyrt_core::context::ContextVar;
use anyrt_core::runtime::{Enter, Time};
use anyrt_core::sync::{Barrier, CapacityLimiter};
use anyrt_core::task::{self, task_group};
use anyrt_core::thread::{from_thread, to_thread};
use anyrt_core::time::Instant;

use futures_util::future::join_all;

use crate::erased::{Backend, R};
use crate::support::{
    Flag, Gate, Log, catch, in_cancelled_scope, message_of, panic_quietly, panicking_waker,
    poll_once, run, until, yields,
};

/// TH-01: the function runs on another thread; its value and its error are returned, and its panic
/// continues in the caller.
pub fn values_errors_and_panics_come_back(backend: &Backend) {
    run(backend, async {
        let here = thread::current().id();
        let there = to_thread::run::<R, _, _>(|| thread::current().id());
        assert_ne!(there.await, here);
        let failed = to_thread::run::<R, _, _>(|| "x".parse::<u8>());
        assert!(failed.await.is_err());
        let call = to_thread::run::<R, _, _>(|| panic_quietly("there"));
        assert_eq!(
            catch(call).await.map(|never: ()| never),
            Err("there".to_owned())
        );
        assert_eq!(to_thread::run::<R, _, _>(|| 1).await, 1);
    });
}

/// TH-02: in a cancelled scope the function never runs, abandoned or not.
pub fn a_call_in_a_cancelled_scope_never_runs(backend: &Backend) {
    let ran = Flag::new();
    run(backend, async {
        let there = ran.clone();
        let call = to_thread::run::<R, _, _>(move || there.raise());
        assert!(in_cancelled_scope::<R, _>(call).await.is_err());
        let there = ran.clone();
        let options = to_thread::Options::<R>::new().abandon_on_cancel();
        let call = options.run(move || there.raise());
        assert!(in_cancelled_scope::<R, _>(call).await.is_err());
        // Functions that were queued before this one have run when it has.
        to_thread::run::<R, _, _>(|| ()).await;
    });
    assert!(!ran.is_raised());
}

/// TH-03: a cancelled caller waits for its function, gets the value as usual, and is cancelled at the next
/// wait; its group cannot end before the function has.
pub fn a_group_waits_for_the_functions_in_it(backend: &Backend) {
    run(backend, async {
        let (begun, go_on, log) = (Gate::new(), Gate::new(), Log::new());
        let inside = (begun.clone(), go_on.clone(), log.clone());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let log = log.clone();
            tg.spawn(async move {
                let there = log.clone();
                let call = to_thread::run::<R, _, _>(move || {
                    inside.0.open();
                    inside.1.wait_blocking();
                    there.add("function ends");
                    5
                });
                log.add(format!("value {}", call.await));
                checkpoint().await;
                log.add("not reached");
            });
            begun.opened().await;
            tg.cancel();
            Ok(())
        });
        let mut group = Box::pin(group);
        // The body opens nothing until the function has begun.
        while !begun.is_open() {
            assert!(poll_once(group.as_mut()).await.is_pending());
            yields(1).await;
        }
        for _ in 0..20 {
            assert!(
                poll_once(group.as_mut()).await.is_pending(),
                "the group must wait"
            );
            yields(1).await;
        }
        go_on.open();
        group.await.unwrap();
        assert_eq!(log.entries(), ["function ends", "value 5"]);
    });
}

/// TH-04: with the abandon option a cancelled caller is released at once; the function continues alone, and
/// its result is dropped.
pub fn an_abandoned_function_goes_on_alone(backend: &Backend) {
    let (begun, go_on) = (Gate::new(), Gate::new());
    let (told, dropped) = (Flag::new(), Flag::new());
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let inside = (begun.clone(), go_on.clone());
        let (heard, result) = (told.clone(), dropped.on_drop());
        let call = to_thread::Options::<R>::new()
            .abandon_on_cancel()
            .run(move || {
                inside.0.open();
                inside.1.wait_blocking();
                let why = from_thread::check_cancelled().unwrap_err();
                if why.reason() == Some("enough") {
                    heard.raise();
                }
                result
            });
        let mut scoped = Box::pin(scope.run(call));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel_with("enough");
        let cancelled = scoped.await.err().unwrap();
        assert_eq!(cancelled.cause(), Cause::Explicit);
        assert!(!dropped.is_raised(), "the function still runs");
        go_on.open();
        until(|| dropped.is_raised()).await;
        assert!(
            told.is_raised(),
            "the thread must learn of the cancellation"
        );
    });
}

/// TH-04: a call that may be abandoned and is not cancelled returns its value.
pub fn an_abandonable_call_gives_its_value(backend: &Backend) {
    run(backend, async {
        let options = to_thread::Options::<R>::new().abandon_on_cancel();
        assert_eq!(options.run(|| 6 * 7).await, 42);
    });
}

/// TH-04, C10: the panic of an abandoned function is reported to the run's hook, once.
pub fn the_panic_of_an_abandoned_function_is_not_lost(backend: &Backend) {
    let panics = Arc::new(Mutex::new(Vec::new()));
    let seen = panics.clone();
    let options = RunOptions::new().unhandled(move |what| {
        let payload = what.into_inner().unwrap();
        seen.lock().unwrap().push(message_of(&*payload));
    });
    let main = async {
        let (begun, go_on) = (Gate::new(), Gate::new());
        let inside = (begun.clone(), go_on.clone());
        let mut call = Box::pin(call_with_panic(inside));
        assert!(poll_once(call.as_mut()).await.is_pending());
        begun.opened().await;
        drop(call);
        go_on.open();
        until(|| !panics.lock().unwrap().is_empty()).await;
    };
    anyrt_core::run(backend, options, main).unwrap();
    assert_eq!(*panics.lock().unwrap(), ["late"]);
}

/// TH-06: sequential calls use one thread; after many concurrent calls, one of their threads.
pub fn sequential_calls_use_one_thread(backend: &Backend) {
    run(backend, async {
        let here = || to_thread::run::<R, _, _>(|| thread::current().id());
        let first = here().await;
        for _ in 0..100 {
            assert_eq!(here().await, first);
        }
        let together = Arc::new(Barrier::new(10));
        let calls = (0..10).map(|_| {
            let together = together.clone();
            to_thread::run::<R, _, _>(move || {
                from_thread::run(async move { together.wait().await }).unwrap();
                thread::current().id()
            })
        });
        let known = join_all(calls).await;
        for _ in 0..100 {
            assert!(known.contains(&here().await), "a thread too many");
        }
    });
}

/// TH-07: a worker thread is not inside the run: no task and no scope is found there, and it may enter
/// another run.
pub fn a_worker_thread_is_outside_of_tasks_and_scopes(backend: &Backend) {
    let inner = backend.clone();
    run(backend, async {
        let scope = CancelScope::<R>::new().deadline(soon());
        let call = to_thread::run::<R, _, _>(move || {
            assert!(task::current().is_none());
            assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE);
            assert!(!has_pending_cancellation());
            let outer = task::current_run();
            let entered = anyrt_core::run(&inner, RunOptions::new(), async move {
                assert_ne!(task::current_run(), outer);
                assert!(task::current().is_some());
                to_thread::run::<R, _, _>(|| 7).await
            });
            assert_eq!(task::current_run(), outer);
            entered.unwrap()
        });
        assert_eq!(scope.run(call).await, Ok(7));
    });
}

/// TH-21: a call can name its thread; a thread that is used again does not keep the name.
pub fn a_name_lasts_for_one_call(backend: &Backend) {
    run(backend, async {
        assert_eq!(to_thread::current_name(), None);
        for round in 0..20 {
            let name = format!("round {round}");
            let options = to_thread::Options::<R>::new().name(name.clone());
            let seen = options.run(to_thread::current_name).await;
            assert_eq!(seen.as_deref(), Some(&*name));
            let plain = to_thread::run::<R, _, _>(to_thread::current_name);
            assert_eq!(plain.await, None);
        }
    });
}

/// C8, TH-03: behind a shield a call is not cancelled, and its thread is not notified.
pub fn a_shielded_call_is_not_told(backend: &Backend) {
    run(backend, async {
        let (begun, go_on) = (Gate::new(), Gate::new());
        let inside = (begun.clone(), go_on.clone());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = shield(to_thread::run::<R, _, _>(move || {
            inside.0.open();
            inside.1.wait_blocking();
            from_thread::check_cancelled()
        }));
        let mut scoped = Box::pin(scope.run(call));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel();
        for _ in 0..10 {
            assert!(poll_once(scoped.as_mut()).await.is_pending());
        }
        go_on.open();
        assert_eq!(scoped.await, Ok(Ok(())));
    });
}

async fn call_with_panic((begun, go_on): (Gate, Gate)) {
    to_thread::run::<R, _, _>(move || {
        begun.open();
        go_on.wait_blocking();
        panic_quietly("late")
    })
    .await
}

/// Returns the time in an hour, on the backend's clock.
fn soon() -> Instant {
    R::now() + Duration::from_secs(3600)
}

/// TH-07, EV-08: a function may enter another runtime natively; the threads of that runtime end with it.
pub fn a_runtime_of_a_functions_own_can_end(backend: &Backend) {
    let inner = backend.clone();
    run(backend, async {
        let call = to_thread::run::<R, _, _>(move || {
            let nested = async { to_thread::run::<R, _, _>(|| 5).await };
            inner.block_on(nested).unwrap()
        });
        assert_eq!(call.await, 5);
    });
}

/// TH-01: the panic of a destructor continues in the caller, too, when a variable that the function has set
/// is dropped.
pub fn the_panic_of_what_a_function_leaves_continues(backend: &Backend) {
    #[derive(Clone)]
    struct Bomb(Arc<()>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if Arc::strong_count(&self.0) == 1 {
                panic_quietly("left behind");
            }
        }
    }
    static SET: ContextVar<Bomb> = ContextVar::new();
    run(backend, async {
        let call = to_thread::run::<R, _, _>(|| SET.set(Bomb(Arc::new(()))));
        assert_eq!(catch(call).await, Err("left behind".to_owned()));
        assert_eq!(to_thread::run::<R, _, _>(|| 1).await, 1);
    });
}

/// TH-01: the value arrives although returning the token has woken a waker that panics.
pub fn a_value_arrives_past_a_waker_that_panics(backend: &Backend) {
    let log = Log::new();
    let heard = log.clone();
    let options = RunOptions::new().unhandled(move |what| heard.add(what.to_string()));
    let main = async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let go_on = Gate::new();
        let inside = go_on.clone();
        let options = to_thread::Options::<R>::new().limiter(&limiter);
        let mut call = pin!(options.run(move || {
            inside.wait_blocking();
            7
        }));
        assert!(poll_once(call.as_mut()).await.is_pending());
        let mut next = Box::pin(limiter.acquire_arc());
        let polled = next
            .as_mut()
            .poll(&mut Context::from_waker(&panicking_waker()));
        assert!(polled.is_pending());
        go_on.open();
        assert_eq!(call.await, 7);
        until(|| log.entries().len() == 1).await;
    };
    anyrt_core::run(backend, options, main).unwrap();
    assert!(log.entries()[0].contains("a waker"), "{log:?}");
}

anyrt_conformance_kit::cases! { threads_calls: erased,
    values_errors_and_panics_come_back,
    a_call_in_a_cancelled_scope_never_runs,
    a_group_waits_for_the_functions_in_it,
    an_abandoned_function_goes_on_alone,
    an_abandonable_call_gives_its_value,
    the_panic_of_an_abandoned_function_is_not_lost,
    sequential_calls_use_one_thread,
    a_worker_thread_is_outside_of_tasks_and_scopes: [nested_runs],
    a_name_lasts_for_one_call,
    a_shielded_call_is_not_told,
    a_runtime_of_a_functions_own_can_end: [nested_runs],
    the_panic_of_what_a_function_leaves_continues,
    a_value_arrives_past_a_waker_that_panics,
}
