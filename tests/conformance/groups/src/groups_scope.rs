//! The scope of a task group behaves like any other: CS-01, CS-02, CS-05, CS-13, CS-20.

use std::convert::Infallible;

use anyrt_core::cancel::{CancelScope, checkpoint, current_cancellation};
use anyrt_core::task::task_group;

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, blocked, until_cancelled};
use crate::on_each_kind;
use crate::support::{Gate, Log, run};

/// HO-06, C2: a group that is cancelled in its body, or in a child, is cancelled for the very next
/// operation there, though that one would be ready at once.
pub fn cancelling_a_group_from_inside_takes_effect_at_once(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let done = tg.spawn(async {});
            done.wait().await;
            tg.cancel();
            done.wait().await;
            log.add("the body went on");
        })
        .await;
        assert!(result.unwrap_err().is_cancelled());

        let result = K::open(async |tg: K::Group<Infallible>| {
            let done = tg.spawn(async {});
            done.wait().await;
            let (scope, log) = (tg.scope(), log.clone());
            tg.spawn(async move {
                scope.cancel();
                done.wait().await;
                log.add("the child went on");
            });
            blocked().await;
        })
        .await;
        assert!(result.unwrap_err().is_cancelled());
        assert_eq!(log.entries(), [""; 0]);
    }
    on_each_kind!(backend, scenario);
}

/// CS-01, CS-02, CS-05: the group's scope reports its state; cancelling is idempotent, and has no effect
/// after the group's end.
pub fn the_scope_of_a_group_behaves_like_any_other(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut handle = None;
        let result = K::open(async |tg: K::Group<Infallible>| {
            let scope = tg.scope();
            assert!(!scope.is_cancelled() && !scope.has_caught());
            handle = Some(scope.clone());
            scope.cancel();
            scope.cancel();
            tg.cancel();
            blocked().await;
        })
        .await;
        assert!(result.unwrap_err().is_cancelled());
        let handle = handle.expect("the body has run");
        assert!(handle.is_cancelled() && handle.has_caught());
        handle.cancel();
        checkpoint().await;
    }
    on_each_kind!(backend, scenario);
}

/// CS-13, C3: the shield of a group's scope can be switched; it covers the children.
pub fn the_shield_of_a_group_covers_its_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, cancelled) = (Log::new(), Gate::new());
        let outer = CancelScope::<R>::new();
        let handle = outer.handle();
        let outcome = outer
            .run(async {
                let result = K::open(async |tg: K::Group<Infallible>| {
                    tg.scope().set_shield(true);
                    let (log, outer_cancelled) = (log.clone(), cancelled.clone());
                    tg.spawn(async move {
                        outer_cancelled.opened().await;
                        checkpoint().await;
                        log.add("child ended");
                    });
                    handle.cancel();
                    checkpoint().await;
                    cancelled.open();
                })
                .await;
                assert!(result.is_ok());
                log.add("group ended");
                checkpoint().await;
                log.add("went on");
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["child ended", "group ended"]);
    }
    on_each_kind!(backend, scenario);
}

/// CS-20, G3: a cancelled task can distinguish a failed sibling, which is named, a failed body, and an
/// explicit cancellation.
pub fn children_can_tell_why_they_are_cancelled(backend: &Backend) {
    run(backend, async {
        let causes = Log::new();
        let observe = |name: &'static str| {
            let causes = causes.clone();
            async move {
                until_cancelled().await;
                let cancelled = current_cancellation().expect("a cancellation is pending");
                let by = cancelled.by().unwrap_or("nobody");
                causes.add(format!("{name}: {:?} by {by}", cancelled.cause()));
            }
        };
        let _ = task_group::<R, &'static str, _, _>(async |tg| -> Result<(), _> {
            tg.spawn(observe("sibling"));
            tg.task()
                .name("the culprit")
                .spawn(async { Err::<(), _>("failed") });
            blocked().await;
            Ok(())
        })
        .await;
        let _ = task_group::<R, &'static str, _, _>(async |tg| {
            tg.spawn(observe("child"));
            Err::<(), _>("failed")
        })
        .await;
        let _ = task_group::<R, &'static str, _, _>(async |tg| {
            tg.spawn(observe("cancelled"));
            tg.cancel();
            Ok(())
        })
        .await;
        let entries = causes.entries();
        assert_eq!(entries.len(), 3, "{entries:?}");
        assert_eq!(entries[0], "sibling: ChildFailed by the culprit");
        assert!(
            entries[1].starts_with("child: HostFailed by "),
            "{entries:?}"
        );
        assert!(!entries[1].ends_with("nobody"), "the host has a name");
        assert!(
            entries[2].starts_with("cancelled: Explicit by "),
            "{entries:?}"
        );
    });
}

anyrt_conformance_kit::cases! { groups_scope: erased,
    cancelling_a_group_from_inside_takes_effect_at_once,
    the_scope_of_a_group_behaves_like_any_other,
    the_shield_of_a_group_covers_its_children,
    children_can_tell_why_they_are_cancelled,
}
