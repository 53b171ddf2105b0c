//! Task groups: the handles of tasks. TG-23 to TG-27, rule G8.

use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::{checkpoint, finally, shield};
use anyrt_core::task::{TaskHandle, TaskStatus, task_group};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, poll_once, run};

/// TG-23, G8: a handle can be awaited for the task's value, before or after the group's end.
pub fn a_handle_gives_the_value_of_its_task(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut kept: Option<TaskHandle<u32>> = None;
        let result = K::open(async |tg: K::Group<&'static str>| {
            kept = Some(tg.spawn(async {
                checkpoint().await;
                Ok(1)
            }));
            let early = tg.spawn(async {
                checkpoint().await;
                Ok(2)
            });
            assert_eq!(early.await.unwrap(), 2);
            assert_eq!(tg.spawn(async { Ok(3) }).value().await, 3);
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(kept.expect("the body has run").await.unwrap(), 1);
    }
    on_each_kind!(backend, scenario);
}

/// TG-24: the handle of a failed task reports *failed*; the error itself is in the group's error.
pub fn the_handle_of_a_failed_task_says_so(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut kept = None;
        let result = K::open(async |tg: K::Group<&'static str>| -> Result<(), _> {
            kept = Some(tg.spawn(async { Err::<u32, _>("failed") }));
            blocked().await;
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        let handle = kept.expect("the body has run");
        assert_eq!(handle.status(), TaskStatus::Failed);
        assert!(handle.try_value().is_err());
        let error = handle.await.unwrap_err();
        assert!(error.is_failed() && !error.is_cancelled());
    }
    on_each_kind!(backend, scenario);
}

/// TG-26: `wait` returns when the task has ended, however it ended, and at once if it had before.
pub fn wait_returns_however_the_task_ended(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (mut failed, opened) = (None, Gate::new());
        let result = K::open(async |tg: K::Group<&'static str>| {
            let gate = opened.clone();
            let well = tg.spawn(async move {
                gate.opened().await;
                checkpoint().await;
                Ok(())
            });
            assert!(!well.is_finished());
            opened.open();
            well.wait().await;
            assert!(well.is_finished());
            well.wait().await;
            let cancelled = tg.spawn(blocked());
            cancelled.cancel();
            cancelled.wait().await;
            assert!(cancelled.is_finished());
            let fails = tg.spawn(async { Err::<(), _>("failed") });
            shield(fails.wait()).await;
            failed = Some(fails);
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        let failed = failed.expect("the body came to its end");
        assert!(poll_once(pin!(failed.wait())).await.is_ready());
    }
    on_each_kind!(backend, scenario);
}

/// TG-27: the status of a task changes from pending, possibly through cancelling, to one of three final
/// states.
pub fn the_status_follows_the_life_of_the_task(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (started, release) = (Gate::new(), Gate::new());
        let mut failed = None;
        let result = K::open(async |tg: K::Group<&'static str>| {
            let (running, released) = (started.clone(), release.clone());
            let handle = tg.spawn(finally(
                async move {
                    running.open();
                    blocked().await;
                    Ok(1)
                },
                async move || released.opened().await,
            ));
            started.opened().await;
            assert_eq!(handle.status(), TaskStatus::Pending);
            handle.cancel();
            checkpoint().await;
            assert_eq!(handle.status(), TaskStatus::Cancelling);
            assert!(handle.try_value().is_err());
            release.open();
            handle.wait().await;
            assert_eq!(handle.status(), TaskStatus::Cancelled);
            assert!(handle.try_value().is_err());

            let finished = tg.spawn(async { Ok(2) });
            finished.wait().await;
            assert_eq!(finished.status(), TaskStatus::Finished);
            finished.cancel();
            assert_eq!(finished.status(), TaskStatus::Finished);

            let fails = tg.spawn(async { Err::<(), _>("failed") });
            shield(fails.wait()).await;
            assert_eq!(fails.status(), TaskStatus::Failed);
            failed = Some(fails);
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
    }
    on_each_kind!(backend, scenario);
}

/// G8: dropping a handle does nothing to its task.
pub fn dropping_a_handle_does_nothing(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (gate, done) = (Gate::new(), Flag::new());
        let result = K::open(async |tg: K::Group<Infallible>| {
            let (opened, done) = (gate.clone(), done.clone());
            drop(tg.spawn(async move {
                opened.opened().await;
                checkpoint().await;
                done.raise();
            }));
            checkpoint().await;
            gate.open();
        })
        .await;
        assert!(result.is_ok());
        assert!(done.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// G13: a task has the name it was given, an empty one too, and a unique id.
pub fn tasks_have_names_and_ids(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let named = tg.task().name("reader").spawn(async {});
            let empty = tg.task().name("").spawn(async {});
            let unnamed = tg.spawn(async {});
            assert_eq!(&*named.name(), "reader");
            assert_eq!(&*empty.name(), "");
            assert!(!unnamed.name().is_empty(), "named after the spawn site");
            assert!(named.id() != empty.id() && empty.id() != unnamed.id());
        })
        .await;
        assert!(result.is_ok());
    });
}

anyrt_conformance_kit::cases! { groups_handles: erased,
    a_handle_gives_the_value_of_its_task,
    the_handle_of_a_failed_task_says_so,
    wait_returns_however_the_task_ended,
    the_status_follows_the_life_of_the_task,
    dropping_a_handle_does_nothing,
    tasks_have_names_and_ids,
}
