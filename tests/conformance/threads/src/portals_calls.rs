//! Portals that are opened in a run: calls and tasks. TH-13 to TH-15, TH-17.

use std::convert::Infallible;

use anyrt_core::cancel::checkpoint;
use anyrt_core::context::ContextVar;
use anyrt_core::error::{CallError, PortalStartError};
use anyrt_core::runtime::Enter;
use anyrt_core::task;
use anyrt_core::thread::{BlockingPortal, to_thread};

use super::threads_support::{beside_the_run, cleaned_up};
use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch_sync, panic_quietly, run, until, yields};

static COLOUR: ContextVar<&'static str> = ContextVar::new();

/// TH-13, CX-05: from any foreign thread a call runs async or plain code in the run, and returns its value;
/// the thread's context is passed along.
pub fn calls_run_in_the_run(backend: &Backend) {
    run(backend, async {
        let here = task::current_run();
        let opened = BlockingPortal::<R>::open(async |portal| {
            beside_the_run(move || {
                COLOUR.set("thread");
                let value = portal.call(async move {
                    checkpoint().await;
                    assert_eq!(task::current_run(), here);
                    let seen = COLOUR.get();
                    COLOUR.set("task");
                    (seen, to_thread::run::<R, _, _>(|| 5).await)
                });
                assert_eq!(value, Ok((Some("thread"), 5)));
                assert_eq!(COLOUR.get(), Some("thread"));
                assert_eq!(portal.call_sync(|| task::current().is_some()), Ok(true));
                let failed = portal.call(async { "x".parse::<u8>() });
                assert!(failed.unwrap().is_err());
            })
            .await;
            Ok::<_, Infallible>(7)
        });
        assert_eq!(opened.await.unwrap(), 7);
    });
}

/// TH-13: a panic of the called code continues in the thread, and does not affect the portal.
pub fn panics_continue_in_the_calling_thread(backend: &Backend) {
    run(backend, async {
        let opened = BlockingPortal::<R>::open(async |portal| {
            beside_the_run(move || {
                let panicked = catch_sync(|| {
                    portal
                        .call(async { panic_quietly("async") })
                        .map(drop::<()>)
                });
                assert_eq!(panicked, Err("async".to_owned()));
                let panicked =
                    catch_sync(|| portal.call_sync(|| panic_quietly("plain")).map(drop::<()>));
                assert_eq!(panicked, Err("plain".to_owned()));
                assert_eq!(portal.call(async { 1 }), Ok(1));
            })
            .await;
            Ok::<_, Infallible>(())
        });
        opened.await.unwrap();
    });
}

/// TH-14: a call by a task of the run is refused, and so is waiting for a portal's task there; on a portal
/// that was stopped, nothing runs any more.
pub fn calls_are_refused_where_they_cannot_work(backend: &Backend) {
    let portal = run(backend, async {
        let opened = BlockingPortal::<R>::open(async |portal| {
            assert_eq!(portal.call(async { 1 }), Err(CallError::Inside));
            assert_eq!(portal.call_sync(|| 1), Err(CallError::Inside));
            let gate = Gate::new();
            let waits = gate.clone();
            let task = portal.spawn(async move { waits.opened().await });
            assert_eq!(task.unwrap().wait(), Err(CallError::Inside));
            gate.open();
            assert!(!portal.is_stopped());
            portal.stop();
            assert!(portal.is_stopped());
            portal.stopped().await;
            let stopped = portal.clone();
            let there = beside_the_run(move || stopped.call(async { 1 }));
            assert_eq!(there.await, Err(CallError::NotRunning));
            Ok::<_, Infallible>(portal)
        });
        opened.await.unwrap()
    });
    assert_eq!(portal.call(async { 1 }), Err(CallError::NotRunning));
    assert_eq!(portal.spawn(async {}).map(drop), Err(CallError::NotRunning));
}

/// TH-14, EV-08: where the runtime was entered natively, a call by the futures that it polls is refused,
/// too.
pub fn calls_are_refused_in_the_runtimes_own_run(backend: &Backend) {
    let opened = BlockingPortal::<R>::open(async |portal| {
        assert_eq!(portal.call(async { 1 }), Err(CallError::Inside));
        let there = beside_the_run(move || portal.call(async { 1 }));
        Ok::<_, Infallible>(there.await)
    });
    assert_eq!(backend.block_on(opened).unwrap().unwrap(), Ok(1));
}

