//! The effective deadline, and what readers see of changes. CS-15, HO-27, HO-28, rules C2, C9.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, checkpoint, checkpoint_if_cancelled, current_effective_deadline,
    has_pending_cancellation, move_on_after, shield,
};
use anyrt_core::time::{Instant, now};

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind};
use crate::on_each_kind;
use crate::scopes_deadline::LONG;
use crate::support::{Gate, Log, in_cancelled_scope, poll_once, run};

/// CS-15, C9: the effective deadline is the earliest of the enclosing ones; far in the future without any;
/// past where a scope is cancelled; and a shield cuts off the ones outside it.
pub fn the_effective_deadline_is_the_earliest_one(backend: &Backend) {
    run(backend, async {
        assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE);
        let scope = |deadline| CancelScope::<R>::new().deadline(deadline);
        let start = now::<R>();
        let (early, late) = (start + LONG, start + LONG * 2);
        scope(late)
            .run(async {
                assert_eq!(current_effective_deadline(), late);
                scope(early)
                    .run(async { assert_eq!(current_effective_deadline(), early) })
                    .await
                    .unwrap();
                assert_eq!(current_effective_deadline(), late);
            })
            .await
            .unwrap();
        scope(early)
            .run(async {
                scope(late)
                    .run(async { assert_eq!(current_effective_deadline(), early) })
                    .await
                    .unwrap();
                let shielded = scope(late).shielded();
                shielded
                    .run(async { assert_eq!(current_effective_deadline(), late) })
                    .await
                    .unwrap();
                shield(async { assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE) })
                    .await;
                move_on_after::<R, _>(LONG * 2, async {
                    assert_eq!(current_effective_deadline(), early);
                    checkpoint().await;
                    assert_eq!(current_effective_deadline(), early);
                })
                .await;
            })
            .await
            .unwrap();
        assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE);
    });
}

/// CS-15: the effective deadline is past in a cancelled scope; in the shields and scopes inside, it depends
/// on these.
pub fn the_effective_deadline_of_a_cancelled_scope_is_past(backend: &Backend) {
    run(backend, async {
        let outcome = in_cancelled_scope::<R, _>(async {
            assert_eq!(current_effective_deadline(), Instant::FAR_PAST);
            move_on_after::<R, _>(LONG, async {
                assert_eq!(current_effective_deadline(), Instant::FAR_PAST);
            })
            .await;
            shield(async { assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE) }).await;
        })
        .await;
        assert!(outcome.is_ok());
        let passed = move_on_after::<R, _>(Duration::ZERO, async {
            assert_eq!(current_effective_deadline(), Instant::FAR_PAST);
        });
        assert_eq!(passed.await, Some(()));
    });
}

/// HO-28, C2, CS-15: readers that are not asynchronous see changes that were made earlier in the same poll.
pub fn readers_see_changes_of_the_same_poll(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let inner = CancelScope::<R>::new();
        let inner_handle = inner.handle();
        let outcome = scope.run(inner.run(async {
            let (early, late) = (now::<R>() + LONG, now::<R>() + LONG * 2);
            for deadline in [late, early, late] {
                handle.set_deadline(deadline);
                assert_eq!(current_effective_deadline(), deadline);
            }
            inner_handle.set_deadline(early);
            assert_eq!(current_effective_deadline(), early);
            inner_handle.set_deadline(Instant::FAR_FUTURE);
            assert_eq!(current_effective_deadline(), late);
            inner_handle.set_shield(true);
            assert_eq!(current_effective_deadline(), Instant::FAR_FUTURE);
            inner_handle.set_shield(false);
            assert!(!has_pending_cancellation());
            checkpoint_if_cancelled().await;
            handle.cancel();
            assert!(has_pending_cancellation());
            assert_eq!(current_effective_deadline(), Instant::FAR_PAST);
            assert!(
                poll_once(pin!(checkpoint_if_cancelled()))
                    .await
                    .is_pending()
            );
            inner_handle.set_shield(true);
            assert!(!has_pending_cancellation());
            checkpoint_if_cancelled().await;
            inner_handle.set_shield(false);
            checkpoint_if_cancelled().await;
            unreachable!("the last one is refused");
        }));
        assert!(outcome.await.is_err());
    });
}

/// HO-28: the same for a group's scope, seen in the body and in children.
pub fn readers_see_changes_of_a_groups_scope(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<Infallible>| {
            let deadline = now::<R>() + LONG;
            tg.scope().set_deadline(deadline);
            assert_eq!(current_effective_deadline(), deadline);
            let scope = tg.scope();
            let child = tg.spawn(async move {
                assert_eq!(current_effective_deadline(), deadline);
                scope.set_deadline(deadline + LONG);
                assert_eq!(current_effective_deadline(), deadline + LONG);
                scope.cancel();
                assert!(has_pending_cancellation());
                assert_eq!(current_effective_deadline(), Instant::FAR_PAST);
            });
            shield(child.wait()).await;
            assert!(has_pending_cancellation());
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// HO-27, C9: a child's effective deadline includes that of its group's host, and follows when the
/// scope around the host is moved.
pub fn a_childs_deadline_follows_its_hosts(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let first = now::<R>() + LONG;
        handle.set_deadline(first);
        let (seen, moved, log) = (Gate::new(), Gate::new(), Log::new());
        let outcome = scope
            .run(K::open(async |tg: K::Group<Infallible>| {
                let (has_seen, is_moved, log) = (seen.clone(), moved.clone(), log.clone());
                tg.spawn(async move {
                    log.add(format!("{:?}", current_effective_deadline()));
                    has_seen.open();
                    is_moved.opened().await;
                    log.add(format!("{:?}", current_effective_deadline()));
                });
                seen.opened().await;
                // Not in the poll in which the group was opened.
                checkpoint().await;
                handle.set_deadline(first + LONG);
                assert_eq!(current_effective_deadline(), first + LONG);
                moved.open();
            }))
            .await;
        assert!(outcome.is_ok());
        assert_eq!(
            log.entries(),
            [format!("{first:?}"), format!("{:?}", first + LONG)]
        );
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { scopes_effective_deadline: erased,
    the_effective_deadline_is_the_earliest_one,
    the_effective_deadline_of_a_cancelled_scope_is_past,
    readers_see_changes_of_the_same_poll,
    readers_see_changes_of_a_groups_scope,
    a_childs_deadline_follows_its_hosts,
}
