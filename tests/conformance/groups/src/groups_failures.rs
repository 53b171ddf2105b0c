//! Task groups: errors. TG-06 to TG-10, rules G3, G6, G10.

use anyrt_core::cancel::{CancelScope, checkpoint, shield};
use anyrt_core::error::GroupError;
use anyrt_core::task::{GroupOptions, TaskGroup, task_group};
use anyrt_core::time::sleep_forever;

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked, until_cancelled};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, OnDrop, run};

/// TG-06, G3: if one child fails, its siblings and the body are cancelled, all of them are waited for, and
/// the group's error holds that one error.
pub fn a_failing_child_cancels_siblings_and_body(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, ready) = (Log::new(), Countdown::new(2));
        let result = K::open(async |tg: K::Group<&'static str>| -> Result<(), _> {
            for sibling in ["a", "b"] {
                let (guard, ready) = (log.on_drop(sibling), ready.clone());
                tg.spawn(async move {
                    let _guard = guard;
                    ready.arrive();
                    blocked().await;
                });
            }
            let ready = ready.clone();
            tg.spawn(async move {
                ready.all_arrived().await;
                Err::<(), _>("failed")
            });
            let _guard = log.on_drop("body");
            blocked().await;
            log.add("body went on");
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        let mut entries = log.entries();
        entries.sort();
        assert_eq!(entries, ["a", "b", "body"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-06, G2: a body that never returns is ended by a child's failure.
pub fn a_body_that_never_returns_is_ended_by_a_failure(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<&'static str>| {
            tg.spawn(async { Err::<(), _>("failed") });
            sleep_forever().await
        })
        .await;
        match result {
            Err(error) => assert_eq!(error.errors(), ["failed"]),
        }
    }
    on_each_kind!(backend, scenario);
}

/// TG-07, G3: if the body fails, the children are cancelled and waited for, and the group's error holds the
/// body's.
pub fn a_failing_body_cancels_the_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, ready) = (Log::new(), Countdown::new(2));
        let result = K::open(async |tg: K::Group<&'static str>| {
            for child in ["a", "b"] {
                let (guard, ready) = (log.on_drop(child), ready.clone());
                tg.spawn(async move {
                    let _guard = guard;
                    ready.arrive();
                    blocked().await;
                });
            }
            ready.all_arrived().await;
            Err::<(), _>("body failed")
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["body failed"]);
        assert_eq!(log.entries().len(), 2, "both were waited for");
    }
    on_each_kind!(backend, scenario);
}

/// TG-08, TG-09, G3: one failure has the same shape as many; several are all there, each once, also those
/// that arise only after the first one cancelled the group.
pub fn the_group_error_holds_every_error_once(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<&'static str>| {
            tg.spawn(async {
                until_cancelled().await;
                Err::<(), _>("late")
            });
            tg.spawn(async { Err::<(), _>("first") });
            until_cancelled().await;
            Err::<(), _>("body")
        })
        .await;
        let Err(GroupError::Failed(failures)) = result else {
            panic!("not failed: {result:?}")
        };
        assert_eq!(*failures.first(), "first", "in order of arrival");
        let mut errors: Vec<_> = failures.into_iter().collect();
        errors.sort_unstable();
        assert_eq!(errors, ["body", "first", "late"]);

        let result = K::open(async |_: K::Group<&'static str>| Err::<(), _>("only")).await;
        let Err(GroupError::Failed(failures)) = result else {
            panic!("not failed: {result:?}")
        };
        assert_eq!(*failures, ["only"]);
        assert_eq!(failures.into_first(), "only");
    }
    on_each_kind!(backend, scenario);
}

/// G3: a group's error prints on one line, and with `#` as a tree with a line for each error.
pub fn the_group_error_tells_the_whole_story(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<&'static str>| {
            tg.spawn(async {
                until_cancelled().await;
                Err::<(), _>("second error")
            });
            Err::<(), _>("first error")
        })
        .await;
        let error = result.unwrap_err();
        let line = error.to_string();
        assert!(!line.contains('\n'), "{line}");
        let tree = format!("{error:#}");
        assert!(tree.lines().count() >= 2, "{tree}");
        for text in [line, tree] {
            assert!(
                text.contains("first error") && text.contains("second error"),
                "{text}"
            );
        }
    }
    on_each_kind!(backend, scenario);
}

/// TG-10, G3: tasks that were merely cancelled add nothing to the error, wherever they were.
pub fn cancelled_children_add_nothing_to_the_error(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let ready = Countdown::new(4);
        let result = K::open(async |tg: K::Group<&'static str>| {
            let arrive = ready.clone();
            tg.spawn(async move {
                arrive.arrive();
                blocked().await;
            });
            let arrive = ready.clone();
            tg.spawn(async move {
                arrive.arrive();
                blocked().await;
                Err::<(), _>("never")
            });
            let arrive = ready.clone();
            tg.spawn(async move {
                // A separate group that is cancelled from outside: nothing to report either.
                task_group::<R, _, _, _>(async |tg: TaskGroup<_, String>| {
                    tg.spawn(blocked());
                    arrive.arrive();
                    blocked().await;
                    Ok(())
                })
                .await
                .map_err(|_| "never")
            });
            let cancelled_by_itself = tg.spawn(blocked());
            cancelled_by_itself.cancel();
            assert!(cancelled_by_itself.await.unwrap_err().is_cancelled());
            ready.arrive();
            ready.all_arrived().await;
            Err::<(), _>("real")
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["real"]);
    }
    on_each_kind!(backend, scenario);
}