/// TH-15: `spawn` returns a handle to wait on, from any thread; dropping it has no effect.
pub fn a_spawned_task_can_be_waited_for(backend: &Backend) {
    run(backend, async {
        let gate = Gate::new();
        let log = Log::new();
        let (opens, writes) = (gate.clone(), log.clone());
        let opened = BlockingPortal::<R>::open(async |portal| {
            beside_the_run(move || {
                let inside = gate.clone();
                let task = portal.spawn(async move {
                    inside.opened().await;
                    6
                });
                let task = task.unwrap();
                assert!(!task.is_finished());
                opens.open();
                assert_eq!(task.wait(), Ok(6));
                let detached = portal.spawn(async move {
                    yields(3).await;
                    writes.add("detached");
                });
                drop(detached.unwrap());
                let panicking = portal.spawn(async { panic_quietly("late") }).unwrap();
                let panicked = catch_sync(|| panicking.wait().map(drop::<()>));
                assert_eq!(panicked, Err("late".to_owned()));
            })
            .await;
            Ok::<_, Infallible>(())
        });
        opened.await.unwrap();
        assert_eq!(
            log.entries(),
            ["detached"],
            "the portal waits for its tasks"
        );
    });
}

/// TH-15: `start` waits until the task reports that it is ready, and returns its value and a handle; if the
/// task ends before, its result is returned, and a panic before continues in the thread.
pub fn a_started_task_says_when_it_is_ready(backend: &Backend) {
    run(backend, async {
        let opened = BlockingPortal::<R>::open(async |portal| {
            beside_the_run(move || {
                let go_on = Gate::new();
                let inside = go_on.clone();
                let started = portal.start(async move |started| {
                    checkpoint().await;
                    started.started("ready");
                    inside.opened().await;
                    9
                });
                let (value, task) = started.unwrap();
                assert_eq!(value, "ready");
                assert!(!task.is_finished());
                go_on.open();
                assert_eq!(task.wait(), Ok(9));

                let failed = portal.start::<(), _>(async |_started| Err::<(), _>("no"));
                match failed.unwrap_err() {
                    PortalStartError::NotStarted(output) => assert_eq!(output, Err("no")),
                    other => panic!("{other:?}"),
                }
                let panicked = catch_sync(|| {
                    portal
                        .start::<(), _>(async |_started| panic_quietly("early"))
                        .map(drop::<((), _)>)
                        .is_ok()
                });
                assert_eq!(panicked, Err("early".to_owned()));
                let (_, task) = portal
                    .start(async |started| {
                        started.started(());
                        yields(2).await;
                        panic_quietly("late")
                    })
                    .unwrap();
                let panicked = catch_sync(|| task.wait().map(drop::<()>));
                assert_eq!(panicked, Err("late".to_owned()));
            })
            .await;
            Ok::<_, Infallible>(())
        });
        opened.await.unwrap();
    });
}

/// TH-17: cancelling a task's handle from the thread cancels that task alone.
pub fn a_task_can_be_cancelled_by_its_handle(backend: &Backend) {
    run(backend, async {
        let opened = BlockingPortal::<R>::open(async |portal| {
            beside_the_run(move || {
                let (begun, cleaned) = (Gate::new(), Flag::new());
                let inside = (begun.clone(), cleaned.clone());
                let task = portal.spawn(cleaned_up(inside)).unwrap();
                let other = portal.spawn(async { 1 }).unwrap();
                begun.wait_blocking();
                task.cancel();
                assert!(task.wait().unwrap_err().is_cancelled());
                assert!(cleaned.is_raised());
                assert_eq!(other.wait(), Ok(1));
                assert_eq!(portal.call(async { 2 }), Ok(2));
            })
            .await;
            Ok::<_, Infallible>(())
        });
        opened.await.unwrap();
    });
}

/// C10: the panic of a detached task is reported to the run's hook, once.
pub fn the_panic_of_a_detached_task_is_not_lost(backend: &Backend) {
    let log = Log::new();
    let seen = log.clone();
    let options = anyrt_core::RunOptions::new().unhandled(move |what| {
        seen.add(crate::support::message_of(&*what.into_inner().unwrap()));
    });
    let main = BlockingPortal::<R>::open(async |portal| {
        drop(
            portal
                .spawn(async { panic_quietly("late") })
                .map(drop::<anyrt_core::thread::PortalTask<()>>),
        );
        until(|| !log.entries().is_empty()).await;
        Ok::<_, Infallible>(())
    });
    anyrt_core::run(backend, options, main).unwrap().unwrap();
    assert_eq!(log.entries(), ["late"]);
}

anyrt_conformance_kit::cases! { portals_calls: erased,
    calls_run_in_the_run,
    panics_continue_in_the_calling_thread,
    calls_are_refused_where_they_cannot_work,
    calls_are_refused_in_the_runtimes_own_run,
    a_spawned_task_can_be_waited_for,
    a_started_task_says_when_it_is_ready,
    a_task_can_be_cancelled_by_its_handle,
    the_panic_of_a_detached_task_is_not_lost,
}
