//! `start`, `try_start` and `task()` on all three kinds of group. Rules G9 and G11; TG-14 to TG-21.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::context::{Context, ContextVar};
use anyrt_core::error::StartError;
use anyrt_core::task::{Started, current, local_task_group, scoped_task_group};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, catch, panic_quietly, poll_once, run};

/// TG-14, G9, G11: `start` returns the value that the child passed, when it passed it; the child continues as
/// a member of the group, which waits for it.
pub fn start_waits_in_every_kind_of_group(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, go_on) = (Log::new(), Gate::new());
        let result = K::open::<&'static str, _, _>(async |tg| {
            let (log_of_child, gate) = (log.clone(), go_on.clone());
            let value = tg.start(|started| async move {
                checkpoint().await;
                log_of_child.add("ready");
                started.started(7);
                gate.opened().await;
                log_of_child.add("child ended");
                Ok(())
            });
            assert_eq!(value.await, Ok(7));
            log.add("started");
            go_on.open();
            Ok(())
        });
        assert!(result.await.is_ok());
        assert_eq!(log.entries(), ["ready", "started", "child ended"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-15, G9, G11: a failure before readiness is returned by `start` alone, and a failure after it by the
/// group.
pub fn failures_around_readiness_go_their_ways_in_every_kind(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open::<&'static str, _, _>(async |tg| {
            let early = tg.start(|started: Started<()>| async move {
                checkpoint().await;
                drop(started);
                Err::<(), _>("early")
            });
            assert_eq!(early.await, Err("early"));
            let late = tg.start(|started| async move {
                started.started(());
                Err::<(), _>("late")
            });
            assert_eq!(late.await, Ok(()));
            blocked().await;
            Ok(())
        });
        let error = result.await.unwrap_err();
        assert_eq!(error.errors(), ["late"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-17, G9, G11: a panic before readiness continues in the caller, and an end without readiness is an
/// error.
pub fn ends_before_readiness_are_told_in_every_kind(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open::<Infallible, _, _>(async |tg| {
            let panics = tg.start(|_: Started<()>| async {
                checkpoint().await;
                panic_quietly("before")
            });
            assert_eq!(catch(panics).await.unwrap_err(), "before");
            let ends = tg.try_start(|_: Started<()>| async { checkpoint().await });
            assert!(matches!(ends.await, Err(StartError::NotStarted)));
            let (value, handle) = tg
                .try_start(|started| async move {
                    started.started(1);
                    Ok(2)
                })
                .await
                .unwrap();
            assert_eq!((value, handle.value().await), (1, 2));
        });
        assert!(result.await.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// TG-21, G9, G11, C6: until it is ready, the child is cancelled with its caller's scopes, which wait for
/// its clean-up; from then on with the group's.
pub fn a_starting_child_lives_under_its_caller_in_every_kind(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, running) = (Log::new(), Gate::new());
        let result = K::open::<&'static str, _, _>(async |tg| {
            let scope = CancelScope::<R>::new();
            let (handle, is_running) = (scope.handle(), running.clone());
            tg.spawn(async move {
                is_running.opened().await;
                handle.cancel();
            });
            let (log_of_child, is_running) = (log.clone(), running.clone());
            let start = tg.start(|started: Started<()>| async move {
                let body = async {
                    is_running.open();
                    blocked().await;
                    started.started(());
                };
                finally(body, async || {
                    checkpoint().await;
                    log_of_child.add("child cleaned up");
                })
                .await;
                Ok(())
            });
            assert!(scope.run(start).await.is_err());
            log.add("start ended");
            let scope = CancelScope::<R>::new();
            let (handle, log_of_child) = (scope.handle(), log.clone());
            let started = scope.run(tg.start(|started| async move {
                started.started(());
                finally(blocked(), async || log_of_child.add("cancelled")).await;
                Ok(())
            }));
            assert_eq!(started.await.unwrap(), Ok(()));
            handle.cancel();
            checkpoint().await;
            log.add("group is cancelled");
            tg.cancel();
            Ok(())
        });
        assert!(result.await.is_ok());
        let expected = [
            "child cleaned up",
            "start ended",
            "group is cancelled",
            "cancelled",
        ];
        assert_eq!(log.entries(), expected);
    }
    on_each_kind!(backend, scenario);
}

/// TG-19, G9, G11: dropping a pending `start` cancels the child.
pub fn dropping_a_pending_start_cancels_in_every_kind(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (running, dropped) = (Gate::new(), Flag::new());
        let result = K::open::<Infallible, _, _>(async |tg| {
            let (running_in_child, guard) = (running.clone(), dropped.on_drop());
            {
                let mut start = pin!(tg.start(|started: Started<()>| async move {
                    let _guard = guard;
                    running_in_child.open();
                    blocked().await;
                    started.started(());
                    Ok(())
                }));
                assert!(poll_once(start.as_mut()).await.is_pending());
                running.opened().await;
            }
        });
        assert!(result.await.is_ok());
        assert!(dropped.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-05, G9, G11: `start` into a group that has ended is refused, and makes no child.
pub fn starting_into_an_ended_group_is_refused_in_every_kind(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut kept = None;
        let result = K::open::<Infallible, _, _>(async |tg| kept = Some(tg.clone()));
        assert!(result.await.is_ok());
        let tg = kept.expect("the body has run");
        let start = tg.try_start(|_: Started<()>| async { unreachable!("the group has ended") });
        assert!(matches!(start.await, Err(StartError::GroupEnded)));
        let start = tg.start(|_: Started<()>| async { unreachable!("the group has ended") });
        assert!(catch(start).await.is_err(), "`start` panics");
    }
    on_each_kind!(backend, scenario);
}

/// CX-01, DB-01, G11, G14: `task()` sets the name and the context of a child.
pub fn names_and_contexts_are_given_in_every_kind(backend: &Backend) {
    static COLOUR: ContextVar<&str> = ContextVar::new();
    async fn scenario<K: Kind>() {
        COLOUR.set("red");
        let red = Context::current();
        COLOUR.set("blue");
        let result = K::open::<Infallible, _, _>(async |tg| {
            let child = tg.spawn_as("painter", &red, async {
                let name = current().expect("it is a task").name().to_string();
                Ok((name, COLOUR.get()))
            });
            assert_eq!(child.value().await, ("painter".to_owned(), Some("red")));
        });
        assert!(result.await.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// G9, G11: a child that is started may borrow from the surroundings of the group, and need not be `Send`
/// in a local group.
pub fn started_children_borrow(backend: &Backend) {
    run(backend, async {
        let text = String::from("borrowed");
        let mut length = 0;
        let group = scoped_task_group::<R, Infallible, _, _>(async |tg| {
            let length = &mut length;
            let text = &text;
            let value = tg.start(async move |started| {
                started.started(());
                checkpoint().await;
                *length = text.len();
                Ok(())
            });
            assert!(value.await.is_ok());
        });
        assert!(group.await.is_ok());
        assert_eq!(length, 8);
        let count = Cell::new(0);
        let group = local_task_group::<R, Infallible, _, _>(async |tg| {
            let started = tg.task().name("counter").start(async |started| {
                count.set(1);
                started.started(());
                checkpoint().await;
                count.set(count.get() + 1);
                Ok(&count)
            });
            assert!(started.await.is_ok());
        });
        assert!(group.await.is_ok());
        assert_eq!(count.get(), 2);
    });
}

anyrt_conformance_kit::cases! { groups_start_kinds: erased,
    start_waits_in_every_kind_of_group,
    failures_around_readiness_go_their_ways_in_every_kind,
    ends_before_readiness_are_told_in_every_kind,
    a_starting_child_lives_under_its_caller_in_every_kind,
    dropping_a_pending_start_cancels_in_every_kind,
    starting_into_an_ended_group_is_refused_in_every_kind,
    names_and_contexts_are_given_in_every_kind,
    started_children_borrow,
}
