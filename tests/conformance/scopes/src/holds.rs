//! Holds, and the traps of naive implementations: scopes, shields and clean-ups. HO-01, HO-02,
//! HO-04, HO-09 to HO-11. Rule C6.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, checkpoint, finally, has_pending_cancellation, move_on_after, shield,
};
use anyrt_core::time::sleep;
use futures_util::future::{join, select};
use futures_util::stream::{self, FuturesUnordered, StreamExt};

use super::holds_support::{cancelled_meanwhile, counting, holder};
use crate::erased::{Backend, R};
use crate::kinds::{Countdown, blocked};
use crate::support::{Gate, Log, OnDrop, catch, in_cancelled_scope, panic_quietly, run, yields};

const SHORT: Duration = Duration::from_millis(20);

/// HO-01, C6: a begun clean-up that `select` keeps while the code awaits something else is stranded: the
/// scope ends promptly, and the clean-up is dropped without running.
pub fn a_holder_kept_by_select_is_stranded(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = cancelled_meanwhile(async {
            let mut kept = pin!(holder(log.clone()));
            select(kept.as_mut(), pin!(yields(2))).await;
            blocked().await;
        })
        .await;
        assert!(outcome.is_none());
        assert_eq!(log.entries(), ["dropped"]);
    });
}

/// HO-01, C6: the same where the code awaits a foreign future meanwhile, and where the scope is cancelled
/// from inside.
pub fn a_holder_kept_beside_a_foreign_wait_is_stranded(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = cancelled_meanwhile(async {
            let mut kept = pin!(holder(log.clone()));
            select(kept.as_mut(), pin!(yields(2))).await;
            std::future::pending::<()>().await;
        })
        .await;
        assert!(outcome.is_none());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let outcome = scope.run(async {
            let mut kept = pin!(holder(log.clone()));
            select(kept.as_mut(), pin!(yields(2))).await;
            handle.cancel();
            blocked().await;
        });
        assert!(outcome.await.is_err());
        assert_eq!(log.entries(), ["dropped", "dropped"]);
    });
}

/// HO-01, C6: another holder in the scope, which is not stranded, still cleans up.
pub fn a_stranded_holder_does_not_take_others_with_it(backend: &Backend) {
    run(backend, async {
        let (stranded, reached) = (Log::new(), Log::new());
        let outcome = cancelled_meanwhile(async {
            let mut kept = pin!(holder(stranded.clone()));
            select(kept.as_mut(), pin!(yields(2))).await;
            holder(reached.clone()).await;
        })
        .await;
        assert!(outcome.is_none());
        assert_eq!(reached.entries(), ["cleaned up"]);
        assert_eq!(stranded.entries(), ["dropped"]);
    });
}

/// HO-02: holders in a buffered stream that is not polled, because the loop's body waits: the scope ends
/// promptly, and each future is cleaned up or dropped.
pub fn holders_in_a_buffered_stream_do_not_hang(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = cancelled_meanwhile(async {
            let futures = stream::iter(0..5).map(|n| {
                let log = log.clone();
                async move {
                    if n > 0 {
                        holder(log).await;
                    }
                    // Pending at first, so that the others are polled too.
                    yields(2).await;
                    n
                }
            });
            let mut buffered = pin!(futures.buffered(3));
            while let Some(n) = buffered.next().await {
                assert_eq!(n, 0);
                blocked().await;
            }
        })
        .await;
        assert!(outcome.is_none());
        let entries = log.entries();
        assert!(entries.len() >= 2 && entries.len() <= 4, "{entries:?}");
    });
}

/// HO-04, C6: 500 holders in nested `FuturesUnordered` all clean up; while they hold, there are no idle
/// polls.
pub fn many_holders_all_clean_up_without_spinning(backend: &Backend) {
    const OUTER: usize = 10;
    const INNER: usize = 50;
    run(backend, async {
        let (began, cleaning) = (Countdown::new(OUTER * INNER), Countdown::new(OUTER * INNER));
        let (release, cleaned) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
        let polls = Arc::new(AtomicUsize::new(0));
        let one = || {
            let (began, cleaning) = (began.clone(), cleaning.clone());
            let (release, cleaned) = (release.clone(), cleaned.clone());
            finally(
                async move {
                    began.arrive();
                    blocked().await;
                },
                async move || {
                    cleaning.arrive();
                    release.opened().await;
                    checkpoint().await;
                    cleaned.fetch_add(1, Ordering::SeqCst);
                },
            )
        };
        let nested = (0..OUTER).map(|_| {
            let mut inner: FuturesUnordered<_> = (0..INNER).map(|_| one()).collect();
            async move { while inner.next().await.is_some() {} }
        });
        let mut all: FuturesUnordered<_> = nested.collect();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let held = counting(
            polls.clone(),
            scope.run(async { while all.next().await.is_some() {} }),
        );
        let beside = async {
            began.all_arrived().await;
            handle.cancel();
            cleaning.all_arrived().await;
            yields(2).await;
            let before = polls.load(Ordering::SeqCst);
            sleep::<R>(SHORT * 2).await;
            // The timer wakes this task, and so do some late wake-ups.
            let idle = polls.load(Ordering::SeqCst) - before;
            assert!(idle <= 5, "polled {idle} times though nothing happened");
            release.open();
        };
        let (outcome, ()) = join(held, beside).await;
        assert!(outcome.is_err());
        assert_eq!(cleaned.load(Ordering::SeqCst), OUTER * INNER);
        let polls = polls.load(Ordering::SeqCst);
        assert!(
            polls < 10 * OUTER * INNER,
            "{polls} polls for {} holders",
            OUTER * INNER
        );
    });
}

