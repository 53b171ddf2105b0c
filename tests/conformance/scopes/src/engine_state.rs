//! Deadlines and shields are one state, from before entry until the scope is left; and a scope that ends
//! under a cancelled one reports. EN-16, EN-18, rules C8, C9.

use std::convert::Infallible;
use std::pin::pin;
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, Cause, checkpoint, current_effective_deadline, has_pending_cancellation,
};
use anyrt_core::task::GroupOptions;
use anyrt_core::time::{Instant, now, sleep_forever};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind, blocked};
use crate::limits::{foreign_sleep, within};
use crate::on_each_kind;
use crate::support::{Flag, Log, in_cancelled_scope, poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_secs(3);
const HOUR: Duration = Duration::from_secs(3600);

/// EN-16, C7, C8: a shielded scope with a deadline that passes under a cancelled scope reports, and the
/// code after it runs up to its next wait.
pub fn a_shielded_scope_reports_under_a_cancelled_one(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            let inner = CancelScope::<R>::new().within(SHORT).shielded();
            match inner.run(sleep_forever()).await {
                Ok(_) => log.add("completed"),
                Err(cancelled) => log.add(format!("{:?}", cancelled.cause())),
            }
            checkpoint().await;
            log.add("too far");
        });
        assert!(within(LIMIT, "the scope", outcome).await.is_err());
        assert_eq!(log.entries(), ["Deadline"]);
    });
}

/// EN-16, C7, C8: the same if the shielded scope is cancelled through its handle, before or after the
/// enclosing scope.
pub fn a_shielded_scope_that_is_cancelled_reports(backend: &Backend) {
    run(backend, async {
        for outer_first in [true, false] {
            let log = Log::new();
            let (outer, inner) = (CancelScope::<R>::new(), CancelScope::<R>::new().shielded());
            let (outer_handle, inner_handle) = (outer.handle(), inner.handle());
            let body = outer.run(async {
                assert!(inner.run(blocked()).await.is_err());
                log.add("after");
                checkpoint().await;
                log.add("too far");
            });
            let cancels = async {
                yields(2).await;
                let order = if outer_first {
                    [&outer_handle, &inner_handle]
                } else {
                    [&inner_handle, &outer_handle]
                };
                order[0].cancel();
                if outer_first {
                    yields(2).await;
                }
                order[1].cancel();
            };
            let both = futures_util::future::join(body, cancels);
            let (outcome, ()) = within(LIMIT, "the scope", both).await;
            assert!(outcome.is_err());
            assert_eq!(log.entries(), ["after"], "outer first: {outer_first}");
        }
    });
}

/// EN-16, G6, C8: a shielded group that is cancelled itself under a cancelled scope reports, and so does
/// one with a deadline.
pub fn a_shielded_group_reports_under_a_cancelled_scope(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            let group = K::open(async |tg: K::Group<Infallible>| {
                tg.scope().set_shield(true);
                let own = tg.scope();
                tg.spawn(async move {
                    yields(3).await;
                    own.cancel();
                    blocked().await;
                });
                blocked().await;
            });
            assert!(group.await.is_err());
            log.add("after a cancelled group");
            let options = GroupOptions::new().deadline(now::<R>() + SHORT);
            let group = options.run::<R, Infallible, _, _>(async |tg| {
                tg.scope().set_shield(true);
                tg.spawn(blocked());
                blocked().await;
            });
            assert!(group.await.is_err());
            log.add("after a deadline");
            checkpoint().await;
            log.add("too far");
        });
        assert!(within(LIMIT, "the scope", outcome).await.is_err());
        let expected = ["after a cancelled group", "after a deadline"];
        assert_eq!(log.entries(), expected);
    }
    on_each_kind!(backend, scenario);
}

/// EN-18, C9: a deadline that is set before entry is seen by the handle, and can be moved there, earlier
/// and later; the last value counts.
pub fn a_deadline_before_entry_is_seen_and_can_be_moved(backend: &Backend) {
    run(backend, async {
        let (near, far) = (now::<R>() + HOUR, now::<R>() + HOUR * 2);
        for (given, moved) in [(near, far), (far, near), (near, Instant::FAR_FUTURE)] {
            let scope = CancelScope::<R>::new().deadline(given);
            let handle = scope.handle();
            assert_eq!(handle.deadline(), given, "given");
            handle.set_deadline(moved);
            assert_eq!(handle.deadline(), moved, "moved");
            let inside = scope.run(async { current_effective_deadline() });
            assert_eq!(inside.await, Ok(moved), "inside");

            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            handle.set_deadline(moved);
            let scope = scope.deadline(given);
            assert_eq!(handle.deadline(), given, "given after it was moved");
            let inside = scope.run(async { current_effective_deadline() });
            assert_eq!(inside.await, Ok(given), "inside, given after it was moved");
        }
    });
}

