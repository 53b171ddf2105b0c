//! Events, barriers, promises and resource guards: SY-02 to SY-04 and SY-24 to SY-26.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt_core::cancel::CancelScope;
use anyrt_core::sync::{
    Barrier, CapacityLimiter, Condition, Event, Mutex, Promise, PromiseError, ResourceGuard,
    RwLock, Semaphore,
};
use anyrt_core::task::task_group;

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{
    Log, Wakes, catch_sync, in_cancelled_scope, panicking_waker, poll_once, run, until, yields,
};

/// SY-02: primitives are created and inspected before any run, and used in one.
pub fn primitives_exist_before_the_run(backend: &Backend) {
    let (event, barrier, promise) = (Event::new(), Barrier::new(1), Promise::<u32>::new());
    let (value, shared) = (Mutex::new(1), RwLock::new(2));
    let (changed, guard) = (Condition::new(&value), ResourceGuard::new("using"));
    let semaphore = Semaphore::with_maximum(0, 1);
    event.set();
    semaphore.release().expect("there is room for one");
    assert!(event.is_set() && !promise.is_settled() && !guard.is_busy());
    assert_eq!(changed.statistics().waiting, 0);
    assert_eq!(shared.statistics().readers, 0);
    let held = value.try_lock().expect("it is free");
    assert!(value.statistics().locked);
    assert_eq!(value.statistics().owner, None);
    run(backend, async {
        event.wait().await;
        let mut waiting = pin!(value.lock());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        drop(held);
        assert_eq!(*waiting.await, 1);
        assert_eq!(*shared.read().await, 2);
        drop(semaphore.acquire().await);
        assert!(barrier.wait().await);
        promise.set(3).expect("it is not settled");
        assert_eq!(promise.value().await, Ok(3));
    });
}

/// SY-03: a waker that panics does not keep the other wakers from being called.
pub fn a_waker_that_panics_is_not_the_last(_backend: &Backend) {
    let (event, wakes) = (Event::new(), Wakes::new());
    let mut waiting = [pin!(event.wait()), pin!(event.wait()), pin!(event.wait())];
    let panics = panicking_waker();
    for (number, wait) in waiting.iter_mut().enumerate() {
        let polled = match number {
            0 => wait.as_mut().poll(&mut Context::from_waker(&panics)),
            _ => wakes.poll(wait.as_mut()),
        };
        assert!(polled.is_pending());
    }
    assert_eq!(catch_sync(|| event.set()), Err("a waker".to_owned()));
    assert_eq!(wakes.count(), 2);
}

/// SY-02: primitives may be statics, which outlive runs and are shared by several.
pub fn primitives_may_be_statics(backend: &Backend) {
    static EVENT: Event = Event::new();
    static VALUE: Mutex<u32> = Mutex::new(1);
    static CHANGED: Condition<&Mutex<u32>> = Condition::new(&VALUE);
    static SHARED: RwLock<u32> = RwLock::new(2);
    static PERMITS: Semaphore = Semaphore::with_maximum(1, 2);
    static LIMITER: CapacityLimiter = CapacityLimiter::new(1);
    static GATE: Barrier = Barrier::new(1);
    static PROMISE: Promise<u32> = Promise::new();
    static USE: ResourceGuard = ResourceGuard::new("using");
    EVENT.set();
    for _ in 0..2 {
        run(backend, async {
            EVENT.wait().await;
            let held = VALUE.lock().await;
            CHANGED.notify_all(&held);
            assert_eq!((*held, *SHARED.read().await), (1, 2));
            drop((held, PERMITS.acquire().await, LIMITER.acquire().await));
            assert!(GATE.wait().await);
            drop((PROMISE.set(3), USE.enter()));
            assert_eq!(PROMISE.value().await, Ok(3));
        });
    }
}

