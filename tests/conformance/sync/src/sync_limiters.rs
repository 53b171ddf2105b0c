//! Capacity limiters: SY-01, SY-06 and SY-20 to SY-23.

use std::pin::pin;
use std::sync::Arc;

use anyrt_core::sync::{Borrower, CapacityLimiter, TryBorrowError};
use anyrt_core::task::current;
use anyrt_core::thread::to_thread;

use super::sync_support::contested;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, poll_once, run, yields};

/// Returns the statistics (borrowed, available, waiting), after checking that they are consistent.
fn counts(limiter: &CapacityLimiter) -> (usize, usize, usize) {
    let statistics = limiter.statistics();
    assert_eq!(statistics.total, limiter.total());
    assert_eq!(statistics.borrowers.len(), statistics.borrowed);
    if statistics.total != CapacityLimiter::UNBOUNDED {
        let available = statistics.total.saturating_sub(statistics.borrowed);
        assert_eq!(statistics.available, available);
    }
    if statistics.waiting > 0 {
        assert_eq!(statistics.available, 0, "nobody waits for what is free");
    }
    (
        statistics.borrowed,
        statistics.available,
        statistics.waiting,
    )
}

/// SY-20: a borrower has one token at most; borrowing twice, and returning a token that it does not have,
/// is an error that changes nothing.
pub fn a_borrower_has_one_token(backend: &Backend) {
    run(backend, async {
        let limiter = CapacityLimiter::new(3);
        let token = limiter.acquire_on_behalf_of("alice").await;
        let token = token.expect("she has none yet");
        let twice = limiter.acquire_on_behalf_of("alice").await;
        let twice = twice.expect_err("she has one");
        assert_eq!(twice.borrower(), &Borrower::from("alice"));
        assert!(matches!(
            limiter.try_acquire_on_behalf_of("alice"),
            Err(TryBorrowError::AlreadyBorrowing(_))
        ));
        assert!(limiter.release_on_behalf_of("bob").is_err());
        assert_eq!(counts(&limiter), (1, 2, 0));
        assert_eq!(limiter.statistics().borrowers, [Borrower::from("alice")]);

        let task = current().expect("a task").id();
        let own = limiter.try_acquire_on_behalf_of(task).expect("one is free");
        let numbered = limiter.acquire_on_behalf_of(7).await.expect("one is free");
        assert_eq!(counts(&limiter), (3, 0, 0));
        drop((own, numbered));

        token.forget();
        assert_eq!(counts(&limiter), (1, 2, 0));
        limiter.release_on_behalf_of("alice").expect("she has one");
        assert!(limiter.release_on_behalf_of("alice").is_err());
        assert_eq!(counts(&limiter), (0, 3, 0));
    });
}

/// SY-20: the default borrower is the single acquisition, so one task may have several tokens; the second
/// of two waits under one key fails when it gets its turn.
pub fn each_acquisition_is_a_borrower(backend: &Backend) {
    run(backend, async {
        let limiter = CapacityLimiter::new(2);
        let (one, two) = (limiter.acquire().await, limiter.acquire().await);
        assert_eq!(counts(&limiter), (2, 0, 0));
        let mut first = pin!(limiter.acquire_on_behalf_of(1));
        let mut again = pin!(limiter.acquire_on_behalf_of(1));
        let mut other = pin!(limiter.acquire_on_behalf_of(2));
        assert!(poll_once(first.as_mut()).await.is_pending());
        assert!(poll_once(again.as_mut()).await.is_pending());
        assert!(poll_once(other.as_mut()).await.is_pending());
        drop(one);
        let first = first.await.expect("one came back");
        assert!(again.await.is_err());
        assert_eq!(counts(&limiter), (2, 0, 1));
        drop(two);
        drop((first, other.await.expect("one came back")));
        assert_eq!(counts(&limiter), (0, 2, 0));
    });
}

/// SY-20: a token that is returned late does not release a later one of the same borrower.
pub fn a_stale_token_does_no_harm(backend: &Backend) {
    run(backend, async {
        let limiter = CapacityLimiter::new(2);
        let stale = limiter.acquire_on_behalf_of(1).await.expect("one is free");
        limiter.release_on_behalf_of(1).expect("it has one");
        let fresh = limiter.acquire_on_behalf_of(1).await.expect("one is free");
        drop(stale);
        assert_eq!(counts(&limiter), (1, 1, 0));
        drop(fresh);
        assert_eq!(counts(&limiter), (0, 2, 0));
    });
}