/// G6: errors that arise while an outer cancellation is carried out are returned as usual.
pub fn an_error_on_the_way_out_wins_over_the_cancellation(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let scope = CancelScope::<R>::new();
        let (handle, started) = (scope.handle(), Gate::new());
        let outcome = scope
            .run(K::open(
                async |tg: K::Group<&'static str>| -> Result<(), _> {
                    let running = started.clone();
                    tg.spawn(async move {
                        running.open();
                        until_cancelled().await;
                        Err::<(), _>("on the way out")
                    });
                    started.opened().await;
                    handle.cancel();
                    blocked().await;
                    Ok(())
                },
            ))
            .await;
        let group_error = outcome.expect("the group completed").unwrap_err();
        assert_eq!(group_error.errors(), ["on the way out"]);
        assert!(handle.is_cancelled() && !handle.has_caught());
    }
    on_each_kind!(backend, scenario);
}

/// G3: a shielded child of a failed group runs to its end, and its failure is in the error too.
pub fn a_shielded_child_of_a_failed_group_runs_to_its_end(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, began, gone) = (Log::new(), Gate::new(), Gate::new());
        let result = K::open(async |tg: K::Group<&'static str>| -> Result<(), _> {
            let (log, began_it, failed) = (log.clone(), began.clone(), gone.clone());
            tg.spawn(async move {
                shield(async {
                    began_it.open();
                    failed.opened().await;
                    checkpoint().await;
                })
                .await;
                log.add("shielded part ended");
                Err::<(), _>("shielded")
            });
            let (began, gone) = (began.clone(), gone.clone());
            tg.spawn(async move {
                began.opened().await;
                let _gone = OnDrop::new(move || gone.open());
                Err::<(), _>("first")
            });
            blocked().await;
            Ok(())
        })
        .await;
        let mut errors: Vec<_> = result.unwrap_err().errors().to_vec();
        errors.sort_unstable();
        assert_eq!(errors, ["first", "shielded"]);
        assert_eq!(log.entries(), ["shielded part ended"]);
    }
    on_each_kind!(backend, scenario);
}

/// G10: with *keep going*, errors of children cancel no other child, and all are reported at the end.
pub fn keep_going_reports_all_errors_at_the_end(backend: &Backend) {
    run(backend, async {
        let (log, failed) = (Log::new(), Countdown::new(2));
        let options = GroupOptions::new().keep_going();
        let result = options
            .run::<R, &'static str, _, _>(async |tg| {
                for error in ["a", "b"] {
                    let failed = failed.clone();
                    tg.spawn(async move {
                        let _failed = OnDrop::new(move || failed.arrive());
                        Err::<(), _>(error)
                    });
                }
                let (log_of_child, failed_both) = (log.clone(), failed.clone());
                tg.spawn(async move {
                    failed_both.all_arrived().await;
                    checkpoint().await;
                    log_of_child.add("sibling went on");
                });
                failed.all_arrived().await;
                checkpoint().await;
                log.add("body went on");
                Ok(())
            })
            .await;
        let mut errors: Vec<_> = result.unwrap_err().errors().to_vec();
        errors.sort_unstable();
        assert_eq!(errors, ["a", "b"]);
        assert!(log.has("sibling went on") && log.has("body went on"));
    });
}

/// G10: *keep going* works in borrowing groups, too.
pub fn borrowing_groups_keep_going_too(backend: &Backend) {
    run(backend, async {
        let went_on = Flag::new();
        let scoped = GroupOptions::new()
            .keep_going()
            .run_scoped::<R, _, _, _>(async |tg| {
                tg.spawn(async { Err::<(), _>("failed") }).wait().await;
                checkpoint().await;
                went_on.raise();
                Ok(())
            });
        assert_eq!(scoped.await.unwrap_err().errors(), ["failed"]);
        assert!(went_on.is_raised());

        let went_on = Flag::new();
        let local = GroupOptions::new()
            .keep_going()
            .run_local::<R, _, _, _>(async |tg| {
                tg.spawn(async { Err::<(), _>("failed") }).wait().await;
                checkpoint().await;
                went_on.raise();
                Ok(())
            });
        assert_eq!(local.await.unwrap_err().errors(), ["failed"]);
        assert!(went_on.is_raised());
    });
}

/// G10: with *keep going*, each error can be passed to a callback at once instead, for servers that never
/// end.
pub fn a_group_can_report_errors_to_a_callback(backend: &Backend) {
    run(backend, async {
        let (log, reported) = (Log::new(), Countdown::new(2));
        let report = {
            let (log, reported) = (log.clone(), reported.clone());
            move |error: &'static str| {
                log.add(error);
                reported.arrive();
            }
        };
        let result = GroupOptions::new()
            .run_reporting::<R, _, _, _>(report, async |tg| {
                tg.spawn(async { Err::<(), _>("a") });
                tg.spawn(async { Err::<(), _>("b") });
                reported.all_arrived().await;
                checkpoint().await;
                Ok("the body went on")
            })
            .await;
        assert_eq!(result.unwrap(), "the body went on");
        let mut entries = log.entries();
        entries.sort();
        assert_eq!(entries, ["a", "b"]);
    });
}

anyrt_conformance_kit::cases! { groups_failures: erased,
    a_failing_child_cancels_siblings_and_body,
    a_body_that_never_returns_is_ended_by_a_failure,
    a_failing_body_cancels_the_children,
    the_group_error_holds_every_error_once,
    the_group_error_tells_the_whole_story,
    cancelled_children_add_nothing_to_the_error,
    an_error_on_the_way_out_wins_over_the_cancellation,
    a_shielded_child_of_a_failed_group_runs_to_its_end,
    keep_going_reports_all_errors_at_the_end,
    borrowing_groups_keep_going_too,
    a_group_can_report_errors_to_a_callback,
}
