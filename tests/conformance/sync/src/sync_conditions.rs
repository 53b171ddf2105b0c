//! Conditions: SY-01 and SY-13 to SY-16.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use anyrt_core::cancel::CancelScope;
use anyrt_core::sync::{Condition, Mutex};
use anyrt_core::task::task_group;

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Log, catch, in_cancelled_scope, poll_once, run, until, yields};

/// SY-13: waiting releases the lock, and holds it again afterwards; a guard of another mutex is refused.
pub fn waiting_releases_the_lock(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(1);
        let condition = Condition::new(&mutex);
        let held = mutex.lock().await;
        let mut waiter = pin!(condition.wait(held));
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        assert!(!mutex.statistics().locked);
        let mut held = mutex.lock().await;
        *held = 2;
        condition.notify(&held, 1);
        assert!(
            poll_once(waiter.as_mut()).await.is_pending(),
            "the lock is held"
        );
        drop(held);
        let held = waiter.await;
        assert_eq!(*held, 2);
        assert!(mutex.try_lock().is_err());
        drop(held);

        let other = Mutex::new(0);
        let message = catch(condition.wait(other.lock().await)).await;
        let message = message.expect_err("it is another mutex");
        assert!(message.contains("another mutex"), "{message}");
        let guard = other.lock().await;
        assert!(catch(async { condition.notify_all(&guard) }).await.is_err());
    });
}

/// SY-13, C4: a wait that is refused has not released the lock; when its scope is gone, the lock is
/// released.
pub fn a_refused_wait_keeps_the_lock(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(1);
        let condition = Condition::new(&mutex);
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let held = mutex.lock().await;
        let mut lent = Box::pin(condition.wait(held));
        let result = scope.run(async {
            handle.cancel();
            assert!(poll_once(lent.as_mut()).await.is_pending());
            assert!(mutex.statistics().locked && condition.statistics().waiting == 0);
            drop(lent.as_mut().await);
        });
        assert!(result.await.is_err());
        assert!(mutex.statistics().locked);
        drop(lent);
        assert!(!mutex.statistics().locked);
        let held = mutex.lock().await;
        assert!(
            in_cancelled_scope::<R, _>(condition.wait(held))
                .await
                .is_err()
        );
        assert!(!mutex.statistics().locked);
    });
}

/// SY-14: `notify` wakes the tasks that wait longest, `notify_all` all; notifications are not stored.
pub fn notifications_wake_the_longest_waiting(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(());
        let condition = Condition::new(&mutex);
        condition.notify(&mutex.lock().await, 3);
        condition.notify_all(&mutex.lock().await);
        let mut waiters = Vec::new();
        for waiting in 0..6 {
            assert_eq!(condition.statistics().waiting, waiting);
            let mut waiter = Box::pin(condition.wait(mutex.lock().await));
            assert!(poll_once(waiter.as_mut()).await.is_pending());
            waiters.push(waiter);
        }
        condition.notify(&mutex.lock().await, 2);
        assert_eq!(condition.statistics().waiting, 4);
        for mut late in waiters.split_off(2) {
            assert!(poll_once(late.as_mut()).await.is_pending());
            waiters.push(late);
        }
        for woken in waiters.drain(..2) {
            drop(woken.await);
        }
        condition.notify(&mutex.lock().await, 0);
        assert_eq!(condition.statistics().waiting, 4);
        condition.notify_all(&mutex.lock().await);
        assert_eq!(condition.statistics().waiting, 0);
        for woken in waiters {
            drop(woken.await);
        }
    });
}

