//! Escalation: how a hold that does not end is ended. HO-24, rule C12.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, finally, shield};
use anyrt_core::task::{RunOptions, task_group};
use futures_util::future::{join, select};

use super::holds_support::holder;
use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, run, yields};

const SHORT: Duration = Duration::from_millis(20);

/// HO-24, C12: `abort` ends a scope with a clean-up that never ends.
pub fn abort_ends_a_clean_up_that_never_ends(backend: &Backend) {
    run(backend, async {
        let (cleaning, dropped) = (Gate::new(), Flag::new());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(finally(blocked(), async || {
            let _guard = dropped.on_drop();
            cleaning.open();
            blocked().await;
        }));
        let aborter = async {
            handle.cancel();
            cleaning.opened().await;
            yields(3).await;
            assert!(!dropped.is_raised(), "cancelling alone waits");
            handle.abort();
        };
        let (outcome, ()) = join(body, aborter).await;
        assert!(outcome.is_err());
        assert!(dropped.is_raised());
        assert!(handle.is_cancelled() && handle.has_caught());
    });
}

/// HO-24, C12: `abort` without a cancellation before it drops a shielded section at once.
pub fn abort_ends_a_shielded_section(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(shield(async {
            let _guard = log.on_drop("dropped");
            handle.abort();
            blocked().await;
        }));
        assert!(body.await.is_err());
        assert_eq!(log.entries(), ["dropped"]);
    });
}

/// HO-24, C12: `cancel_within` gives a clean-up that long, and no longer; a clean-up that finishes in time
/// is completed.
pub fn cancel_within_limits_the_clean_up(backend: &Backend) {
    run(backend, async {
        let (dropped, start) = (Flag::new(), anyrt_core::time::now::<R>());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        handle.cancel_within(SHORT);
        let body = scope.run(finally(blocked(), async || {
            let _guard = dropped.on_drop();
            blocked().await;
        }));
        assert!(body.await.is_err());
        assert!(dropped.is_raised());
        assert!(anyrt_core::time::now::<R>() - start >= SHORT);

        let log = Log::new();
        let scope = CancelScope::<R>::new();
        scope.handle().cancel_within(Duration::from_secs(3600));
        assert!(scope.run(holder(log.clone())).await.is_err());
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

/// HO-24, C12: `abort` reaches the children: shields and clean-ups that never end are dropped.
pub fn abort_reaches_the_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (dropped, waiting) = (Log::new(), Countdown::new(3));
        // A task that the scope drops at its end may take another moment to end; this group waits.
        let result = task_group::<R, Infallible, _, _>(async |_| {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let body = scope.run(K::open(async |tg: K::Group<Infallible>| {
                let endless = |name: &'static str| {
                    let (guard, arrive) = (dropped.on_drop(name), waiting.clone());
                    async move {
                        let _guard = guard;
                        arrive.arrive();
                        blocked().await;
                    }
                };
                tg.spawn(shield(endless("shield")));
                let clean_up = endless("clean-up");
                tg.spawn(finally(blocked(), move || clean_up));
                let grandchild = shield(endless("grandchild"));
                tg.spawn(async move {
                    let nested = task_group::<R, Infallible, _, _>(async |tg| {
                        tg.spawn(grandchild);
                    });
                    let _ = nested.await;
                });
                blocked().await;
            }));
            let aborter = async {
                yields(1).await;
                handle.cancel();
                waiting.all_arrived().await;
                yields(3).await;
                assert_eq!(dropped.entries(), [""; 0], "cancelling alone waits");
                handle.abort();
            };
            let (outcome, ()) = join(body, aborter).await;
            assert!(outcome.is_err());
        })
        .await;
        assert!(result.is_ok());
        let mut dropped = dropped.entries();
        dropped.sort();
        assert_eq!(dropped, ["clean-up", "grandchild", "shield"]);
    }
    on_each_kind!(backend, scenario);
}

/// HO-24, C12: `cancel_within` reaches the children, too, on a group's own scope, when the grace is over.
pub fn cancel_within_limits_the_clean_up_of_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let dropped = Flag::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let guard = dropped.on_drop();
            tg.spawn(finally(blocked(), async move || {
                let _guard = guard;
                blocked().await;
            }));
            tg.scope().cancel_within(Duration::from_millis(20));
            blocked().await;
        })
        .await;
        assert!(result.unwrap_err().is_cancelled());
        assert!(dropped.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// C12: a run can have a limit for its end: adopted children that do not stop are dropped.
pub fn a_run_can_limit_its_own_end(backend: &Backend) {
    let (dropped, started) = (Flag::new(), Gate::new());
    let main = async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (guard, running) = (dropped.on_drop(), started.clone());
            tg.spawn(shield(async move {
                let _guard = guard;
                running.open();
                blocked().await;
            }));
            blocked().await;
        });
        select(pin!(group), pin!(started.opened())).await;
    };
    let options = RunOptions::new().shutdown_limit(Duration::from_millis(20));
    anyrt_core::run(backend, options, main).expect("the run starts");
    assert!(dropped.is_raised());
}

anyrt_conformance_kit::cases! { holds_abort: erased,
    abort_ends_a_clean_up_that_never_ends,
    abort_ends_a_shielded_section,
    cancel_within_limits_the_clean_up,
    abort_reaches_the_children,
    cancel_within_limits_the_clean_up_of_children,
    a_run_can_limit_its_own_end,
}
