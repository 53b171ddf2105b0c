//! Calls from a thread into a run, by `from_thread`: TH-10 to TH-12.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield};
use anyrt_core::context::ContextVar;
use anyrt_core::error::CallError;
use anyrt_core::task::{self, RunHandle};
use anyrt_core::thread::{from_thread, to_thread};
use anyrt_core::time::{sleep, sleep_forever};

use super::threads_support::on_a_thread;
use crate::erased::{Backend, R};
use crate::support::{
    Flag, Gate, Log, catch_sync, forever, panic_quietly, poll_once, run, until, yields,
};

static COLOUR: ContextVar<&'static str> = ContextVar::new();

/// TH-10: async and plain code runs in the task that the thread works for, and its value is returned.
pub fn a_worker_thread_calls_into_its_task(backend: &Backend) {
    run(backend, async {
        let here = task::current().unwrap().id();
        let call = to_thread::run::<R, _, _>(move || {
            let worker = thread::current().id();
            let value = from_thread::run(async move {
                assert_ne!(thread::current().id(), worker);
                assert_eq!(task::current().unwrap().id(), here);
                sleep::<R>(Duration::from_millis(1)).await;
                let nested =
                    to_thread::run::<R, _, _>(|| from_thread::run(async { 20 }).unwrap() + 1);
                nested.await
            });
            let plain = from_thread::run_sync(move || task::current().unwrap().id() == here);
            assert_eq!(plain, Ok(true));
            value.unwrap() * 2
        });
        assert_eq!(call.await, 42);
    });
}

/// TH-10: errors are returned as values, and panics continue in the thread, which continues.
pub fn failures_of_what_is_called_continue_in_the_thread(backend: &Backend) {
    run(backend, async {
        let call = to_thread::run::<R, _, _>(|| {
            let failed = from_thread::run(async { "x".parse::<u8>() });
            assert!(failed.unwrap().is_err());
            let panicked = catch_sync(|| {
                from_thread::run(async {
                    checkpoint().await;
                    panic_quietly("in the task")
                })
                .map(|never: ()| never)
            });
            assert_eq!(panicked, Err("in the task".to_owned()));
            let panicked =
                catch_sync(|| from_thread::run_sync(|| panic_quietly("plain")).map(drop::<()>));
            assert_eq!(panicked, Err("plain".to_owned()));
            from_thread::run_sync(|| 3).unwrap()
        });
        assert_eq!(call.await, 3);
    });
}

/// TH-10, CX-04: the called code sees the thread's context; its changes stay in it, also between its polls.
pub fn what_is_called_has_the_threads_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("caller");
        let call = to_thread::run::<R, _, _>(|| {
            COLOUR.set("thread");
            let seen = from_thread::run(async {
                let seen = COLOUR.get();
                COLOUR.set("called");
                yields(3).await;
                (seen, COLOUR.get())
            });
            assert_eq!(seen, Ok((Some("thread"), Some("called"))));
            COLOUR.get()
        });
        let (seen, ()) = futures_util::future::join(call, async {
            for _ in 0..10 {
                yields(1).await;
                assert_eq!(COLOUR.get(), Some("caller"));
            }
        })
        .await;
        assert_eq!(seen, Some("thread"));
    });
}

/// TH-11: a user's thread needs a token from the run, and works with it.
pub fn a_foreign_thread_needs_a_token(backend: &Backend) {
    let token = run(backend, async {
        let token = RunHandle::<R>::current().unwrap();
        let there = token.clone();
        on_a_thread(move || {
            assert_eq!(from_thread::run(async { 1 }), Err(CallError::Outside));
            assert_eq!(from_thread::run_sync(|| 1), Err(CallError::Outside));
            let (run, expected) = (there.clone(), there.token());
            let value = from_thread::run_in(&run, async move {
                checkpoint().await;
                assert_eq!(task::current_run(), Some(expected));
                2
            });
            assert_eq!(value, Ok(2));
            assert_eq!(from_thread::run_sync_in(&there, || 3), Ok(3));
            let panicked = catch_sync(|| {
                from_thread::run_sync_in(&there, || panic_quietly("x")).map(drop::<()>)
            });
            assert_eq!(panicked, Err("x".to_owned()));
        })
        .await;
        token
    });
    assert_eq!(
        from_thread::run_in(&token, async { 1 }),
        Err(CallError::NotRunning)
    );
}

/// TH-11: a run that ends releases the threads that wait in it.
pub fn the_end_of_a_run_releases_waiting_threads(backend: &Backend) {
    let (begun, dropped) = (Gate::new(), Flag::new());
    let thread = run(backend, async {
        let token = RunHandle::<R>::current().unwrap();
        let inside = (begun.clone(), dropped.clone());
        let thread = thread::spawn(move || {
            from_thread::run_in(&token, async move {
                inside.0.open();
                forever(&inside.1).await;
            })
        });
        begun.opened().await;
        thread
    });
    assert!(dropped.is_raised(), "the run waits for what was called");
    assert_eq!(thread.join().unwrap(), Err(CallError::NotRunning));
}

/// TH-11: a thread that polls a task of the run is refused, and does not wait for itself.
pub fn a_task_cannot_wait_for_its_own_run(backend: &Backend) {
    run(backend, async {
        let token = RunHandle::<R>::current().unwrap();
        assert_eq!(
            from_thread::run_in(&token, async { 1 }),
            Err(CallError::Inside)
        );
        assert_eq!(from_thread::run_sync(|| 1), Err(CallError::Inside));
        let call =
            to_thread::run::<R, _, _>(|| from_thread::run(async { from_thread::run(async { 1 }) }));
        assert_eq!(call.await, Ok(Err(CallError::Inside)));
    });
}