/// SY-03: setting an event wakes all waiting tasks, and lets later callers pass.
pub fn an_event_lets_everybody_through(backend: &Backend) {
    run(backend, async {
        let event = Arc::new(Event::new());
        let log = Log::new();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for _ in 0..10 {
                let (event, log) = (event.clone(), log.clone());
                tg.spawn(async move {
                    event.wait().await;
                    assert!(event.is_set());
                    log.add("through");
                });
            }
            until(|| event.statistics().waiting == 10).await;
            assert_eq!(log.count("through"), 0);
            assert!(!event.is_set());
            event.set();
            assert!(event.is_set());
            Ok(())
        });
        group.await.expect("nothing fails");
        assert_eq!(log.count("through"), 10);
        event.set();
        event.wait().await;
        assert!(in_cancelled_scope::<R, _>(event.wait()).await.is_err());
    });
}

/// SY-04: the statistics of an event count the waiting tasks, and no others.
pub fn an_event_counts_who_waits(backend: &Backend) {
    run(backend, async {
        let event = Event::new();
        assert_eq!(event.statistics().waiting, 0);
        let (mut one, mut two) = (pin!(event.wait()), Box::pin(event.wait()));
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert_eq!(event.statistics().waiting, 1);
        assert!(poll_once(two.as_mut()).await.is_pending());
        assert_eq!(event.statistics().waiting, 2);
        drop(two);
        assert_eq!(event.statistics().waiting, 1);
        event.set();
        assert_eq!(event.statistics().waiting, 0);
        assert!(event.statistics().set);
        one.await;
    });
}

/// SY-01, C4: wherever a wait for an event is cancelled, nothing of it is left.
pub fn a_wait_for_an_event_leaves_nothing_behind(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let event = Arc::new(Event::new());
            let setter = event.clone();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    yields(3).await;
                    setter.set();
                });
                cut.apply(event.wait()).await;
                Ok(())
            });
            group.await.expect("nothing fails");
            assert_eq!(event.statistics().waiting, 0);
            event.wait().await;
        },
        |_, ()| {},
    );
}

/// SY-24: entering a resource guard that is in use is an error that names the action.
pub fn a_resource_guard_names_the_action(backend: &Backend) {
    run(backend, async {
        let guard = Arc::new(ResourceGuard::new("reading from"));
        let inside = guard.enter().expect("nobody is inside");
        let other = guard.clone();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let task = tg.spawn(async move {
                let busy = other.enter().expect_err("somebody is inside");
                assert!(busy.to_string().contains("reading from"), "{busy}");
                assert_eq!(busy.action(), "reading from");
            });
            task.value().await;
            Ok(())
        });
        group.await.expect("nothing fails");
        drop(inside);
        assert!(!guard.is_busy());
        drop(guard.enter().expect("it was left"));
    });
}

/// SY-25: a value is returned to all waiting tasks, whether it was set before or after.
pub fn a_promised_value_reaches_everybody(backend: &Backend) {
    run(backend, async {
        let promise = Arc::new(Promise::<String>::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let mut tasks = Vec::new();
            for _ in 0..5 {
                let promise = promise.clone();
                tasks.push(tg.spawn(async move { Ok(promise.value().await) }));
            }
            until(|| promise.waiting() == 5).await;
            assert!(!promise.is_settled());
            promise.set("here".to_owned()).expect("it is not settled");
            for task in tasks {
                assert_eq!(task.value().await.as_deref(), Ok("here"));
            }
            Ok(())
        });
        group.await.expect("nothing fails");
        promise.wait().await;
        assert_eq!(promise.try_value().as_deref(), Ok("here"));
        assert_eq!(promise.value().await.as_deref(), Ok("here"));
        assert_eq!(promise.waiting(), 0);
    });
}

/// SY-26: a promise is settled once, and reports its state: not yet, with an error, or cancelled.
pub fn a_promise_is_settled_once(backend: &Backend) {
    run(backend, async {
        let set = Promise::<u32, &str>::new();
        assert_eq!(set.try_value(), Err(PromiseError::NotSettled));
        set.set(1).expect("it is not settled");
        assert_eq!(set.set(2).expect_err("it is settled").into_inner(), 2);
        assert!(set.fail("late").is_err() && set.cancel().is_err());
        assert_eq!(set.value().await, Ok(1));

        let failed = Promise::<u32, &str>::new();
        let mut waiter = pin!(failed.value());
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        failed.fail("no luck").expect("it is not settled");
        assert_eq!(waiter.await, Err(PromiseError::Failed("no luck")));
        let late = failed.fail("late").expect_err("it is settled");
        assert!(late.to_string().contains("already"), "{late}");
        let error = failed.try_value().expect_err("it failed");
        assert!(error.to_string().contains("no luck"), "{error}");

        let cancelled = Promise::<u32, &str>::new();
        cancelled.cancel().expect("it is not settled");
        cancelled.wait().await;
        assert_eq!(cancelled.value().await, Err(PromiseError::Cancelled));
        assert_eq!(cancelled.set(1).expect_err("it is settled").into_inner(), 1);
    });
}

