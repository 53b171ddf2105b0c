//! Task groups: cancelling them, and the scopes around them. TG-11, TG-29, TG-30, TG-35.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use anyrt_core::cancel::{CancelScope, Cause, checkpoint, finally, shield};
use anyrt_core::error::GroupError;
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{RunOptions, task_group};
use futures_util::future::{Either, select};

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, OnDrop};

/// TG-11, G5: cancelling a group is not a failure: the group returns its value if the body completed, and
/// code after the group continues.
pub fn cancelling_a_group_is_no_failure(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (started, ended) = (Gate::new(), Flag::new());
        let result = K::open(async |tg: K::Group<&'static str>| {
            let (running, ended) = (started.clone(), ended.on_drop());
            tg.spawn(async move {
                let _ended = ended;
                running.open();
                blocked().await;
            });
            started.opened().await;
            tg.cancel();
            Ok("value")
        })
        .await;
        assert_eq!(result.unwrap(), "value");
        assert!(ended.is_raised());
        checkpoint().await;
    }
    on_each_kind!(backend, scenario);
}

/// TG-11, G5: if the body was interrupted, the group returns `Cancelled`, with the cause.
pub fn a_group_whose_body_was_interrupted_gives_cancelled(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let went_on = Flag::new();
        let result = K::open(async |tg: K::Group<&'static str>| -> Result<(), _> {
            let scope = tg.scope();
            tg.spawn(async move { scope.cancel_with("enough") });
            blocked().await;
            went_on.raise();
            Ok(())
        })
        .await;
        let Err(GroupError::Cancelled(cancelled)) = result else {
            panic!("{result:?}")
        };
        assert_eq!(cancelled.cause(), Cause::Explicit);
        assert_eq!(cancelled.reason(), Some("enough"));
        assert!(!went_on.is_raised());
        checkpoint().await;
    }
    on_each_kind!(backend, scenario);
}

/// TG-29, C3, C6: cancelling an outer group cancels every descendant, to any depth.
pub fn cancelling_an_outer_group_cancels_every_descendant(backend: &Backend) {
    const DEPTH: u32 = 6;

    /// Spawns two children on each level; the lowest ones wait.
    fn descend<R: Runtime>(
        depth: u32,
        living: Arc<AtomicUsize>,
        leaves: Countdown,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            living.fetch_add(1, Ordering::SeqCst);
            let _gone = OnDrop::new({
                let living = living.clone();
                move || {
                    living.fetch_sub(1, Ordering::SeqCst);
                }
            });
            if depth == 0 {
                leaves.arrive();
                blocked().await;
            }
            let result = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(descend::<R>(depth - 1, living.clone(), leaves.clone()));
                tg.spawn(descend::<R>(depth - 1, living.clone(), leaves.clone()));
            })
            .await;
            // The group ended before its children were cancelled, which must not happen.
            unreachable!("{result:?}");
        })
    }

    async fn scenario<K: Kind>() {
        let living = Arc::new(AtomicUsize::new(0));
        let leaves = Countdown::new(1 << DEPTH);
        let result = K::open(async |tg: K::Group<Infallible>| {
            tg.spawn(descend::<R>(DEPTH, living.clone(), leaves.clone()));
            leaves.all_arrived().await;
            assert_eq!(living.load(Ordering::SeqCst), (2 << DEPTH) - 1);
            tg.cancel();
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(living.load(Ordering::SeqCst), 0);
    }
    on_each_kind!(backend, scenario);
}

/// TG-29, G6: an outer cancellation reaches the children at once, also while their host is in a shield.
pub fn children_are_cancelled_while_their_host_sits_in_a_shield(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (started, gone) = (Gate::new(), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope
            .run(K::open(async |tg: K::Group<Infallible>| {
                let (running, gone_now) = (started.clone(), gone.clone());
                tg.spawn(async move {
                    let _gone = OnDrop::new(move || gone_now.open());
                    running.open();
                    blocked().await;
                });
                started.opened().await;
                shield(async {
                    handle.cancel();
                    // Never completes unless the child is cancelled now.
                    gone.opened().await;
                    checkpoint().await;
                })
                .await;
            }))
            .await;
        assert!(
            outcome.is_err(),
            "a child was cut short, so the group's end is a cancel point"
        );
    }
    on_each_kind!(backend, scenario);
}

/// TG-30, C6, G6: if the host is cancelled while it waits at the end of a group, the children are
/// cancelled, and the cancellation propagates outwards when they, and their clean-up, have ended.
pub fn a_cancelled_host_waits_for_the_clean_up_of_its_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, started, cleaning, clean) = (Log::new(), Gate::new(), Gate::new(), Gate::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let (running, began, release) = (started.clone(), cleaning.clone(), clean.clone());
            let log_of_canceller = log.clone();
            tg.spawn(async move {
                running.opened().await;
                handle.cancel();
                began.opened().await;
                log_of_canceller.add("released");
                release.open();
            });
            let outcome = scope
                .run(async {
                    let result = K::open(async |tg: K::Group<Infallible>| {
                        let (log, running) = (log.clone(), started.clone());
                        let (began, clean) = (cleaning.clone(), clean.clone());
                        tg.spawn(finally(
                            async move {
                                running.open();
                                blocked().await;
                            },
                            async move || {
                                began.open();
                                clean.opened().await;
                                checkpoint().await;
                                log.add("cleaned up");
                            },
                        ));
                    })
                    .await;
                    log.add("between");
                    result
                })
                .await;
            assert!(outcome.is_err());
            log.add("scope ended");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["released", "cleaned up", "scope ended"]);
    }
    on_each_kind!(backend, scenario);
}

