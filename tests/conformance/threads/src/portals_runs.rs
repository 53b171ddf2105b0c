//! Portals with a separate run, resources that are held open through them, and their provider.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Barrier};
use std::thread;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::context::ContextVar;
use anyrt_core::error::{CallError, PortalStartError};
use anyrt_core::runtime::Enter;
use anyrt_core::task;
use anyrt_core::thread::{BlockingPortalProvider, PortalOptions, start_blocking_portal, to_thread};
use anyrt_core::time::sleep_forever;

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch_sync, panic_quietly, run, yields};

static COLOUR: ContextVar<&'static str> = ContextVar::new();

/// TH-18, TH-13: a portal with a separate run starts run and thread, and ends both on leaving.
pub fn a_portal_can_have_a_run_of_its_own(backend: &Backend) {
    let (log, alive) = (Log::new(), Arc::new(()));
    let held = alive.clone();
    let value = start_blocking_portal(backend, |portal| {
        let here = thread::current().id();
        let first = portal.call_sync(task::current_run).unwrap();
        assert!(first.is_some());
        assert_eq!(portal.call_sync(task::current_run), Ok(first));
        assert_ne!(
            portal.call_sync(move || thread::current().id()).unwrap(),
            here
        );
        let there = log.clone();
        let task = portal.spawn(async move {
            let _held = held;
            yields(5).await;
            there.add("task ends");
        });
        drop(task.unwrap());
        portal.clone()
    });
    let portal = value.unwrap();
    assert_eq!(log.entries(), ["task ends"], "leaving waits for the tasks");
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(portal.call(async { 1 }), Err(CallError::NotRunning));
}

/// A backend that logs the names of the threads that it is entered on.
#[derive(Clone, Debug)]
struct Noted<B>(B, Log);

impl<B: Enter> Enter for Noted<B> {
    type Runtime = R;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        self.1.add(thread::current().name().unwrap_or("no name"));
        self.0.block_on(future)
    }
}

/// TH-18: thread and main task can be named; the caller's context is passed along.
pub fn the_thread_of_a_portal_can_be_named(backend: &Backend) {
    COLOUR.set("outside");
    let backend = &Noted(backend.clone(), Log::new());
    start_blocking_portal(backend, |_| ()).unwrap();
    let options = PortalOptions::new()
        .thread_name("th-18")
        .run_options(RunOptions::new().name("portal-main"));
    let names = options.start(backend, |portal| {
        let main = portal.call(async {
            let names: Vec<_> = task::all()
                .iter()
                .map(|task| task.name().to_string())
                .collect();
            names
        });
        assert_eq!(portal.call_sync(|| COLOUR.get()), Ok(Some("outside")));
        main.unwrap()
    });
    let names = names.unwrap();
    assert!(names.iter().any(|name| name == "portal-main"), "{names:?}");
    assert_eq!(backend.1.entries(), ["anyrt-portal", "th-18"]);
}

/// TH-18: a panic of the code that uses the portal cancels its tasks, ends run and thread, and
/// continues.
pub fn a_panic_outside_ends_the_portals_run(backend: &Backend) {
    let (begun, cleaned) = (Gate::new(), Flag::new());
    let panicked = catch_sync(|| {
        let result = start_blocking_portal(backend, |portal| {
            let inside = (begun.clone(), cleaned.clone());
            let task = portal.spawn(async move {
                let body = async {
                    inside.0.open();
                    sleep_forever().await
                };
                finally(body, async || inside.1.raise()).await
            });
            drop(task.unwrap());
            begun.wait_blocking();
            panic_quietly("outside")
        });
        result.map(drop::<()>).is_ok()
    });
    assert_eq!(panicked, Err("outside".to_owned()));
    assert!(cleaned.is_raised());
}

/// TH-18: a portal can be started inside another run; the tasks of that run are not those of the portal.
pub fn a_portal_can_be_started_inside_another_run(backend: &Backend) {
    run(backend, async {
        let outer = task::current_run();
        let inner = start_blocking_portal(backend, |portal| {
            let nested = portal.call(async {
                checkpoint().await;
                task::current_run()
            });
            nested.unwrap()
        });
        assert_ne!(inner.unwrap(), outer);
        assert_eq!(task::current_run(), outer);
    });
}

