//! Threads and the run around them: blocking calls where they are not possible, functions with a dropped
//! caller. EN-22, EN-27, EN-28.

use std::convert::Infallible;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelScope, finally};
use anyrt_core::context::ContextVar;
use anyrt_core::error::CallError;
use anyrt_core::runtime::{Spawn, TaskInfo};
use anyrt_core::task::{self, RunHandle, task_group};
use anyrt_core::thread::{BlockingPortal, BlockingPortalProvider, to_thread};

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, blocked};
use crate::limits::ends_within;
use crate::support::{
    Gate, Log, OnDrop, linger, message_of, panic_quietly, poll_once, run, yields,
};

const LIMIT: Duration = Duration::from_secs(1);

static COLOUR: ContextVar<&str> = ContextVar::new();

/// The place where the destructor runs.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    WithItsTask,
    WithItsGroup,
    ByAnAbort,
    InAScope,
    AfterACleanUp,
    UnpolledTask,
}

/// Calls `blocks` in a destructor in a task, and returns its result with the task and the context that the
/// destructor sees.
fn in_a_destructor(
    backend: &Backend,
    dropped: Dropped,
    blocks: fn(&RunHandle<R>, &BlockingPortal<R>) -> String,
) -> Vec<String> {
    let (backend, log) = (backend.clone(), Log::new());
    let inside = log.clone();
    ends_within(LIMIT, &format!("{dropped:?}"), move || {
        run(&backend, async {
            let handle = RunHandle::<R>::current().unwrap();
            let opened = BlockingPortal::<R>::open(async |portal| {
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    let (started, log) = (Gate::new(), inside.clone());
                    let guard = OnDrop::new(move || {
                        let task = task::current().map(|task| task.name());
                        log.add(format!("{:?} {:?}", task.as_deref(), COLOUR.get()));
                        log.add(blocks(&handle, &portal));
                    });
                    let starts = started.clone();
                    let child = tg.task().name("child").spawn(async move {
                        let kept = guard;
                        COLOUR.set("red");
                        starts.open();
                        match dropped {
                            Dropped::InAScope => {
                                let scope = CancelScope::<R>::new();
                                scope.handle().cancel();
                                let body = scope.run(async move {
                                    let _kept = kept;
                                    blocked().await;
                                });
                                assert!(body.await.is_err());
                            }
                            Dropped::AfterACleanUp => {
                                let _kept = kept;
                                finally(blocked(), async || yields(2).await).await;
                            }
                            _ => {
                                let _kept = kept;
                                blocked().await;
                            }
                        }
                    });
                    if !matches!(dropped, Dropped::UnpolledTask) {
                        started.opened().await;
                    }
                    match dropped {
                        Dropped::WithItsTask | Dropped::AfterACleanUp => child.cancel(),
                        Dropped::ByAnAbort => tg.scope().abort(),
                        _ => tg.cancel(),
                    }
                });
                let _ = group.await;
                Ok::<_, Infallible>(())
            });
            opened.await.unwrap();
        });
    });
    log.entries()
}

/// EN-22, LL-05: `RunHandle::block_on` in the destructor of a task is refused, wherever that runs.
pub fn block_on_is_refused_in_destructors(backend: &Backend) {
    for dropped in [
        Dropped::WithItsTask,
        Dropped::WithItsGroup,
        Dropped::ByAnAbort,
        Dropped::InAScope,
        Dropped::AfterACleanUp,
    ] {
        let log = in_a_destructor(backend, dropped, |handle, _| {
            match handle.block_on(async {}) {
                Ok(()) => "it blocked".to_owned(),
                Err(error) if error.to_string().is_empty() => "no message".to_owned(),
                Err(_) => "refused".to_owned(),
            }
        });
        assert_eq!(
            log.last().map(String::as_str),
            Some("refused"),
            "{dropped:?}"
        );
    }
}

/// EN-22, TH-14: a call of a portal in the destructor of a task is refused, too.
pub fn portal_calls_are_refused_in_destructors(backend: &Backend) {
    for dropped in [
        Dropped::WithItsTask,
        Dropped::WithItsGroup,
        Dropped::ByAnAbort,
        Dropped::InAScope,
        Dropped::AfterACleanUp,
    ] {
        let log = in_a_destructor(backend, dropped, |_, portal| match portal.call(async {}) {
            Err(CallError::Inside) => "refused".to_owned(),
            other => format!("{other:?}"),
        });
        assert_eq!(
            log.last().map(String::as_str),
            Some("refused"),
            "{dropped:?}"
        );
    }
}

