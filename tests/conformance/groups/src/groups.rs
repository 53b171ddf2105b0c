//! Task groups: children, and how long a group lasts. TG-01 to TG-04, TG-12, TG-13, TG-31, TG-32.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::{CancelScope, checkpoint, shield};
use anyrt_core::error::GroupError;
use anyrt_core::task::task_group;
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, assert_order, blocked, position};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, catch_sync, poll_once, run};

/// TG-01, G1: the group completes when every child has ended, and the children's effects are visible then.
pub fn the_group_waits_for_every_child(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, gate) = (Log::new(), Gate::new());
        let result = K::open(async |tg: K::Group<Infallible>| {
            for child in ["a", "b", "c"] {
                let (log, gate) = (log.clone(), gate.clone());
                tg.spawn(async move {
                    gate.opened().await;
                    checkpoint().await;
                    log.add(child);
                });
            }
            log.add("body");
            gate.open();
        })
        .await;
        log.add("after");
        assert!(result.is_ok());
        let mut entries = log.entries();
        entries[1..4].sort();
        assert_eq!(entries, ["body", "a", "b", "c", "after"]);
    }
    on_each_kind!(backend, scenario);
}

/// G1: the value of the body is the value of the group, and is delivered after the last child has ended.
pub fn the_group_gives_the_value_of_its_body(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let ended = Flag::new();
        let result = K::open(async |tg: K::Group<&'static str>| {
            let ended = ended.clone();
            tg.spawn(async move {
                checkpoint().await;
                ended.raise();
            });
            Ok("value")
        })
        .await;
        assert_eq!(result.unwrap(), "value");
        assert!(ended.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-02: spawning runs no code of the child before the call returns.
pub fn spawning_runs_nothing_on_the_spot(backend: &Backend) {
    thread_local! {
        static SPAWNING: Cell<bool> = const { Cell::new(false) };
    }
    async fn scenario<K: Kind>() {
        let nested = Flag::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            for _ in 0..100 {
                let nested = nested.clone();
                SPAWNING.set(true);
                tg.spawn(async move {
                    if SPAWNING.get() {
                        nested.raise();
                    }
                });
                SPAWNING.set(false);
            }
        })
        .await;
        assert!(result.is_ok());
        assert!(!nested.is_raised(), "a child was polled inside `spawn`");
    }
    on_each_kind!(backend, scenario);
}

/// TG-03, G1, G7: a child may spawn into its group, also while the host waits at the end; the group waits
/// for those too. See `groups_in_place` for the other kinds.
pub fn children_may_spawn_more_children(backend: &Backend) {
    run(backend, async {
        let (log, gate) = (Log::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (log_of_child, gate, tg_of_child) = (log.clone(), gate.clone(), tg.clone());
            tg.spawn(async move {
                gate.opened().await;
                log_of_child.add("child");
                tg_of_child.spawn(async move {
                    checkpoint().await;
                    checkpoint().await;
                    log_of_child.add("grandchild");
                });
            });
            log.add("body");
        });
        // The group is polled first, and waits at its end by the time the gate is opened.
        let (result, ()) = join(group, async { gate.open() }).await;
        log.add("after");
        assert!(result.is_ok());
        assert_order(&log.entries(), &["body", "child", "grandchild", "after"]);
    });
}

/// TG-04, G7: once the group has ended, with or without an error, `try_spawn` returns the future and
/// `spawn` panics, naming `try_spawn`; the future is never polled.
pub fn spawning_into_an_ended_group_is_refused(backend: &Backend) {
    async fn scenario<K: Kind>() {
        for fails in [false, true] {
            let mut kept = None;
            let result = K::open(async |tg: K::Group<&'static str>| {
                kept = Some(tg.clone());
                if fails { Err("failed") } else { Ok(()) }
            })
            .await;
            assert_eq!(result.is_err(), fails);
            let tg = kept.expect("the body has run");

            let (polled, dropped) = (Flag::new(), Flag::new());
            let future = {
                let (polled, dropped) = (polled.clone(), dropped.on_drop());
                async move {
                    let _dropped = dropped;
                    polled.raise();
                }
            };
            let error = tg.try_spawn(future).expect_err("the group has ended");
            assert!(!dropped.is_raised(), "the future comes back whole");
            error.0.await;
            assert!(polled.is_raised() && dropped.is_raised());

            let polled = Flag::new();
            let future = {
                let polled = polled.clone();
                async move { polled.raise() }
            };
            let message = catch_sync(|| tg.spawn(future)).expect_err("`spawn` panics");
            assert!(message.contains("try_spawn"), "{message}");
            checkpoint().await;
            assert!(!polled.is_raised());
        }
    }
    on_each_kind!(backend, scenario);
}

