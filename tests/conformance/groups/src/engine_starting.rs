//! A child that is starting: it lives in its caller's scopes as they are, and the caller is its parent.
//! EN-17, EN-34, rules G9, G13.

use std::convert::Infallible;
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelHandle, CancelScope, checkpoint, current_effective_deadline, has_pending_cancellation,
    shield,
};
use anyrt_core::task::{self, Started, task_group};
use anyrt_core::time::{Instant, now};

use crate::erased::{Backend, R};
use crate::limits::{Watchdog, within};
use crate::support::{Gate, Log, run, yields};

const LIMIT: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(5);

/// Starts a child that calls `change` with the handle of its caller's scope while it is in foreign code, on
/// another thread, and then passes a cancel point. Returns the log of the child and its caller.
fn changed_while_starting(backend: &Backend, change: fn(&CancelHandle)) -> Vec<String> {
    run(backend, async {
        let log = Log::new();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, inside) = (scope.handle(), log.clone());
            let started = scope.run(tg.start(async move |started: Started<()>| {
                yields(1).await;
                thread::spawn(move || change(&handle)).join().unwrap();
                inside.add(format!("cancelled: {}", has_pending_cancellation()));
                checkpoint().await;
                inside.add("passed a cancel point");
                started.started(());
                Ok(())
            }));
            let outcome = within(LIMIT, "the start", started).await;
            log.add(format!("started: {}", outcome.is_ok()));
            tg.cancel();
        });
        assert!(group.await.is_ok());
        log.entries()
    })
}

/// EN-17, C2, G9: if the caller is cancelled while the child is in foreign code, the child does not pass
/// another cancel point.
pub fn a_starting_child_is_cancelled_with_its_caller(backend: &Backend) {
    for _ in 0..10 {
        let log = changed_while_starting(backend, CancelHandle::cancel);
        assert_eq!(log, ["cancelled: true", "started: false"]);
    }
}

/// EN-17, C9, G9: the same with a deadline of the caller that has passed meanwhile.
pub fn a_starting_child_sees_that_its_callers_deadline_passes(backend: &Backend) {
    let log = changed_while_starting(backend, |handle| {
        handle.set_deadline(Instant::FAR_PAST);
    });
    assert_eq!(log, ["cancelled: true", "started: false"]);
}

/// EN-17, C9, G9: a deadline that the caller receives meanwhile can be read by the child, and applies to it
/// without the caller being polled.
pub fn a_starting_child_sees_its_callers_new_deadline(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, inside) = (scope.handle(), log.clone());
            let started = scope.run(tg.start(async move |started: Started<()>| {
                yields(1).await;
                let deadline = now::<R>() + SHORT;
                handle.set_deadline(deadline);
                if current_effective_deadline() != deadline {
                    inside.add("it reads another deadline");
                }
                thread::sleep(SHORT * 2);
                checkpoint().await;
                inside.add("passed a cancel point");
                started.started(());
                Ok(())
            }));
            assert!(within(LIMIT, "the start", started).await.is_err());
            tg.cancel();
        });
        assert!(group.await.is_ok());
        assert_eq!(log.entries(), [""; 0]);
    });
}

/// EN-17, C12, G9: if the caller is aborted, the child's shields do not keep it.
pub fn a_starting_child_is_aborted_with_its_caller(backend: &Backend) {
    run(backend, async {
        let (log, watchdog) = (Log::new(), Watchdog::new(LIMIT));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, inside, late) = (scope.handle(), log.clone(), watchdog.gate());
            let started = scope.run(tg.start(async move |started: Started<()>| {
                yields(1).await;
                handle.abort();
                let _gone = inside.on_drop("gone");
                shield(late.opened()).await;
                inside.add("a shield outlasted the abort");
                started.started(());
                Ok(())
            }));
            assert!(started.await.is_err());
            tg.cancel();
        });
        assert!(group.await.is_ok());
        assert_eq!(log.entries(), ["gone"]);
    });
}

/// EN-17, C3, G9: if another task cancels the caller after the child has reported that it is ready, the
/// child belongs to the group, and stays.
pub fn a_child_that_is_ready_is_not_cancelled_with_its_caller(backend: &Backend) {
    run(backend, async {
        let (log, go_on) = (Log::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let (inside, opened) = (log.clone(), go_on.clone());
            let started = scope.run(tg.start(async move |started: Started<()>| {
                yields(1).await;
                started.started(());
                handle.cancel();
                inside.add(format!("cancelled: {}", has_pending_cancellation()));
                checkpoint().await;
                opened.opened().await;
                inside.add("ended");
                Ok(())
            }));
            assert!(started.await.is_ok(), "it has completed");
            go_on.open();
        });
        assert!(group.await.is_ok());
        assert_eq!(log.entries(), ["cancelled: false", "ended"]);
    });
}

/// EN-34, G9, G13: the parent of a starting child is the caller; when the child is ready, its parent is the
/// host of the group.
pub fn the_parent_of_a_starting_child_is_the_caller(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let host = task::current().expect("a task");
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (log, host, starts) = (log.clone(), host.clone(), tg.clone());
            tg.spawn(async move {
                let caller = task::current().expect("a task");
                let name = move |parent: Option<task::TaskRef>| match parent {
                    Some(parent) if parent == host => "host",
                    Some(parent) if parent == caller => "caller",
                    _ => "another",
                };
                let inside = log.clone();
                let parent = move || name(task::current().expect("a task").parent());
                let outcome = starts.start(async move |started: Started<()>| {
                    inside.add(format!("at first: {}", parent()));
                    checkpoint().await;
                    inside.add(format!("later: {}", parent()));
                    started.started(());
                    inside.add(format!("ready: {}", parent()));
                    checkpoint().await;
                    inside.add(format!("after a wait: {}", parent()));
                    Ok(())
                });
                let Ok(()) = outcome.await;
            });
        });
        assert!(group.await.is_ok());
        let expected = [
            "at first: caller",
            "later: caller",
            "ready: host",
            "after a wait: host",
        ];
        assert_eq!(log.entries(), expected);
    });
}

anyrt_conformance_kit::cases! { engine_starting: erased,
    a_starting_child_is_cancelled_with_its_caller: [foreign_wakes],
    a_starting_child_sees_that_its_callers_deadline_passes: [foreign_wakes],
    a_starting_child_sees_its_callers_new_deadline: [real_time],
    a_starting_child_is_aborted_with_its_caller,
    a_child_that_is_ready_is_not_cancelled_with_its_caller,
    the_parent_of_a_starting_child_is_the_caller,
}