/// TH-12: the called code is in the scopes of the task that started the thread: cancelling that interrupts
/// it, and the thread gets the reason.
pub fn what_is_called_is_under_the_callers_scopes(backend: &Backend) {
    run(backend, async {
        let (begun, dropped, after) = (Gate::new(), Flag::new(), Flag::new());
        let inside = (begun.clone(), dropped.clone(), after.clone());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = to_thread::run::<R, _, _>(move || {
            let called = from_thread::run(async move {
                let _dropped = inside.1.on_drop();
                inside.0.open();
                sleep_forever().await
            });
            let Err(CallError::Cancelled(why)) = called else {
                panic!("it must be cancelled");
            };
            assert_eq!(why.reason(), Some("enough"));
            // The next one does not even start, but plain code does.
            let again = from_thread::run(checkpoint());
            assert!(again.unwrap_err().is_cancelled());
            assert_eq!(from_thread::run_sync(|| 1), Ok(1));
            inside.2.raise();
        });
        let mut scoped = Box::pin(scope.run(async {
            call.await;
            checkpoint().await;
        }));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        let waiting = async {
            begun.opened().await;
            handle.cancel_with("enough");
        };
        let (result, ()) = futures_util::future::join(scoped, waiting).await;
        assert!(result.is_err());
        assert!(dropped.is_raised() && after.is_raised());
    });
}

/// TH-12, HO-05: the called code can cancel its caller's scope itself, and is interrupted in the same poll;
/// the thread gets the cause.
pub fn what_is_called_can_cancel_its_caller(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let log = Log::new();
        let inside = log.clone();
        let scoped = scope.run(async {
            let call = to_thread::run::<R, _, _>(move || {
                let called = from_thread::run(async move {
                    handle.cancel_with("by myself");
                    checkpoint().await;
                    inside.add("not reached");
                });
                match called {
                    Err(CallError::Cancelled(why)) => why.reason().map(str::to_owned),
                    other => panic!("not cancelled: {other:?}"),
                }
            });
            log.add(call.await.unwrap());
            checkpoint().await;
        });
        assert!(scoped.await.is_err());
        assert_eq!(log.entries(), ["by myself"]);
    });
}

/// TH-12, C6, C8: clean-up code and shields in the called code run to their end before the thread continues,
/// and the scope waits for both; also where the call is abandoned.
pub fn clean_up_in_what_is_called_is_waited_for(backend: &Backend) {
    for abandons in [false, true] {
        run(backend, async {
            let (begun, log) = (Gate::new(), Log::new());
            let inside = (begun.clone(), log.clone());
            let mut options = to_thread::Options::<R>::new();
            if abandons {
                options = options.abandon_on_cancel();
            }
            let ended = Gate::new();
            let over = ended.clone();
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let call = options.run(move || {
                let there = inside.1.clone();
                let called = from_thread::run(async move {
                    let body = async {
                        inside.0.open();
                        sleep_forever().await
                    };
                    finally(body, async || {
                        shield(yields(3)).await;
                        checkpoint().await;
                        there.add("cleaned up");
                    })
                    .await
                });
                assert!(called.is_err());
                inside.1.add("thread goes on");
                over.open();
            });
            let mut scoped = Box::pin(scope.run(async {
                call.await;
                checkpoint().await;
            }));
            assert!(poll_once(scoped.as_mut()).await.is_pending());
            let waiting = async {
                begun.opened().await;
                handle.cancel();
            };
            let (result, ()) = futures_util::future::join(scoped, waiting).await;
            assert!(result.is_err());
            assert!(log.has("cleaned up"));
            ended.opened().await;
            assert_eq!(log.entries(), ["cleaned up", "thread goes on"]);
        });
    }
}

/// TH-12, C10: a call that is dropped from outside drops the futures that its thread has sent, and releases
/// the thread; later requests are refused.
pub fn a_dropped_call_releases_its_thread(backend: &Backend) {
    run(backend, async {
        let (begun, dropped) = (Gate::new(), Flag::new());
        let inside = (begun.clone(), dropped.clone());
        let results = Arc::new(Mutex::new(Vec::new()));
        let there = results.clone();
        let mut call = Box::pin(to_thread::run::<R, _, _>(move || {
            let first = from_thread::run(async move {
                inside.0.open();
                forever(&inside.1).await;
            });
            let second = from_thread::run_sync(|| ());
            let third = from_thread::check_cancelled();
            there.lock().unwrap().extend([
                first.unwrap_err().is_cancelled(),
                second.unwrap_err().is_cancelled(),
                third.is_err(),
            ]);
        }));
        while !begun.is_open() {
            assert!(poll_once(call.as_mut()).await.is_pending());
            yields(1).await;
        }
        drop(call);
        assert!(dropped.is_raised());
        until(|| results.lock().unwrap().len() == 3).await;
        assert_eq!(*results.lock().unwrap(), [true; 3]);
    });
}

anyrt_conformance_kit::cases! { threads_back: erased,
    a_worker_thread_calls_into_its_task,
    failures_of_what_is_called_continue_in_the_thread,
    what_is_called_has_the_threads_context,
    a_foreign_thread_needs_a_token: [foreign_wakes],
    the_end_of_a_run_releases_waiting_threads: [foreign_wakes],
    a_task_cannot_wait_for_its_own_run,
    what_is_called_is_under_the_callers_scopes,
    what_is_called_can_cancel_its_caller,
    clean_up_in_what_is_called_is_waited_for,
    a_dropped_call_releases_its_thread,
}