/// SY-15: `wait_for` waits until its predicate returns a value, and returns that.
pub fn wait_for_waits_for_its_predicate(backend: &Backend) {
    run(backend, async {
        let items = Arc::new(Mutex::new(Vec::new()));
        let added = Arc::new(Condition::new(items.clone()));
        let log = Log::new();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (consumer, log) = (added.clone(), log.clone());
            let task = tg.spawn(async move {
                let held = consumer.mutex().lock().await;
                let (held, item) = consumer
                    .wait_for(held, |items| {
                        log.add("asked");
                        items.pop()
                    })
                    .await;
                assert!(consumer.mutex().try_lock().is_err());
                drop(held);
                Ok(item)
            });
            for asked in 1..4 {
                until(|| added.statistics().waiting == 1).await;
                let held = items.lock().await;
                assert!(held.is_empty());
                added.notify_all(&held);
                drop(held);
                let _ = asked;
            }
            until(|| added.statistics().waiting == 1).await;
            let mut held = items.lock().await;
            held.push(7);
            added.notify(&held, 1);
            drop(held);
            Ok(task.value().await)
        });
        assert_eq!(group.await.expect("nothing fails"), 7);
        assert_eq!(log.count("asked"), 5);
        items.lock().await.push(8);
        let (_held, item) = added.wait_for(items.lock().await, Vec::pop).await;
        assert_eq!(item, 8, "it does not wait where it need not");
    });
}

/// SY-16: a condition and the mutex that it is built on show the same state.
pub fn a_condition_shares_its_mutex(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0));
        let one = Condition::new(mutex.clone());
        let two = Condition::new(&*mutex);
        assert_eq!(one.statistics().mutex, mutex.statistics());
        let held = mutex.lock().await;
        assert!(one.statistics().mutex.locked);
        assert_eq!(one.statistics().mutex, mutex.statistics());
        assert_eq!(two.statistics(), one.statistics());
        assert!(one.mutex().try_lock().is_err());
        let mut waiter = Box::pin(two.wait(held));
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        assert_eq!((one.statistics().waiting, two.statistics().waiting), (0, 1));
        two.notify(&one.mutex().lock().await, 1);
        drop(waiter.await);
    });
}

/// SY-01: a notification that its receiver does not act on is passed to the next.
pub fn a_notification_that_is_not_taken_goes_on(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(());
        let condition = Condition::new(&mutex);
        let mut one = Box::pin(condition.wait(mutex.lock().await));
        assert!(poll_once(one.as_mut()).await.is_pending());
        let mut two = Box::pin(condition.wait(mutex.lock().await));
        assert!(poll_once(two.as_mut()).await.is_pending());
        let mut three = Box::pin(condition.wait(mutex.lock().await));
        assert!(poll_once(three.as_mut()).await.is_pending());
        let held = mutex.lock().await;
        condition.notify(&held, 1);
        drop(one); // notified, and has not run since
        assert_eq!(condition.statistics().waiting, 1);
        assert!(poll_once(two.as_mut()).await.is_pending());
        drop(two); // on its way back to the lock
        assert_eq!(condition.statistics().waiting, 0);
        drop(held);
        drop(three.await);
        assert!(!mutex.statistics().locked);
    });
}

/// SY-01: wherever a wait is cancelled, neither the lock nor a notification is lost.
pub fn a_notification_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let mutex = Arc::new(Mutex::new(0));
            let condition = Arc::new(Condition::new(mutex.clone()));
            let log = Log::new();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let (other, took) = (condition.clone(), log.clone());
                tg.spawn(async move {
                    until(|| other.statistics().waiting == 1 || took.has("over")).await;
                    take_one(&other).await;
                    took.add("other");
                });
                let (giver, took) = (condition.clone(), log.clone());
                tg.spawn(async move {
                    until(|| giver.statistics().waiting == 2 || took.has("over")).await;
                    give_one(&giver).await;
                    until(|| took.has("first") || took.has("over")).await;
                    if took.has("first") {
                        give_one(&giver).await;
                    }
                });
                let operation = async {
                    take_one(&condition).await;
                    log.add("first");
                    yields(1).await;
                };
                cut.apply(operation).await;
                log.add("over");
                Ok(())
            });
            group.await.expect("nothing fails");
            assert!(log.has("other"));
            assert!(!mutex.statistics().locked && condition.statistics().waiting == 0);
        },
        |_, ()| {},
    );
}

