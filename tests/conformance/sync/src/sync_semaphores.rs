//! Semaphores: SY-01, SY-06 and SY-17 to SY-19.

use std::pin::pin;
use std::sync::Arc;

use anyrt_core::sync::Semaphore;

use super::sync_support::contested;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{catch_sync, in_cancelled_scope, poll_once, run, yields};

/// SY-17: acquiring takes a permit, and dropping it returns it; with none, `try_acquire` fails and
/// `acquire` waits.
pub fn permits_are_taken_and_given_back(backend: &Backend) {
    run(backend, async {
        let semaphore = Arc::new(Semaphore::new(2));
        let one = semaphore.acquire().await;
        let two = semaphore.try_acquire_arc().expect("one is free");
        assert_eq!(semaphore.available(), 0);
        assert!(semaphore.try_acquire().is_err());
        let mut three = pin!(semaphore.acquire());
        assert!(poll_once(three.as_mut()).await.is_pending());
        assert_eq!(semaphore.statistics().waiting, 1);
        drop(two);
        drop(three.await);
        assert_eq!(semaphore.available(), 1);
        drop(one);
        assert_eq!(
            (semaphore.available(), semaphore.statistics().waiting),
            (2, 0)
        );
        let refused = in_cancelled_scope::<R, _>(semaphore.acquire()).await;
        assert!(refused.is_err() && semaphore.available() == 2);
    });
}

/// SY-18: a maximum below the start is refused; so is a release above it, which changes nothing;
/// without a maximum, releases raise the value.
pub fn the_number_of_permits_is_bounded(backend: &Backend) {
    assert!(catch_sync(|| Semaphore::with_maximum(2, 1)).is_err());
    run(backend, async {
        let bounded = Semaphore::with_maximum(1, 2);
        assert_eq!(bounded.statistics().maximum, Some(2));
        bounded.release().expect("there is room for one");
        assert!(bounded.release().is_err());
        assert_eq!(bounded.available(), 2);
        let held = bounded.acquire().await;
        assert!(bounded.release().is_err(), "one that is held comes back");
        held.forget();
        bounded.release().expect("one was forgotten");
        assert_eq!(bounded.available(), 2);

        let unbounded = Semaphore::new(0);
        assert_eq!(unbounded.statistics().maximum, None);
        for available in 1..=100 {
            unbounded.release().expect("there is no maximum");
            assert_eq!(unbounded.available(), available);
        }
    });
}

/// SY-19, SY-06: a release hands the permit to the task that waits longest: the value stays zero, and no
/// other task can acquire it in between.
pub fn a_permit_is_handed_over(backend: &Backend) {
    run(backend, async {
        let semaphore = Semaphore::new(1);
        let held = semaphore.acquire().await;
        let mut one = pin!(semaphore.acquire());
        let mut two = pin!(semaphore.acquire());
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert!(poll_once(two.as_mut()).await.is_pending());
        drop(held);
        assert_eq!(
            (semaphore.available(), semaphore.statistics().waiting),
            (0, 1)
        );
        assert!(semaphore.try_acquire().is_err());
        assert!(poll_once(two.as_mut()).await.is_pending());
        let held = one.await;
        semaphore.release().expect("there is no maximum");
        assert_eq!(
            (semaphore.available(), semaphore.statistics().waiting),
            (0, 0)
        );
        drop((held, two.await));
        assert_eq!(semaphore.available(), 2);
    });
}

/// SY-01: a permit that was handed to a waiter which is then dropped is passed to the next, or returned.
pub fn a_permit_that_is_not_taken_goes_on(backend: &Backend) {
    run(backend, async {
        let semaphore = Semaphore::with_maximum(1, 1);
        let held = semaphore.acquire().await;
        let mut one = Box::pin(semaphore.acquire());
        let mut two = Box::pin(semaphore.acquire());
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert!(poll_once(two.as_mut()).await.is_pending());
        drop(held);
        drop(one);
        assert_eq!(
            (semaphore.available(), semaphore.statistics().waiting),
            (0, 0)
        );
        drop(two);
        assert_eq!(semaphore.available(), 1);
    });
}

/// SY-01: wherever acquiring is cancelled, no permit is lost.
pub fn a_permit_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let semaphore = Arc::new(Semaphore::with_maximum(1, 1));
            let held = semaphore.try_acquire_arc().expect("one is free");
            contested(cut, held, async {
                let _permit = semaphore.acquire_arc().await;
                yields(2).await;
            })
            .await;
            assert_eq!(
                (semaphore.available(), semaphore.statistics().waiting),
                (1, 0)
            );
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { sync_semaphores: erased,
    permits_are_taken_and_given_back,
    the_number_of_permits_is_bounded,
    a_permit_is_handed_over,
    a_permit_that_is_not_taken_goes_on,
    a_permit_is_never_lost,
}
