//! The end of portals that are opened in a run: TH-16.

use std::convert::Infallible;
use std::thread;

use anyrt_core::cancel::CancelScope;
use anyrt_core::error::{CallError, GroupError};
use anyrt_core::thread::BlockingPortal;
use anyrt_core::time::sleep_forever;

use super::threads_support::{cleaned_up, on_a_thread};
use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch, forever, panic_quietly, poll_once, run, yields};

/// TH-16: a portal with a body that returns a value waits for its tasks; if the body fails or panics, the
/// tasks are cancelled, and the threads that wait for them get "cancelled".
pub fn the_end_of_the_body_decides(backend: &Backend) {
    run(backend, async {
        let (begun, go_on, log) = (Gate::new(), Gate::new(), Log::new());
        let inside = (begun.clone(), go_on.clone(), log.clone());
        let opened = BlockingPortal::<R>::open(async |portal| {
            let task = portal.spawn(async move {
                inside.0.open();
                inside.1.opened().await;
                yields(5).await;
                inside.2.add("task ends");
            });
            drop(task.unwrap());
            begun.opened().await;
            go_on.open();
            Ok::<_, Infallible>(())
        });
        opened.await.unwrap();
        assert_eq!(log.entries(), ["task ends"]);
    });
    run(backend, async {
        let (begun, cleaned) = (Gate::new(), Flag::new());
        let waiting = std::sync::Mutex::new(None);
        let opened = BlockingPortal::<R>::open(async |portal| {
            let inside = (begun.clone(), cleaned.clone());
            *waiting.lock().unwrap() = Some(thread::spawn(move || portal.call(cleaned_up(inside))));
            begun.opened().await;
            Err::<(), _>("failed")
        });
        let Err(GroupError::Failed(errors)) = opened.await else {
            panic!("the body's error must come out");
        };
        assert_eq!(*errors, ["failed"]);
        assert!(cleaned.is_raised());
        let thread = waiting.lock().unwrap().take().unwrap();
        let ended = on_a_thread(move || thread.join().unwrap()).await;
        assert!(ended.unwrap_err().is_cancelled());
    });
    run(backend, async {
        let (begun, cleaned) = (Gate::new(), Flag::new());
        let opened = BlockingPortal::<R>::open(async |portal| {
            let inside = (begun.clone(), cleaned.clone());
            drop(portal.spawn(cleaned_up(inside)).unwrap());
            begun.opened().await;
            if begun.is_open() {
                panic_quietly("the body");
            }
            Ok::<_, Infallible>(())
        });
        assert_eq!(catch(opened).await.map(drop), Err("the body".to_owned()));
        assert!(cleaned.is_raised());
    });
}

/// TH-16, G6: the error of a body is not lost to an outer cancellation that arrives before the tasks have
/// ended.
pub fn the_error_of_a_cancelled_body_comes_out(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let cleaned = Flag::new();
        let opened = BlockingPortal::<R>::open(async |portal| {
            let begun = Gate::new();
            let inside = (begun.clone(), cleaned.clone());
            drop(portal.spawn(cleaned_up(inside)).unwrap());
            begun.opened().await;
            handle.cancel();
            Err::<(), _>("failed")
        });
        match scope.run(opened).await {
            Ok(Err(GroupError::Failed(errors))) => assert_eq!(*errors, ["failed"]),
            other => panic!("{other:?}"),
        }
        assert!(cleaned.is_raised());
    });
}

/// TH-16: cancelling the portal, from a thread, cancels its tasks; so does cancelling an enclosing scope.
/// Waiting threads get "cancelled", and clean-up code has run by then.
pub fn a_cancelled_portal_cancels_its_tasks(backend: &Backend) {
    run(backend, async {
        let cleaned = Flag::new();
        let inside = cleaned.clone();
        let opened = BlockingPortal::<R>::open(async |portal| {
            on_a_thread(move || {
                let begun = Gate::new();
                let there = (begun.clone(), inside);
                let task = portal.spawn(cleaned_up(there)).unwrap();
                begun.wait_blocking();
                portal.cancel();
                assert!(task.wait().unwrap_err().is_cancelled());
                assert_eq!(portal.call(async { 1 }), Err(CallError::NotRunning));
            })
            .await;
            Ok::<_, Infallible>(5)
        });
        // The body's next wait is cancelled with the portal, unless it was over by then.
        drop(opened.await);
        assert!(cleaned.is_raised());
    });
    run(backend, async {
        let (begun, cleaned) = (Gate::new(), Flag::new());
        let inside = (begun.clone(), cleaned.clone());
        let waiting = std::sync::Mutex::new(None);
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let opened = BlockingPortal::<R>::open::<Infallible, _, _>(async |portal| {
            *waiting.lock().unwrap() = Some(thread::spawn(move || portal.call(cleaned_up(inside))));
            sleep_forever().await
        });
        let cancelling = async {
            begun.opened().await;
            handle.cancel_with("enough");
        };
        let (result, ()) = futures_util::future::join(scope.run(opened), cancelling).await;
        assert!(result.is_err());
        assert!(cleaned.is_raised());
        let thread = waiting.lock().unwrap().take().unwrap();
        let ended = on_a_thread(move || thread.join().unwrap()).await;
        assert!(ended.unwrap_err().is_cancelled());
    });
}

/// TH-16, C10: a portal that is dropped from outside cancels its tasks, and releases the threads; it
/// accepts no calls any more.
pub fn a_dropped_portal_releases_its_threads(backend: &Backend) {
    let (begun, dropped) = (Gate::new(), Flag::new());
    let (thread, portal) = run(backend, async {
        let waiting = std::sync::Mutex::new(None);
        let mut opened = Box::pin(BlockingPortal::<R>::open::<Infallible, _, _>(
            async |portal| {
                let (calling, inside) = (portal.clone(), (begun.clone(), dropped.clone()));
                let thread = thread::spawn(move || {
                    calling.call(async move {
                        inside.0.open();
                        forever(&inside.1).await;
                    })
                });
                *waiting.lock().unwrap() = Some((thread, portal));
                sleep_forever().await
            },
        ));
        while !begun.is_open() {
            assert!(poll_once(opened.as_mut()).await.is_pending());
            yields(1).await;
        }
        drop(opened);
        waiting.lock().unwrap().take().unwrap()
    });
    assert!(dropped.is_raised());
    assert!(thread.join().unwrap().unwrap_err().is_cancelled());
    assert_eq!(portal.call(async { 1 }), Err(CallError::NotRunning));
}

anyrt_conformance_kit::cases! { portals_end: erased,
    the_end_of_the_body_decides: [foreign_wakes],
    the_error_of_a_cancelled_body_comes_out,
    a_cancelled_portal_cancels_its_tasks: [foreign_wakes],
    a_dropped_portal_releases_its_threads: [foreign_wakes],
}