/// SY-25, SY-01: a wait for a promise that is cancelled does not affect the others.
pub fn a_cancelled_wait_leaves_the_promise_alone(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let promise = Arc::new(Promise::<u32>::new());
            let setter = promise.clone();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    yields(3).await;
                    setter.set(4).expect("it is not settled");
                });
                let value = cut.apply(promise.value()).await;
                assert!(value.is_none_or(|value| value == Ok(4)));
                Ok(())
            });
            group.await.expect("nothing fails");
            assert_eq!((promise.waiting(), promise.value().await), (0, Ok(4)));
        },
        |_, ()| {},
    );
}

/// SY-01, C4: a barrier lets all tasks through when the last has arrived; the last one is notified of that;
/// and a task that leaves before has not arrived.
pub fn a_barrier_waits_for_all(backend: &Backend) {
    run(backend, async {
        let barrier = Barrier::new(3);
        let mut gone = Box::pin(barrier.wait());
        assert!(poll_once(gone.as_mut()).await.is_pending());
        drop(gone);
        assert_eq!(barrier.statistics().waiting, 0);
        for _ in 0..3 {
            let (mut one, mut two) = (Box::pin(barrier.wait()), pin!(barrier.wait()));
            assert!(poll_once(one.as_mut()).await.is_pending());
            let limit = CancelScope::<R>::new();
            let handle = limit.handle();
            let mut cancelled = pin!(limit.run(barrier.wait()));
            assert!(poll_once(cancelled.as_mut()).await.is_pending());
            handle.cancel();
            assert!(cancelled.await.is_err());
            assert!(poll_once(two.as_mut()).await.is_pending());
            assert_eq!(barrier.statistics().waiting, 2);
            assert!(barrier.wait().await, "the last one is told");
            // The round is over for all tasks, even if one leaves now.
            drop(one);
            assert_eq!(poll_once(two.as_mut()).await, Poll::Ready(false));
            assert_eq!(barrier.statistics().waiting, 0);
        }
    });
}

/// SY-01, C4: wherever a wait at a barrier is cancelled, the task has arrived with all others, or not at
/// all; in each round one task is notified that it was the last.
pub fn a_wait_at_a_barrier_counts_once_or_not_at_all(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let barrier = Arc::new(Barrier::new(2));
            let other = barrier.clone();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let other = tg.spawn(async move {
                    yields(3).await;
                    Ok(other.wait().await)
                });
                let mut last = cut.apply(barrier.wait()).await;
                if last.is_none() {
                    until(|| other.is_finished() || barrier.statistics().waiting == 1).await;
                    if !other.is_finished() {
                        last = Some(barrier.wait().await);
                    }
                }
                let others = other.value().await;
                assert_eq!(last.unwrap_or(false), !others, "one of two is the last");
                Ok(())
            });
            group.await.expect("nothing fails");
            assert_eq!(barrier.statistics().waiting, 0);
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { sync_events: erased,
    primitives_exist_before_the_run,
    primitives_may_be_statics,
    an_event_lets_everybody_through,
    a_waker_that_panics_is_not_the_last,
    an_event_counts_who_waits,
    a_wait_for_an_event_leaves_nothing_behind,
    a_resource_guard_names_the_action,
    a_promised_value_reaches_everybody,
    a_promise_is_settled_once,
    a_cancelled_wait_leaves_the_promise_alone,
    a_barrier_waits_for_all,
    a_wait_at_a_barrier_counts_once_or_not_at_all,
}