/// EN-18, C9: a limit that is set as a length is replaced by a deadline that is set later, before entry;
/// and a near deadline by a distant one.
pub fn the_last_change_of_a_deadline_stands(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(SHORT);
        let handle = scope.handle();
        handle.set_deadline(Instant::FAR_FUTURE);
        let body = scope.run(async {
            foreign_sleep(SHORT * 2).await;
            checkpoint().await;
            current_effective_deadline()
        });
        assert_eq!(body.await, Ok(Instant::FAR_FUTURE));

        let scope = CancelScope::<R>::new().deadline(now::<R>() + HOUR);
        let handle = scope.handle();
        handle.set_deadline(now::<R>() + SHORT);
        let body = within(LIMIT, "the scope", scope.run(blocked()));
        assert_eq!(body.await.unwrap_err().cause(), Cause::Deadline);
    });
}

/// EN-18, C8, C9: a shield that is set before entry is seen, and can be switched off and on there.
pub fn a_shield_before_entry_is_seen_and_can_be_switched(backend: &Backend) {
    run(backend, async {
        for shielded in [true, false] {
            let scope = CancelScope::<R>::new();
            let scope = if shielded { scope.shielded() } else { scope };
            let handle = scope.handle();
            assert_eq!(handle.is_shielded(), shielded, "given");
            handle.set_shield(!shielded);
            assert_eq!(handle.is_shielded(), !shielded, "switched");
            let reached = Flag::new();
            let outcome = in_cancelled_scope::<R, _>(scope.run(async {
                assert_eq!(handle.is_shielded(), !shielded, "inside");
                checkpoint().await;
                reached.raise();
            }));
            let _ = outcome.await;
            assert_eq!(reached.is_raised(), !shielded, "an outer cancellation");
        }
    });
}

/// EN-18, C9: a deadline that passed while the code was busy counts as passed for every reader, and
/// permanently, though it is moved afterwards.
pub fn a_deadline_that_passed_unnoticed_has_passed(backend: &Backend) {
    run(backend, async {
        for before_entry in [true, false] {
            let scope = CancelScope::<R>::new();
            let deadline = now::<R>() + SHORT;
            let scope = if before_entry {
                scope.deadline(deadline)
            } else {
                scope
            };
            let (handle, log) = (scope.handle(), Log::new());
            let body = scope.run(async {
                if !before_entry {
                    handle.set_deadline(now::<R>() + SHORT);
                }
                thread::sleep(SHORT * 2);
                log.add(format!("handle: {}", handle.is_cancelled()));
                log.add(format!("inside: {}", has_pending_cancellation()));
                handle.set_deadline(Instant::FAR_FUTURE);
                log.add(format!("handle, moved: {}", handle.is_cancelled()));
                log.add(format!("inside, moved: {}", has_pending_cancellation()));
                assert!(poll_once(pin!(checkpoint())).await.is_pending());
                checkpoint().await;
                log.add("too far");
            });
            let outcome = body.await;
            let expected = [
                "handle: true",
                "inside: true",
                "handle, moved: true",
                "inside, moved: true",
            ];
            assert_eq!(log.entries(), expected);
            assert_eq!(outcome.unwrap_err().cause(), Cause::Deadline);
        }
    });
}

anyrt_conformance_kit::cases! { engine_state: erased,
    a_shielded_scope_reports_under_a_cancelled_one,
    a_shielded_scope_that_is_cancelled_reports,
    a_shielded_group_reports_under_a_cancelled_scope,
    a_deadline_before_entry_is_seen_and_can_be_moved,
    the_last_change_of_a_deadline_stands,
    a_shield_before_entry_is_seen_and_can_be_switched,
    a_deadline_that_passed_unnoticed_has_passed: [real_time],
}
