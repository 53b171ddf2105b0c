//! The contract of `Time`: the guarantees that core relies on when it uses the clock and timers.

use std::future::pending;
use std::pin::{Pin, pin};
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::move_on_after;
use anyrt_core::runtime::{Enter, Time};
use anyrt_core::thread::to_thread;
use anyrt_core::time::Instant;
use futures_util::future::join_all;

use crate::support::{Wakes, poll_once, run, until, yields};

/// More than the delay of a healthy machine, however busy.
const GENEROUS: Duration = Duration::from_secs(10);

/// Time 1: the clock never goes backwards, and can be read on the runtime's threads.
pub fn the_clock_is_monotonic<B: Enter>(backend: &B) {
    run(backend, async {
        let mut last = now::<B>();
        for _ in 0..10_000 {
            let next = now::<B>();
            assert!(next >= last);
            last = next;
        }
        let elsewhere = to_thread::run::<B::Runtime, _, _>(now::<B>).await;
        assert!(elsewhere >= last, "{elsewhere:?} < {last:?}");
        assert!(now::<B>() >= elsewhere);
    });
}

/// Time 1: the clock can be read on any thread.
pub fn the_clock_can_be_read_on_any_thread<B: Enter>(backend: &B) {
    run(backend, async {
        let before = now::<B>();
        let elsewhere = thread::spawn(now::<B>).join().unwrap();
        assert!(elsewhere >= before, "{elsewhere:?} < {before:?}");
        assert!(now::<B>() >= elsewhere);
    });
}

/// Time 2: a timer completes at its deadline or soon after it, and never before.
pub fn timers_are_never_early<B: Enter>(backend: &B) {
    run(backend, async {
        for micros in [0, 1, 100, 999, 1_000, 1_001, 2_500, 5_000, 10_900] {
            let deadline = now::<B>() + Duration::from_micros(micros);
            timer::<B>(deadline).await;
            let late = now::<B>() - deadline;
            assert!(
                now::<B>() >= deadline,
                "a timer of {micros} microseconds was early"
            );
            assert!(
                late < GENEROUS,
                "a timer of {micros} microseconds was {late:?} late"
            );
        }
    });
}

/// Time 2: hundreds of concurrent timers all complete, in whatever order they were created, and none is
/// early.
pub fn many_timers_complete<B: Enter>(backend: &B) {
    run(backend, async {
        let start = now::<B>();
        let timers = (0..500u64).map(|n| {
            let deadline = start + Duration::from_micros(100 * (n * 7 % 500));
            async move {
                timer::<B>(deadline).await;
                assert!(now::<B>() >= deadline, "timer {n} was early");
            }
        });
        join_all(timers).await;
    });
}

/// Time 2: with a deadline that has passed, a timer completes soon.
pub fn a_past_timer_completes_soon<B: Enter>(backend: &B) {
    run(backend, async {
        let start = now::<B>();
        let past = [start, start - Duration::from_secs(1), Instant::FAR_PAST];
        for deadline in past {
            timer::<B>(deadline).await;
        }
        assert!(now::<B>() - start < GENEROUS);
    });
}

/// Time 2: a very distant deadline is supported.
pub fn distant_timers_stay_pending<B: Enter>(backend: &B) {
    run(backend, async {
        let hour = Duration::from_secs(3600);
        for distance in [hour, hour * 24 * 365, hour * 24 * 365 * 200] {
            let mut timer = pin!(timer::<B>(now::<B>() + distance));
            for _ in 0..3 {
                assert!(poll_once(timer.as_mut()).await.is_pending(), "{distance:?}");
                yields(1).await;
            }
        }
    });
}

/// Time 4: a timer can be dropped at any time, polled or not, a hundred thousand times.
pub fn timers_can_be_dropped<B: Enter>(backend: &B) {
    run(backend, async {
        let distant = now::<B>() + Duration::from_secs(3600);
        for n in 0..100_000u32 {
            let mut timer = pin!(timer::<B>(distant));
            if n % 2 == 0 {
                assert!(poll_once(timer.as_mut()).await.is_pending());
            }
        }
    });
}