/// EN-22, G13, G14: destructors of a task see its context variables, and the task itself.
pub fn destructors_see_their_task_and_its_context(backend: &Backend) {
    for dropped in [
        Dropped::WithItsTask,
        Dropped::WithItsGroup,
        Dropped::ByAnAbort,
        Dropped::InAScope,
        Dropped::AfterACleanUp,
    ] {
        let log = in_a_destructor(backend, dropped, |_, _| String::new());
        assert_eq!(log[0], r#"Some("child") Some("red")"#, "{dropped:?}");
    }
}

/// EN-22, G13: in the destructor of a task that was cancelled before it was polled, the call is refused and
/// does not hang.
pub fn nothing_hangs_in_the_destructor_of_an_unpolled_task(backend: &Backend) {
    for _ in 0..20 {
        let log = in_a_destructor(backend, Dropped::UnpolledTask, |handle, portal| {
            let refused = handle.block_on(async {}).is_err();
            format!("{refused} {:?}", portal.call(async {}))
        });
        assert_eq!(log.last().map(String::as_str), Some("true Err(Inside)"));
    }
}

/// EN-22, G13: the value of a task with a dropped handle is dropped in that task.
pub fn values_are_dropped_in_their_task(backend: &Backend) {
    let (backend, log) = (backend.clone(), Log::new());
    let there = log.clone();
    ends_within(LIMIT, "the run", move || {
        run(&backend, async {
            let handle = RunHandle::<R>::current().unwrap();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let guard = OnDrop::new(move || {
                    let task = task::current().map(|task| task.name());
                    let refused = handle.block_on(async {}).is_err();
                    there.add(format!(
                        "{:?} {:?} {refused}",
                        task.as_deref(),
                        COLOUR.get()
                    ));
                });
                let dropped = Gate::new();
                let handle_is_gone = dropped.clone();
                let child = tg.task().name("child").spawn(async move {
                    COLOUR.set("red");
                    handle_is_gone.opened().await;
                    Ok(guard)
                });
                drop(child);
                dropped.open();
            });
            group.await.unwrap();
        });
    });
    assert_eq!(log.entries(), [r#"Some("child") Some("red") true"#]);
}

/// EN-22, LL-05: the last portal of a provider may be dropped in the destructor of a task of its run.
pub fn a_provided_portal_may_be_dropped_in_a_destructor(backend: &Backend) {
    let (provider, gone) = (BlockingPortalProvider::new(backend.clone()), Gate::new());
    let (started, opens) = (Gate::new(), gone.clone());
    ends_within(LIMIT, "the destructor", move || {
        let (first, last) = (provider.portal().unwrap(), provider.portal().unwrap());
        let starts = started.clone();
        let guard = OnDrop::new(move || {
            drop(last);
            opens.open();
        });
        let task = first.spawn(async move {
            let _kept = guard;
            starts.open();
            blocked().await;
        });
        started.wait_blocking();
        drop(first);
        task.unwrap().cancel();
        gone.wait_blocking();
    });
}

/// Begins a call, and drops it when the function runs; the function then waits for the gate.
async fn dropped_half_way<T: Send + 'static>(go_on: &Gate, f: impl FnOnce() -> T + Send + 'static) {
    let (begun, waits) = (Gate::new(), go_on.clone());
    let begins = begun.clone();
    let mut call = Box::pin(to_thread::run::<R, _, _>(move || {
        begins.open();
        waits.wait_blocking();
        f()
    }));
    assert!(poll_once(call.as_mut()).await.is_pending());
    begun.opened().await;
    drop(call);
}

/// EN-27, C10: the end of a run waits for a function with a dropped caller.
pub fn the_run_waits_for_a_function_whose_caller_was_dropped(backend: &Backend) {
    let log = Log::new();
    let there = log.clone();
    run(backend, async {
        let go_on = Gate::new();
        dropped_half_way(&go_on, move || {
            linger(Duration::from_millis(50));
            there.add("the function has ended");
        })
        .await;
        go_on.open();
    });
    log.add("the run has ended");
    assert_eq!(
        log.entries(),
        ["the function has ended", "the run has ended"]
    );
}