/// TH-19: an async resource is held open for blocking code: it is opened in the run, its value is returned,
/// and it is closed when the block ends, in the same task.
pub fn a_resource_is_held_open(backend: &Backend) {
    let log = Log::new();
    let result = start_blocking_portal(backend, |portal| {
        let there = log.clone();
        let held = portal.hold(async move |holding| {
            let task = task::current().unwrap().id();
            checkpoint().await;
            there.add("opened");
            holding.until_released("value").await;
            checkpoint().await;
            there.add("closed");
            assert_eq!(task::current().unwrap().id(), task);
            7
        });
        let held = held.unwrap();
        assert_eq!(*held, "value");
        log.add("used");
        assert_eq!(
            portal.call(async { 1 }),
            Ok(1),
            "the portal is free meanwhile"
        );
        assert_eq!(held.close(), Ok(7));
        log.add("after");
    });
    result.unwrap();
    assert_eq!(log.entries(), ["opened", "used", "closed", "after"]);
}

/// TH-19: the resource is closed by a drop and by a panic of the block too; and a portal that is cancelled
/// cleans it up like any task.
pub fn a_held_resource_is_closed_however_the_block_ends(backend: &Backend) {
    let log = Log::new();
    let hold = |portal: &anyrt_core::thread::BlockingPortal<R>| {
        let there = log.clone();
        let held = portal.hold(async move |holding| {
            let body = holding.until_released(());
            finally(body, async || {
                checkpoint().await;
                there.add("closed");
            })
            .await
        });
        held.unwrap()
    };
    start_blocking_portal(backend, |portal| {
        drop(hold(portal));
        assert_eq!(log.count("closed"), 1, "the drop waits until it is closed");
        let panicked = catch_sync(|| {
            let _held = hold(portal);
            panic_quietly("in the block")
        });
        assert_eq!(panicked, Err::<(), _>("in the block".to_owned()));
        assert_eq!(log.count("closed"), 2);
        let held = hold(portal);
        portal.cancel();
        while log.count("closed") < 3 {
            thread::yield_now();
        }
        assert!(held.close().unwrap_err().is_cancelled());
        assert_eq!(log.count("closed"), 3);
    })
    .unwrap();
}

/// TH-19: a resource that cannot be opened returns the reason.
pub fn a_resource_that_does_not_open_says_why(backend: &Backend) {
    start_blocking_portal(backend, |portal| {
        let failed = portal.hold::<(), _>(async |_holding| {
            checkpoint().await;
            Err::<(), _>("refused")
        });
        match failed.map(drop) {
            Err(PortalStartError::NotStarted(Err(error))) => assert_eq!(error, "refused"),
            other => panic!("{other:?}"),
        }
    })
    .unwrap();
}

/// TH-18, C8: a cancelled task can wait for another run, and for a portal's task that has ended: no
/// cancellation reaches a blocked thread.
pub fn a_cancelled_task_can_wait_for_another_run(backend: &Backend) {
    let other = backend.clone();
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let waited = scope.run(async {
            handle.cancel();
            start_blocking_portal(&other, |portal| {
                let task = portal.spawn(async { 1 }).unwrap();
                while !task.is_finished() {
                    thread::yield_now();
                }
                let held = portal.hold(async |holding| holding.until_released(2).await);
                let held = held.unwrap();
                assert_eq!((task.wait(), *held), (Ok(1), 2));
                held.close().unwrap();
                portal.call(async { 3 })
            })
        });
        assert_eq!(waited.await.unwrap().unwrap(), Ok(3));
    });
}