/// C4: the end of a group is a cancel point only if a child was active when the cancellation was seen: a
/// group without children returns its value, cancelled or not.
pub fn an_empty_group_ends_though_it_is_cancelled(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope
            .run(async {
                handle.cancel();
                let result = K::open(async |_: K::Group<&'static str>| Ok(7)).await;
                result.unwrap()
            })
            .await;
        assert_eq!(outcome.unwrap(), 7);
    }
    on_each_kind!(backend, scenario);
}

/// TG-35, C10: if the host is dropped from outside, the children are cancelled, none continues in the
/// background, and the enclosing group does not end before they have.
pub fn dropping_a_group_cancels_its_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, started) = (Log::new(), Gate::new());
        let result = task_group::<R, Infallible, _, _>(async |_| {
            let mut inner = Box::pin(K::open(async |tg: K::Group<Infallible>| {
                let (log, running) = (log.clone(), started.clone());
                tg.spawn(async move {
                    let _gone = log.on_drop("child gone");
                    running.open();
                    blocked().await;
                    log.add("child went on");
                });
                blocked().await;
            }));
            match select(&mut inner, pin!(started.opened())).await {
                Either::Right(_) => drop(inner),
                Either::Left((result, _)) => panic!("the group ended: {result:?}"),
            }
        })
        .await;
        log.add("outer ended");
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["child gone", "outer ended"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-35, C10: the same without an enclosing group: the run does not end before the children.
pub fn the_run_waits_for_children_of_a_dropped_group(backend: &Backend) {
    let (log, started) = (Log::new(), Gate::new());
    let main = async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (log, running) = (log.clone(), started.clone());
            tg.spawn(finally(
                async move {
                    running.open();
                    blocked().await;
                },
                async move || {
                    checkpoint().await;
                    checkpoint().await;
                    log.add("child cleaned up");
                },
            ));
            blocked().await;
        });
        match select(pin!(group), pin!(started.opened())).await {
            Either::Right(_) => log.add("main ends"),
            Either::Left((result, _)) => panic!("the group ended: {result:?}"),
        }
    };
    anyrt_core::run(backend, RunOptions::new(), main).expect("the run starts");
    log.add("run ended");
    assert_eq!(
        log.entries(),
        ["main ends", "child cleaned up", "run ended"]
    );
}

/// TG-35: a group that is dropped before its first poll never runs anything.
pub fn a_group_that_was_never_polled_runs_nothing(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let polled = Flag::new();
        let group = K::open(async |tg: K::Group<Infallible>| {
            polled.raise();
            let polled = polled.clone();
            tg.spawn(async move { polled.raise() });
        });
        drop(group);
        checkpoint().await;
        assert!(!polled.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// C1, G6: the body of a cancelled group is dropped before the group ends, though its children are still
/// cleaning up.
pub fn the_body_is_dropped_before_the_children_are_waited_for(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, body_gone) = (Log::new(), Gate::new());
        let group = K::open(async |tg: K::Group<Infallible>| {
            let (gone, log) = (body_gone.clone(), log.clone());
            tg.spawn(finally(blocked(), async move || {
                gone.opened().await;
                log.add("cleaned up");
            }));
            let gone = body_gone.clone();
            let _gone = OnDrop::new(move || gone.open());
            checkpoint().await;
            tg.cancel();
            blocked().await;
        });
        assert!(group.await.unwrap_err().is_cancelled());
        assert_eq!(log.entries(), ["cleaned up"]);
    }
    on_each_kind!(backend, scenario);
}

/// C7: a cancellation by another thread while the group is being polled is caught by the cancelled scope,
/// and not by the group in it.
pub fn a_cancellation_from_a_thread_is_caught_where_it_belongs(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let group = K::open(async |_tg: K::Group<Infallible>| {
            // The scope knows of the group from the end of its first poll on.
            checkpoint().await;
            poll_fn(|_| {
                let handle = handle.clone();
                let cancelled = thread::spawn(move || handle.cancel()).join();
                cancelled.expect("cancelling does not panic");
                Poll::<()>::Pending
            })
            .await;
        });
        let ended = AtomicUsize::new(0);
        let outcome = scope.run(async {
            let outcome = group.await;
            ended.fetch_add(1, Ordering::SeqCst);
            outcome
        });
        assert!(outcome.await.is_err());
        assert_eq!(ended.load(Ordering::SeqCst), 0, "nothing runs after it");
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { groups_cancel: erased,
    cancelling_a_group_is_no_failure,
    a_group_whose_body_was_interrupted_gives_cancelled,
    cancelling_an_outer_group_cancels_every_descendant,
    children_are_cancelled_while_their_host_sits_in_a_shield,
    a_cancelled_host_waits_for_the_clean_up_of_its_children,
    an_empty_group_ends_though_it_is_cancelled,
    dropping_a_group_cancels_its_children,
    the_run_waits_for_children_of_a_dropped_group,
    a_group_that_was_never_polled_runs_nothing,
    the_body_is_dropped_before_the_children_are_waited_for,
    a_cancellation_from_a_thread_is_caught_where_it_belongs: [foreign_wakes],
}