/// SY-15: a guard that borrows nothing can be used, and is returned, also where nothing else has the mutex
/// meanwhile.
pub fn a_guard_that_borrows_nothing_waits_too(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0));
        let condition = Arc::new(Condition::new(mutex.clone()));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (waiting, held) = (condition.clone(), mutex.lock_arc().await);
            let waiter = tg.spawn(async move {
                let held = waiting.wait(held).await;
                let (mut held, ()) = waiting.wait_for(held, |n| (*n == 2).then_some(())).await;
                *held += 1;
                Ok(held)
            });
            for n in 1..=2 {
                until(|| condition.statistics().waiting == 1).await;
                let mut held = mutex.lock_arc().await;
                *held = n;
                condition.notify_all(&held);
            }
            Ok(waiter.value().await)
        });
        let held = group.await.expect("nothing fails");
        assert_eq!(*held, 3);
        assert!(mutex.try_lock().is_err());
        drop(held);
        assert!(mutex.try_lock_arc().is_ok());
    });
}

/// SY-01: if it is dropped before it waits, while it waits, or while it locks again, such a wait has
/// neither the lock nor a notification.
pub fn a_dropped_wait_with_such_a_guard_has_nothing(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(()));
        let condition = Condition::new(mutex.clone());
        drop(condition.wait(mutex.lock_arc().await));
        assert!(!mutex.statistics().locked);
        let mut one = Box::pin(condition.wait(mutex.lock_arc().await));
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert!(!mutex.statistics().locked);
        drop(one);
        assert_eq!(condition.statistics().waiting, 0);
        let mut two = Box::pin(condition.wait(mutex.lock_arc().await));
        assert!(poll_once(two.as_mut()).await.is_pending());
        let mut three = Box::pin(condition.wait(mutex.lock_arc().await));
        assert!(poll_once(three.as_mut()).await.is_pending());
        let held = mutex.lock_arc().await;
        condition.notify(&held, 1);
        assert!(poll_once(two.as_mut()).await.is_pending());
        drop(two);
        drop(held);
        drop(three.await);
        assert!(!mutex.statistics().locked);
        drop(condition);
        assert_eq!(Arc::strong_count(&mutex), 1);
    });
}

/// SY-01, C4: wherever such a wait is cancelled, neither the lock nor a notification is lost.
pub fn a_cancelled_wait_with_such_a_guard_has_nothing(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let mutex = Arc::new(Mutex::new(false));
            let condition = Arc::new(Condition::new(mutex.clone()));
            let (giver, log) = (condition.clone(), Log::new());
            let over = log.clone();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    until(|| giver.statistics().waiting == 1 || over.has("over")).await;
                    let mut held = giver.mutex().lock().await;
                    *held = true;
                    giver.notify(&held, 1);
                    yields(2).await;
                });
                let operation = async {
                    let held = mutex.lock_arc().await;
                    let given = |given: &mut bool| given.then_some(());
                    drop(condition.wait_for(held, given).await);
                };
                cut.apply(operation).await;
                log.add("over");
                Ok(())
            });
            group.await.expect("nothing fails");
            let held = mutex.lock_arc().await;
            drop(condition.wait_for(held, |given| given.then_some(())).await);
            assert!(!mutex.statistics().locked && condition.statistics().waiting == 0);
        },
        |_, ()| {},
    );
}

/// The number of items to take.
type Count = Condition<Arc<Mutex<u32>>>;

async fn take_one(condition: &Count) {
    let held = condition.mutex().lock().await;
    let some = |count: &mut u32| (*count > 0).then_some(());
    let (mut held, ()) = condition.wait_for(held, some).await;
    *held -= 1;
}

async fn give_one(condition: &Count) {
    let mut held = condition.mutex().lock().await;
    *held += 1;
    condition.notify(&held, 1);
    yields(2).await;
}

anyrt_conformance_kit::cases! { sync_conditions: erased,
    waiting_releases_the_lock,
    a_refused_wait_keeps_the_lock,
    notifications_wake_the_longest_waiting,
    wait_for_waits_for_its_predicate,
    a_condition_shares_its_mutex,
    a_notification_that_is_not_taken_goes_on,
    a_notification_is_never_lost,
    a_guard_that_borrows_nothing_waits_too,
    a_dropped_wait_with_such_a_guard_has_nothing,
    a_cancelled_wait_with_such_a_guard_has_nothing,
}