/// TH-20: concurrent users of a provider share one portal and its run; when the last user has dropped it,
/// it is shut down, and the next user gets a new one.
pub fn a_provider_shares_one_portal(backend: &Backend) {
    let provider = BlockingPortalProvider::new(backend.clone());
    let first = provider.portal().unwrap();
    let second = provider.clone().portal().unwrap();
    let id = first.call_sync(task::current_run).unwrap();
    assert_eq!(second.call_sync(task::current_run), Ok(id));
    let kept = (*first).clone();
    drop(first);
    assert_eq!(
        second.call_sync(task::current_run),
        Ok(id),
        "one user is left"
    );
    drop(second);
    assert!(kept.is_stopped(), "nobody is left");
    assert_eq!(kept.call(async { 1 }), Err(CallError::NotRunning));
    let third = provider.portal().unwrap();
    assert_ne!(third.call_sync(task::current_run), Ok(id));
}

/// TH-20: a portal that one of its users has stopped is not handed out again; a user that still has it is
/// not redirected to the new one.
pub fn a_stopped_portal_is_not_provided_again(backend: &Backend) {
    let provider = BlockingPortalProvider::new(backend.clone());
    let first = provider.portal().unwrap();
    first.cancel();
    let second = provider.portal().unwrap();
    assert_eq!(second.call(async { 1 }), Ok(1));
    assert_eq!(first.call(async { 1 }), Err(CallError::NotRunning));
    drop(first);
    assert_eq!(provider.portal().unwrap().call(async { 2 }), Ok(2));
    assert_eq!(second.call(async { 3 }), Ok(3));
}

/// TH-20: many threads at once get the same portal.
pub fn a_provider_serves_many_threads(backend: &Backend) {
    let provider = BlockingPortalProvider::new(backend.clone());
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let (provider, barrier) = (provider.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                let portal = provider.portal().unwrap();
                assert_eq!(portal.call(async move { n }), Ok(n));
                let run = portal.call_sync(task::current_run).unwrap();
                barrier.wait();
                format!("{run:?}")
            })
        })
        .collect();
    let runs: BTreeSet<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(runs.len(), 1);
}

/// TH-20: the last user may drop the portal inside the run itself, which then ends by itself.
pub fn the_last_user_may_leave_inside_the_run(backend: &Backend) {
    let provider = BlockingPortalProvider::new(backend.clone());
    let portal = provider.portal().unwrap();
    let (left, kept) = (Gate::new(), (*portal).clone());
    let leaving = left.clone();
    let task = kept.spawn(async move {
        checkpoint().await;
        drop(portal);
        leaving.open();
    });
    left.wait_blocking();
    task.unwrap().wait().unwrap();
    assert!(kept.is_stopped());
    assert_eq!(provider.portal().unwrap().call(async { 1 }), Ok(1));
}

/// TH-20: the last user may drop the portal on a worker thread of the run, which cannot end before that
/// thread.
pub fn the_last_user_may_leave_on_a_worker_thread(backend: &Backend) {
    let provider = BlockingPortalProvider::new(backend.clone());
    let portal = provider.portal().unwrap();
    let (begun, go_on, kept) = (Gate::new(), Gate::new(), (*portal).clone());
    let (provider, inside) = (provider.clone(), (begun.clone(), go_on.clone()));
    let task = portal.spawn(async move {
        to_thread::run::<R, _, _>(move || {
            let last = provider.portal().unwrap();
            inside.0.open();
            inside.1.wait_blocking();
            drop(last);
        })
        .await;
    });
    begun.wait_blocking();
    drop(portal);
    go_on.open();
    task.unwrap().wait().unwrap();
    assert!(kept.is_stopped());
}

anyrt_conformance_kit::cases! { portals_runs: erased needs [portal_runs],
    a_portal_can_have_a_run_of_its_own,
    the_thread_of_a_portal_can_be_named,
    a_panic_outside_ends_the_portals_run,
    a_portal_can_be_started_inside_another_run,
    a_resource_is_held_open,
    a_held_resource_is_closed_however_the_block_ends,
    a_resource_that_does_not_open_says_why,
    a_cancelled_task_can_wait_for_another_run,
    a_provider_shares_one_portal,
    a_stopped_portal_is_not_provided_again,
    a_provider_serves_many_threads,
    the_last_user_may_leave_inside_the_run,
    the_last_user_may_leave_on_a_worker_thread,
}