/// SY-21, SY-06: total, borrowed, available, borrowers and waiting are consistent at each step, and tokens
/// are handed over in order.
pub fn the_counts_of_a_limiter_add_up(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(2));
        assert_eq!(counts(&limiter), (0, 2, 0));
        let one = limiter.acquire().await;
        assert_eq!(counts(&limiter), (1, 1, 0));
        let two = limiter.acquire_arc().await;
        assert_eq!(counts(&limiter), (2, 0, 0));
        let mut three = Box::pin(limiter.acquire_arc_on_behalf_of("three"));
        let mut four = Box::pin(limiter.acquire());
        assert!(poll_once(three.as_mut()).await.is_pending());
        assert!(poll_once(four.as_mut()).await.is_pending());
        assert_eq!(counts(&limiter), (2, 0, 2));
        drop(one);
        assert_eq!(counts(&limiter), (2, 0, 1));
        let borrowers = limiter.statistics().borrowers;
        assert!(borrowers.contains(&"three".into()), "it has not run yet");
        assert!(limiter.try_acquire().is_err());
        drop(four);
        assert_eq!(counts(&limiter), (2, 0, 0));
        let three = three.await.expect("it has none yet");
        drop(two);
        assert_eq!(counts(&limiter), (1, 1, 0));
        drop(three);
        assert_eq!(counts(&limiter), (0, 2, 0));
        let refused = in_cancelled_scope::<R, _>(limiter.acquire()).await;
        assert!(refused.is_err());
        assert_eq!(counts(&limiter), (0, 2, 0));
    });
}

/// SY-22: with a total of zero no acquisition succeeds; without a limit each one does. Both can be set
/// outside of a run.
pub fn the_total_may_be_zero_or_unlimited(backend: &Backend) {
    let limiter = CapacityLimiter::new(0);
    assert!(limiter.try_acquire().is_err());
    limiter.set_total(CapacityLimiter::UNBOUNDED);
    let outside = limiter.try_acquire().expect("there is no limit");
    limiter.set_total(0);
    drop(outside);
    run(backend, async {
        let mut waiter = pin!(limiter.acquire());
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        assert_eq!(counts(&limiter), (0, 0, 1));
        limiter.set_total(CapacityLimiter::UNBOUNDED);
        let mut tokens = vec![waiter.await];
        for borrowed in 1..100 {
            let unlimited = CapacityLimiter::UNBOUNDED;
            assert_eq!(counts(&limiter), (borrowed, unlimited, 0));
            tokens.push(limiter.acquire().await);
        }
    });
}

/// SY-23: a raised total admits as many waiting tasks as fit, oldest first, at once; a lowered one takes
/// effect as tokens are returned.
pub fn the_total_can_be_changed_in_use(backend: &Backend) {
    run(backend, async {
        let limiter = CapacityLimiter::new(1);
        let held = limiter.acquire().await;
        let mut waiters: Vec<_> = (0..4)
            .map(|number| Box::pin(limiter.acquire_on_behalf_of(number)))
            .collect();
        for waiter in &mut waiters {
            assert!(poll_once(waiter.as_mut()).await.is_pending());
        }
        limiter.set_total(3);
        assert_eq!(counts(&limiter), (3, 0, 2));
        let borrowers = limiter.statistics().borrowers;
        assert!(borrowers.contains(&0.into()) && borrowers.contains(&1.into()));
        limiter.set_total(1);
        assert_eq!(counts(&limiter), (3, 0, 2));
        drop(held);
        drop(waiters.remove(0).await);
        assert_eq!(counts(&limiter), (1, 0, 2), "it is above the total");
        drop(waiters.remove(0));
        assert_eq!(counts(&limiter), (1, 0, 1));
        drop(waiters.remove(0).await);
        assert_eq!(counts(&limiter), (1, 0, 0));
        drop(waiters);
        assert_eq!(counts(&limiter), (0, 1, 0));
    });
}

/// SY-20: a token can be moved to another thread, and be returned there.
pub fn a_token_is_given_back_by_another_thread(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        for _ in 0..10 {
            let token = limiter.acquire_arc().await;
            let call = to_thread::run::<R, _, _>(move || drop(token));
            let next = anyrt_core::combine::gather((call, limiter.acquire()));
            drop(next.await);
        }
        assert_eq!(counts(&limiter), (0, 1, 0));
    });
}

/// SY-01: wherever acquiring is cancelled, no token is lost.
pub fn a_token_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let limiter = Arc::new(CapacityLimiter::new(1));
            let held = limiter.try_acquire_arc().expect("one is free");
            contested(cut, held, async {
                let token = limiter.acquire_arc_on_behalf_of("operation").await;
                yields(2).await;
                drop(token);
                drop(limiter.acquire().await);
            })
            .await;
            assert_eq!(counts(&limiter), (0, 1, 0));
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { sync_limiters: erased,
    a_borrower_has_one_token,
    each_acquisition_is_a_borrower,
    a_stale_token_does_no_harm,
    the_counts_of_a_limiter_add_up,
    the_total_may_be_zero_or_unlimited,
    the_total_can_be_changed_in_use,
    a_token_is_given_back_by_another_thread,
    a_token_is_never_lost,
}