/// Time 5: a timer that was never polled can be moved.
pub fn a_fresh_timer_can_be_moved<B: Enter>(backend: &B) {
    run(backend, async {
        let mut timer = pin!(timer::<B>(now::<B>() + Duration::from_secs(3600)));
        let deadline = now::<B>() + Duration::from_millis(3);
        reset::<B>(timer.as_mut(), deadline);
        timer.await;
        assert!(now::<B>() >= deadline);
    });
}

/// Time 5: a pending timer can be moved, sooner and later, without being polled in between.
pub fn a_pending_timer_can_be_moved<B: Enter>(backend: &B) {
    run(backend, async {
        let mut timer = pin!(timer::<B>(now::<B>() + Duration::from_secs(3600)));
        assert!(poll_once(timer.as_mut()).await.is_pending());
        let sooner = now::<B>() + Duration::from_millis(3);
        reset::<B>(timer.as_mut(), sooner);
        timer.as_mut().await;
        assert!(now::<B>() >= sooner);

        let mut timer = pin!(self::timer::<B>(now::<B>() + Duration::from_millis(2)));
        assert!(poll_once(timer.as_mut()).await.is_pending());
        let later = now::<B>() + Duration::from_millis(12);
        reset::<B>(timer.as_mut(), later);
        timer.await;
        assert!(now::<B>() >= later, "the first deadline was kept");
    });
}

/// Time 5: a timer that has completed can be used again.
pub fn a_completed_timer_can_be_moved<B: Enter>(backend: &B) {
    run(backend, async {
        let mut timer = pin!(timer::<B>(now::<B>()));
        for _ in 0..5 {
            timer.as_mut().await;
            let deadline = now::<B>() + Duration::from_millis(2);
            reset::<B>(timer.as_mut(), deadline);
            timer.as_mut().await;
            assert!(now::<B>() >= deadline);
            reset::<B>(timer.as_mut(), Instant::FAR_PAST);
        }
        timer.await;
    });
}

/// Time 6: a timer that has woken reports that it may have fired, and then it is ready.
pub fn a_timer_that_wakes_may_have_fired<B: Enter>(backend: &B) {
    run(backend, async {
        for _ in 0..20 {
            let deadline = now::<B>() + Duration::from_millis(2);
            let mut timer = pin!(timer::<B>(deadline));
            let wakes = Wakes::new();
            if wakes.poll(timer.as_mut()).is_pending() {
                until(|| wakes.count() > 0).await;
                assert!(may_have_fired::<B>(timer.as_ref()));
                assert!(poll_once(timer).await.is_ready());
            }
        }
    });
}

/// Time 6: a limit that is polled again and again still fires, and wakes the last waker.
pub fn a_limit_that_is_polled_often_wakes_the_last<B: Enter>(backend: &B) {
    run(backend, async {
        let length = Duration::from_millis(30);
        let mut limited = pin!(move_on_after::<B::Runtime, _>(length, pending::<()>()));
        let (first, last) = (Wakes::new(), Wakes::new());
        for _ in 0..5 {
            assert!(first.poll(limited.as_mut()).is_pending());
        }
        for _ in 0..5 {
            assert!(last.poll(limited.as_mut()).is_pending());
        }
        until(|| last.count() > 0).await;
        assert_eq!(limited.await, None);
    });
}

type Timer<B> = <<B as Enter>::Runtime as Time>::Timer;

fn now<B: Enter>() -> Instant {
    B::Runtime::now()
}

fn may_have_fired<B: Enter>(timer: Pin<&Timer<B>>) -> bool {
    B::Runtime::may_have_fired(timer)
}

fn timer<B: Enter>(deadline: Instant) -> Timer<B> {
    B::Runtime::timer(deadline)
}

fn reset<B: Enter>(timer: Pin<&mut Timer<B>>, deadline: Instant) {
    B::Runtime::reset(timer, deadline);
}

anyrt_conformance_kit::cases! { time: generic,
    the_clock_is_monotonic,
    the_clock_can_be_read_on_any_thread: [os_threads],
    timers_are_never_early,
    many_timers_complete,
    a_past_timer_completes_soon,
    distant_timers_stay_pending,
    timers_can_be_dropped,
    a_fresh_timer_can_be_moved,
    a_pending_timer_can_be_moved,
    a_completed_timer_can_be_moved,
    a_timer_that_wakes_may_have_fired,
    a_limit_that_is_polled_often_wakes_the_last,
}