/// EN-27, C10: the value of such a function is dropped on its thread, before the run has ended.
pub fn the_value_of_a_dropped_call_is_dropped_on_its_thread(backend: &Backend) {
    struct Value(mpsc::Sender<ThreadId>);
    impl Drop for Value {
        fn drop(&mut self) {
            linger(Duration::from_millis(1));
            let _ = self.0.send(thread::current().id());
        }
    }
    for round in 0..20 {
        let (ids, dropped_on) = mpsc::channel();
        let worker = Arc::new(Mutex::new(None));
        let there = worker.clone();
        run(backend, async {
            let go_on = Gate::new();
            let opens = go_on.clone();
            let mut call = Box::pin(to_thread::run::<R, _, _>(move || {
                *there.lock().unwrap() = Some(thread::current().id());
                go_on.wait_blocking();
                Value(ids)
            }));
            assert!(poll_once(call.as_mut()).await.is_pending());
            while worker.lock().unwrap().is_none() {
                yields(1).await;
            }
            drop(call);
            opens.open();
        });
        let dropped_on = dropped_on.try_recv();
        assert_eq!(dropped_on.ok(), *worker.lock().unwrap(), "round {round}");
    }
}

/// EN-27, TH-04, C10: the panic of such a function reaches the hook before the run has ended.
pub fn the_panic_of_a_dropped_call_reaches_the_hook(backend: &Backend) {
    let log = Log::new();
    let seen = log.clone();
    let options = RunOptions::new().unhandled(move |what| {
        let payload = what.into_inner().expect("a panic");
        seen.add(message_of(&*payload));
    });
    let main = async {
        let go_on = Gate::new();
        dropped_half_way(&go_on, || {
            linger(Duration::from_millis(50));
            panic_quietly("late")
        })
        .await;
        go_on.open();
    };
    anyrt_core::run(backend, options, main).unwrap();
    assert_eq!(log.entries(), ["late"]);
}

/// EN-28, TH-14: a call of a portal by a task of the runtime itself, on the run's thread, is an error where
/// that thread is needed, and never a deadlock.
pub fn a_portal_call_of_a_native_task_is_no_deadlock(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        let host = thread::current().id();
        run(&backend, async {
            let opened = BlockingPortal::<R>::open(async |portal| {
                let (done, result) = (Gate::new(), Arc::new(Mutex::new(None)));
                let (ends, says) = (done.clone(), result.clone());
                let handle = R::current().unwrap();
                R::spawn(&handle, TaskInfo::unnamed(), async move {
                    let called = portal.call(async { 1 });
                    *says.lock().unwrap() = Some((thread::current().id(), called));
                    ends.open();
                });
                done.opened().await;
                let (thread, called) = result.lock().unwrap().take().expect("it has ended");
                match called {
                    Err(CallError::Inside) => {}
                    Ok(1) if thread != host => {}
                    other => panic!("neither refused nor done: {other:?}"),
                }
                Ok::<_, Infallible>(())
            });
            opened.await.unwrap();
        });
    });
}

/// EN-28, TH-14: the same with more native tasks than the runtime has threads, and with a handle of the run.
pub fn many_calls_of_native_tasks_are_no_deadlock(backend: &Backend) {
    const TASKS: usize = 8;
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        run(&backend, async {
            let run = RunHandle::<R>::current().unwrap();
            let opened = BlockingPortal::<R>::open(async |portal| {
                let done = Countdown::new(TASKS);
                for number in 0..TASKS {
                    let (portal, run, done) = (portal.clone(), run.clone(), done.clone());
                    let handle = R::current().unwrap();
                    R::spawn(&handle, TaskInfo::unnamed(), async move {
                        if number % 2 == 0 {
                            let called = portal.call(yields(3));
                            assert!(matches!(called, Ok(()) | Err(CallError::Inside)));
                        } else if let Err(refused) = run.block_on(yields(3)) {
                            assert!(!refused.is_ended());
                        }
                        done.arrive();
                    });
                }
                done.all_arrived().await;
                Ok::<_, Infallible>(())
            });
            opened.await.unwrap();
        });
    });
}

anyrt_conformance_kit::cases! { engine_threads: erased,
    block_on_is_refused_in_destructors,
    portal_calls_are_refused_in_destructors,
    destructors_see_their_task_and_its_context,
    nothing_hangs_in_the_destructor_of_an_unpolled_task,
    values_are_dropped_in_their_task,
    a_provided_portal_may_be_dropped_in_a_destructor: [portal_runs],
    the_run_waits_for_a_function_whose_caller_was_dropped,
    the_value_of_a_dropped_call_is_dropped_on_its_thread,
    the_panic_of_a_dropped_call_reaches_the_hook,
    a_portal_call_of_a_native_task_is_no_deadlock,
    many_calls_of_native_tasks_are_no_deadlock,
}