/// HO-09, C6: a scope waits for the holders in it, and not for a sibling's shield.
pub fn a_scope_is_not_held_by_its_sibling(backend: &Backend) {
    run(backend, async {
        let (log, inner_ended) = (Log::new(), Gate::new());
        let outer = async {
            let tidy = finally(blocked(), async || {
                checkpoint().await;
                log.add("cleaned up");
            });
            assert!(move_on_after::<R, _>(SHORT, tidy).await.is_none());
            log.add("inner scope ended");
            // The other shield ends only now.
            inner_ended.open();
        };
        join(shield(inner_ended.opened()), outer).await;
        assert_eq!(log.entries(), ["cleaned up", "inner scope ended"]);
    });
}

/// HO-10: a panic in the poll in which a hold began: later scopes on this thread are not held.
pub fn a_panic_leaves_no_hold_behind(backend: &Backend) {
    run(backend, async {
        for inside_a_scope in [false, true] {
            let log = Log::new();
            let panics = join(holder(log.clone()), async {
                if !has_pending_cancellation() {
                    panic_quietly("in the same poll");
                }
            });
            let outcome = if inside_a_scope {
                catch(CancelScope::<R>::new().run(panics)).await.map(drop)
            } else {
                catch(panics).await.map(drop)
            };
            assert_eq!(outcome.unwrap_err(), "in the same poll");
            assert_eq!(log.entries(), ["dropped"]);
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let later = scope.run(async {
                checkpoint().await;
                handle.cancel();
                blocked().await;
            });
            assert!(later.await.is_err());
            assert!(in_cancelled_scope::<R, _>(blocked()).await.is_err());
        }
    });
}

/// HO-11, C6: a hold that begins in the very poll in which the cancellation arrives is notified of it:
/// before or after, bare, joined or boxed in a collection.
pub fn a_hold_that_begins_with_the_cancellation_is_told(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let scope = || {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            (scope, handle)
        };
        let (bare, handle) = scope();
        let body = async {
            handle.cancel();
            holder(log.clone()).await;
        };
        assert!(bare.run(body).await.is_err());
        assert_eq!(log.entries(), ["cleaned up"]);

        let (before, handle) = scope();
        let body = join(async { handle.cancel() }, holder(log.clone()));
        assert!(before.run(body).await.is_err());
        assert_eq!(log.count("cleaned up"), 2);

        let (after, handle) = scope();
        let body = join(holder(log.clone()), async { handle.cancel() });
        assert!(after.run(body).await.is_err());
        assert_eq!(log.count("cleaned up"), 3);

        let (collected, handle) = scope();
        let body = async {
            let mut all: FuturesUnordered<_> =
                (0..4).map(|_| Box::pin(holder(log.clone()))).collect();
            let step = join(async { while all.next().await.is_some() {} }, async {
                handle.cancel()
            });
            step.await;
        };
        assert!(collected.run(body).await.is_err());
        assert_eq!(log.entries(), ["cleaned up"; 7]);
    });
}

/// C6: a hold works through combinators with other branches that continue meanwhile; their next operation is
/// refused.
pub fn what_is_beside_a_holder_stops_at_its_next_operation(backend: &Backend) {
    run(backend, async {
        let (log, steps) = (Log::new(), Log::new());
        let beside = async {
            loop {
                yields(1).await;
                if has_pending_cancellation() {
                    steps.add("goes on, being foreign");
                    checkpoint().await;
                    steps.add("and on");
                }
            }
        };
        let outcome = cancelled_meanwhile(join(holder(log.clone()), async {
            let never: () = beside.await;
            never
        }))
        .await;
        assert!(outcome.is_none());
        assert_eq!(log.entries(), ["cleaned up"]);
        assert_eq!(steps.entries(), ["goes on, being foreign"]);
    });
}

/// C6, C8: when the last hold is released, all that is still pending is dropped, outside the scope.
pub fn the_rest_is_dropped_after_the_last_hold(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = cancelled_meanwhile(async {
            let _guard = OnDrop::new(|| {
                log.add(format!(
                    "dropped; cancelled there: {}",
                    has_pending_cancellation()
                ));
            });
            holder(log.clone()).await;
        })
        .await;
        assert!(outcome.is_none());
        assert_eq!(
            log.entries(),
            ["cleaned up", "dropped; cancelled there: false"]
        );
    });
}

anyrt_conformance_kit::cases! { holds: erased,
    a_holder_kept_by_select_is_stranded,
    a_holder_kept_beside_a_foreign_wait_is_stranded,
    a_stranded_holder_does_not_take_others_with_it,
    holders_in_a_buffered_stream_do_not_hang,
    many_holders_all_clean_up_without_spinning,
    a_scope_is_not_held_by_its_sibling,
    a_panic_leaves_no_hold_behind,
    a_hold_that_begins_with_the_cancellation_is_told,
    what_is_beside_a_holder_stops_at_its_next_operation,
    the_rest_is_dropped_after_the_last_hold,
}