/// TG-12, G7: a child spawned before, or into, a group that is cancelled by then runs up to its
/// first wait, and no further.
pub fn children_of_a_cancelled_group_run_up_to_their_first_wait(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let child = |name: &str| {
            let (log, name) = (log.clone(), name.to_owned());
            async move {
                log.add(format!("{name} runs"));
                checkpoint().await;
                log.add(format!("{name} goes on"));
            }
        };
        let result = K::open(async |tg: K::Group<Infallible>| {
            tg.spawn(child("early"));
            tg.cancel();
            tg.spawn(child("late"));
        })
        .await;
        assert!(result.is_ok(), "the body completed");
        let entries = log.entries();
        position(&entries, "late runs");
        // The early one may have been running on another thread before the cancellation.
        position(&entries, "early runs");
        assert!(!log.has("late goes on"));
    }
    on_each_kind!(backend, scenario);
}

/// TG-12: the same where nothing else ran: a child that is spawned last, in the poll in which the group's
/// enclosing scope was cancelled.
pub fn children_spawned_under_an_outer_cancellation_run_up_to_their_first_wait(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope
            .run(async {
                handle.cancel();
                let result = K::open(async |tg: K::Group<Infallible>| {
                    let log = log.clone();
                    tg.spawn(async move {
                        log.add("runs");
                        checkpoint().await;
                        log.add("goes on");
                    });
                })
                .await;
                log.add("between");
                result
            })
            .await;
        assert!(
            result.is_err(),
            "a child was living when the cancellation was seen"
        );
        assert_eq!(log.entries(), ["runs"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-13, C11: a loop of empty groups lets others run.
pub fn a_loop_of_empty_groups_lets_others_run(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let other_ran = Flag::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let flag = other_ran.clone();
            tg.spawn(async move { flag.raise() });
            while !other_ran.is_raised() {
                K::open(async |_: K::Group<Infallible>| ()).await.unwrap();
            }
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// TG-31, G1: the values that a cancelled child owned have been dropped when the group completes.
pub fn locals_of_cancelled_children_are_gone_when_the_group_ends(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let started = Gate::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let captured = log.on_drop("captured");
            let (log, running) = (log.clone(), started.clone());
            tg.spawn(async move {
                let _captured = captured;
                let _local = log.on_drop("local");
                running.open();
                blocked().await;
            });
            started.opened().await;
            tg.cancel();
        })
        .await;
        log.add("after");
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["local", "captured", "after"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-32, C3: a child belongs to its group's scope and not to the place that spawned it: a child that was
/// spawned behind a shield is cancelled with the group.
pub fn a_child_spawned_behind_a_shield_is_cancelled_with_its_group(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let child = |name: &'static str| {
                let guard = log.on_drop(name);
                async move {
                    let _guard = guard;
                    blocked().await;
                }
            };
            shield(async {
                tg.spawn(child("in a shield"));
            })
            .await;
            let shielded = CancelScope::<R>::new().shielded();
            shielded
                .run(async { drop(tg.spawn(child("in a shielded scope"))) })
                .await
                .unwrap();
            tg.cancel();
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries().len(), 2);
    }
    on_each_kind!(backend, scenario);
}

/// TG-32, C3: a child that was spawned in another scope continues when that scope is cancelled.
pub fn a_child_outlives_the_scope_it_was_spawned_in(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (gate, done) = (Gate::new(), Flag::new());
        let result = K::open(async |tg: K::Group<Infallible>| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let outcome = scope
                .run(async {
                    let (gate, done) = (gate.clone(), done.clone());
                    tg.spawn(async move {
                        checkpoint().await;
                        gate.opened().await;
                        checkpoint().await;
                        done.raise();
                    });
                    handle.cancel();
                    blocked().await;
                })
                .await;
            assert!(outcome.is_err());
            gate.open();
        })
        .await;
        assert!(result.is_ok());
        assert!(done.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// G5: a group that was interrupted and is polled again from outside, because it was only lent to the
/// cancelled scope, returns `Cancelled`.
pub fn an_interrupted_group_that_is_polled_again_says_so(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let ended = Flag::new();
        let mut group = pin!(K::open(async |tg: K::Group<Infallible>| {
            let ended = ended.on_drop();
            tg.spawn(async move {
                let _ended = ended;
                blocked().await;
            });
            blocked().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        assert!(scope.run(group.as_mut()).await.is_err());
        assert!(ended.is_raised(), "the scope waited for the child");
        assert!(matches!(group.await, Err(GroupError::Cancelled(_))));
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { groups: erased,
    the_group_waits_for_every_child,
    the_group_gives_the_value_of_its_body,
    spawning_runs_nothing_on_the_spot,
    children_may_spawn_more_children,
    spawning_into_an_ended_group_is_refused,
    children_of_a_cancelled_group_run_up_to_their_first_wait,
    children_spawned_under_an_outer_cancellation_run_up_to_their_first_wait,
    a_loop_of_empty_groups_lets_others_run,
    locals_of_cancelled_children_are_gone_when_the_group_ends,
    a_child_spawned_behind_a_shield_is_cancelled_with_its_group,
    a_child_outlives_the_scope_it_was_spawned_in,
    an_interrupted_group_that_is_polled_again_says_so,
}
