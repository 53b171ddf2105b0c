//! Models of the protocols: the order of service when threads arrive, leave and change the resource at once.
//!
//! Each model asserts what must hold for every interleaving, and that both outcomes of its race occurred.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use loom::thread;

use super::{CapacityLimiter, Event, Mutex, Semaphore};
use crate::loom::Arc;
use crate::models::{Seen, Wakes};

/// Drops a waiter while the lock is handed to it: the next waiter gets the lock in either order.
#[test]
fn loom_a_hand_over_races_with_the_drop_of_its_waiter() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.try_lock_arc().expect("it is free");
        let mut first = Box::pin(mutex.lock_arc());
        let mut second = Box::pin(mutex.lock_arc());
        let (woken_first, woken_second) = (Wakes::new(), Wakes::new());
        assert!(woken_first.poll(first.as_mut()).is_pending());
        assert!(woken_second.poll(second.as_mut()).is_pending());
        let release = thread::spawn(move || drop(held));
        drop(first);
        release.join().expect("no panic");
        outcomes.note(woken_first.is_woken());
        assert!(woken_second.is_woken(), "the lock was lost");
        let Poll::Ready(guard) = woken_second.poll(second.as_mut()) else {
            panic!("woken without the lock");
        };
        drop(guard);
        let statistics = mutex.statistics();
        assert!(!statistics.locked && statistics.waiting == 0);
    });
    seen.both();
}

/// Polls a waiter while the permit is handed to it: the poll returns the permit, or the waiter is woken.
#[test]
fn loom_a_hand_over_races_with_a_poll() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire_arc().expect("it is free");
        let release = thread::spawn(move || drop(held));
        let woken = Wakes::new();
        let mut waiter = pin!(semaphore.acquire());
        let polled = woken.poll(waiter.as_mut());
        outcomes.note(polled.is_ready());
        release.join().expect("no panic");
        if polled.is_pending() {
            assert!(woken.is_woken(), "the wake-up was lost");
            assert!(woken.poll(waiter.as_mut()).is_ready());
        }
        drop(polled);
        assert_eq!(semaphore.available(), 1);
    });
    seen.both();
}

/// Changes the waker of a waiter while the permit is handed to it: the new waker is woken, or the poll returns
/// the permit.
#[test]
fn loom_a_hand_over_races_with_another_waker() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire_arc().expect("it is free");
        let mut waiter = pin!(semaphore.acquire());
        assert!(Wakes::new().poll(waiter.as_mut()).is_pending());
        let release = thread::spawn(move || drop(held));
        let woken = Wakes::new();
        let polled = woken.poll(waiter.as_mut());
        outcomes.note(polled.is_ready());
        release.join().expect("no panic");
        assert!(polled.is_ready() || woken.is_woken());
    });
    seen.both();
}

/// Locks from two threads without waiting: never both at once, and each sees the writes of the other.
#[test]
fn loom_a_free_mutex_goes_to_one() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let mutex = Arc::new(Mutex::new(0));
        let other = mutex.clone();
        let thread = thread::spawn(move || {
            let locked = other.try_lock().map(|mut value| *value += 1);
            usize::from(locked.is_ok())
        });
        let here = mutex.try_lock().map(|mut value| *value += 1);
        let there = thread.join().expect("no panic");
        outcomes.note(here.is_ok());
        let times = there + usize::from(here.is_ok());
        assert!(times > 0, "somebody was the first");
        assert_eq!(*mutex.try_lock().expect("it is free"), times);
    });
    seen.both();
}

/// Raises the total while a token is returned: both waiters are served, and the counts are right.
#[test]
fn loom_a_raised_total_races_with_a_release() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let held = limiter.try_acquire_arc().expect("one is free");
        let mut first = Box::pin(limiter.acquire_arc());
        let mut second = Box::pin(limiter.acquire_arc());
        let (woken_first, woken_second) = (Wakes::new(), Wakes::new());
        assert!(woken_first.poll(first.as_mut()).is_pending());
        assert!(woken_second.poll(second.as_mut()).is_pending());
        let raise = limiter.clone();
        let raise = thread::spawn(move || raise.set_total(2));
        drop(held);
        outcomes.note(woken_second.is_woken());
        raise.join().expect("no panic");
        assert!(woken_first.is_woken() && woken_second.is_woken());
        let first = woken_first.poll(first.as_mut());
        let second = woken_second.poll(second.as_mut());
        assert!(first.is_ready() && second.is_ready());
        let statistics = limiter.statistics();
        assert_eq!((statistics.borrowed, statistics.available), (2, 0));
    });
    seen.both();
}

/// Lowers the total while a task arrives: it gets a token, or waits until the total is raised.
#[test]
fn loom_a_lowered_total_races_with_an_arrival() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let lower = limiter.clone();
        let lower = thread::spawn(move || lower.set_total(0));
        let woken = Wakes::new();
        let mut waiter = pin!(limiter.acquire());
        let polled = woken.poll(waiter.as_mut());
        outcomes.note(polled.is_ready());
        lower.join().expect("no panic");
        if polled.is_pending() {
            assert!(!woken.is_woken());
            limiter.set_total(1);
            assert!(woken.poll(waiter.as_mut()).is_ready());
        }
    });
    seen.both();
}

/// Sets an event while a task arrives: the task passes at once, or is woken.
#[test]
fn loom_setting_an_event_races_with_a_wait() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let event = Arc::new(Event::new());
        let written = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let (setter, writer) = (event.clone(), written.clone());
        let setter = thread::spawn(move || {
            writer.store(1, Ordering::Relaxed);
            setter.set();
        });
        let woken = Wakes::new();
        let mut waiter = pin!(event.wait());
        let polled = woken.poll(waiter.as_mut());
        outcomes.note(polled.is_ready());
        if polled.is_ready() {
            let seen = written.load(Ordering::Relaxed);
            assert_eq!(seen, 1, "what was done before `set` is visible");
        }
        setter.join().expect("no panic");
        if polled.is_pending() {
            assert!(woken.is_woken(), "the wake-up was lost");
            assert!(woken.poll(waiter.as_mut()).is_ready());
        }
        assert_eq!(event.statistics().waiting, 0);
    });
    seen.both();
}
