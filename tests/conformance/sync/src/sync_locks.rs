//! Mutexes and read-write locks: SY-01 and SY-05 to SY-12.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::sync::{Mutex, RwLock};
use anyrt_core::task::{Wait, current, task_group};

use super::sync_support::contested;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Gate, Log, in_cancelled_scope, poll_once, run, until, yields};

/// SY-05: a mutex has one holder at a time, among many tasks that yield inside.
pub fn a_mutex_has_one_holder(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0));
        let inside = Arc::new(AtomicUsize::new(0));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for _ in 0..50 {
                let (mutex, inside) = (mutex.clone(), inside.clone());
                tg.spawn(async move {
                    for _ in 0..20 {
                        let mut count = mutex.lock().await;
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        let before = *count;
                        checkpoint().await;
                        *count = before + 1;
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
            Ok(())
        });
        group.await.expect("nothing fails");
        assert_eq!(*mutex.lock().await, 1000);
    });
}

/// SY-06: tasks that loop on a mutex take turns in the order in which they came.
pub fn a_mutex_is_given_out_in_order(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(Vec::new()));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let held = mutex.try_lock_arc().expect("it is free");
            for task in 0..4 {
                let mutex = mutex.clone();
                let waiting = mutex.statistics().waiting;
                let taken = mutex.clone();
                tg.spawn(async move {
                    for _ in 0..10 {
                        let mut order = taken.lock().await;
                        order.push(task);
                        // A task that looped is queued behind the others before the next one is done.
                        let others = order.len() < 4 * 9;
                        while others && taken.statistics().waiting < 3 {
                            yields(1).await;
                        }
                    }
                });
                until(|| mutex.statistics().waiting > waiting).await;
            }
            drop(held);
            Ok(())
        });
        group.await.expect("nothing fails");
        let order = mutex.lock().await.clone();
        let expected: Vec<_> = (0..40).map(|turn| turn % 4).collect();
        assert_eq!(order[..36], expected[..36], "all of them take turns");
    });
}

/// SY-07: `try_lock` locks a free mutex, and fails if another task has it.
pub fn try_lock_does_not_wait(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(1));
        let mut held = mutex.try_lock_arc().expect("it is free");
        *held += 1;
        let other = mutex.clone();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let task = tg.spawn(async move {
                assert!(other.try_lock().is_err());
                assert!(other.try_lock_arc().is_err());
            });
            task.value().await;
            Ok(())
        });
        group.await.expect("nothing fails");
        drop(held);
        assert_eq!(*mutex.try_lock().expect("it is free"), 2);
    });
}

/// SY-08: a task that locks twice waits for itself, as for any other task, and can be cancelled; several
/// concurrent locks in one task take turns.
pub fn one_task_may_lock_twice(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(0);
        let held = mutex.lock().await;
        let mut again = Box::pin(mutex.lock());
        assert!(poll_once(again.as_mut()).await.is_pending());
        drop(again);
        drop(held);
        let twice = anyrt_core::combine::gather((
            async {
                let mut value = mutex.lock().await;
                checkpoint().await;
                *value += 1;
            },
            async { *mutex.lock().await += 1 },
        ));
        twice.await;
        assert_eq!(*mutex.lock().await, 2);
    });
}

/// SY-09: only a guard releases. An attempt that fails, or stops waiting, does not disturb the holder; and
/// a guard may be dropped by another task.
pub fn only_the_guard_releases(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.lock_arc().await;
        drop(mutex.try_lock());
        let mut waiter = Box::pin(mutex.lock());
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        drop(waiter);
        let refused = in_cancelled_scope::<R, _>(mutex.lock()).await;
        assert!(refused.is_err());
        assert!(mutex.statistics().locked && mutex.try_lock().is_err());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async move { drop(held) });
            Ok(())
        });
        group.await.expect("nothing fails");
        assert!(!mutex.statistics().locked);
    });
}

/// SY-10: a release hands the mutex over at once: before the next owner has run, it is named as owner, and
/// no other task can lock it in between.
pub fn a_mutex_is_handed_over(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.lock().await;
        let (group_ends, go_on) = (Gate::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let next = mutex.clone();
            let (entered, leaves) = (group_ends.clone(), go_on.clone());
            tg.task().name("next").spawn(async move {
                let guard = next.lock().await;
                entered.open();
                leaves.opened().await;
                drop(guard);
            });
            until(|| mutex.statistics().waiting == 1).await;
            let waiting = anyrt_core::task::all();
            let waiter = waiting.iter().find(|task| &*task.name() == "next");
            let waiter = waiter.expect("it is alive");
            until(|| waiter.wait() == Wait::Lock).await;
            let own = current().expect("a task").id();
            assert_eq!(mutex.statistics().owner, Some(own));
            drop(held);
            let statistics = mutex.statistics();
            assert!(statistics.locked && statistics.waiting == 0);
            assert_eq!(statistics.owner, Some(waiter.id()));
            assert_eq!(statistics.owner_name.as_deref(), Some("next"));
            assert!(mutex.try_lock().is_err());
            group_ends.opened().await;
            go_on.open();
            Ok(())
        });
        group.await.expect("nothing fails");
        assert_eq!(mutex.statistics().owner, None);
    });
}

/// SY-11, C4, C11: locking a free mutex is a cancel point, need not yield, and in a loop lets others run.
pub fn locking_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(0);
        let refused = in_cancelled_scope::<R, _>(mutex.lock()).await;
        assert!(refused.is_err() && !mutex.statistics().locked);
        checkpoint().await;
        assert!(poll_once(pin!(mutex.lock())).await.is_ready());
        let polls = crate::support::polls_until_ready(async {
            for _ in 0..1000 {
                *mutex.lock().await += 1;
            }
        });
        assert!((4..100).contains(&polls), "{polls} polls for 1000 locks");
    });
}

/// SY-12: the statistics have the owner of the mutex and the number of waiting tasks, and are cleared
/// afterwards.
pub fn a_mutex_knows_its_users(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(0);
        let statistics = mutex.statistics();
        assert!(!statistics.locked && statistics.owner.is_none() && statistics.waiting == 0);
        let held = mutex.lock().await;
        let mut waiters: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
        for waiter in &mut waiters {
            assert!(poll_once(waiter.as_mut()).await.is_pending());
        }
        let statistics = mutex.statistics();
        assert!(statistics.locked);
        assert_eq!(statistics.owner, current().map(|task| task.id()));
        assert_eq!(statistics.owner_name.as_deref(), Some("main"));
        assert_eq!(statistics.waiting, 3);
        assert!(format!("{mutex:?}").contains("waiting: 3"));
        drop((held, waiters));
        let statistics = mutex.statistics();
        assert!(!statistics.locked && statistics.owner.is_none() && statistics.waiting == 0);
        assert_eq!(mutex.into_inner(), 0);
    });
}

/// SY-01: an outcome that is settled when the waiter is polled is returned, though a cancellation arrived
/// in the same step; a waiter that was cancelled first gets nothing.
pub fn a_lock_is_settled_or_cancelled(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(0);
        let held = mutex.lock().await;
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut waiter = pin!(scope.run(mutex.lock()));
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        handle.cancel();
        drop(held);
        let Poll::Ready(Ok(held)) = poll_once(waiter.as_mut()).await else {
            panic!("it was settled when it was polled");
        };

        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut waiter = pin!(scope.run(mutex.lock()));
        assert!(poll_once(waiter.as_mut()).await.is_pending());
        handle.cancel();
        assert!(waiter.await.is_err());
        drop(held);
        assert!(!mutex.statistics().locked);
    });
}

/// SY-01: a mutex that was handed to a waiter which is then dropped is passed to the next.
pub fn a_mutex_that_is_not_taken_goes_on(backend: &Backend) {
    run(backend, async {
        let mutex = Mutex::new(0);
        let held = mutex.lock().await;
        let (mut one, mut two) = (Box::pin(mutex.lock()), Box::pin(mutex.lock()));
        let mut three = pin!(mutex.lock());
        assert!(poll_once(one.as_mut()).await.is_pending());
        assert!(poll_once(two.as_mut()).await.is_pending());
        assert!(poll_once(three.as_mut()).await.is_pending());
        drop(held);
        assert_eq!(mutex.statistics().waiting, 2);
        drop(two);
        assert!(poll_once(three.as_mut()).await.is_pending());
        drop(one);
        assert_eq!(mutex.statistics().waiting, 0);
        assert!(mutex.try_lock().is_err());
        drop(three.await);
        assert!(mutex.try_lock().is_ok());
    });
}

/// SY-01: wherever locking is cancelled, the lock is not lost.
pub fn a_lock_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let mutex = Arc::new(Mutex::new(0));
            let held = mutex.try_lock_arc().expect("it is free");
            contested(cut, held, async {
                let mut value = mutex.lock().await;
                yields(2).await;
                *value += 1;
            })
            .await;
            let statistics = mutex.statistics();
            assert!(!statistics.locked && statistics.waiting == 0);
            assert!(*mutex.lock().await <= 1);
        },
        |_, ()| {},
    );
}

/// SY-01: the same for both sides of a read-write lock.
pub fn a_read_write_lock_is_never_lost(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let lock = Arc::new(RwLock::new(0));
            let held = lock.try_read_arc().expect("it is free");
            contested(cut, held, async {
                *lock.write().await += 1;
                yields(1).await;
                let one = lock.read().await;
                yields(1).await;
                drop((one, lock.read().await));
            })
            .await;
            let statistics = lock.statistics();
            assert!(!statistics.writing && statistics.readers == 0 && statistics.waiting == 0);
            assert!(lock.try_write().is_ok());
        },
        |_, ()| {},
    );
}

/// SY-05, SY-06: many read or one writes, in the order of arrival.
pub fn readers_and_writers_take_turns(backend: &Backend) {
    run(backend, async {
        let lock = RwLock::new(0);
        let (one, two) = (lock.read().await, lock.try_read().expect("nobody writes"));
        assert!(lock.try_write().is_err());
        let mut writer = Box::pin(lock.write());
        let mut late = Box::pin(lock.read());
        let mut later = Box::pin(lock.read());
        assert!(poll_once(writer.as_mut()).await.is_pending());
        assert!(lock.try_read().is_err(), "a writer waits");
        assert!(poll_once(late.as_mut()).await.is_pending());
        assert!(poll_once(later.as_mut()).await.is_pending());
        assert_eq!((*one, *two, lock.statistics().waiting), (0, 0, 3));
        drop((one, two));
        assert!(poll_once(late.as_mut()).await.is_pending());
        let mut written = writer.await;
        *written = 7;
        drop(written);
        assert_eq!(
            (lock.statistics().readers, lock.statistics().waiting),
            (2, 0)
        );
        assert_eq!((*late.await, *later.await), (7, 7));
    });
}

/// SY-01: a writer that stops waiting lets the readers behind it in.
pub fn readers_pass_when_a_writer_goes_away(backend: &Backend) {
    run(backend, async {
        let lock = RwLock::new(0);
        let held = lock.read().await;
        let mut writer = Box::pin(lock.write());
        let mut reader = pin!(lock.read());
        assert!(poll_once(writer.as_mut()).await.is_pending());
        assert!(poll_once(reader.as_mut()).await.is_pending());
        drop(writer);
        assert_eq!(
            (lock.statistics().readers, lock.statistics().waiting),
            (2, 0)
        );
        assert!(poll_once(reader.as_mut()).await.is_ready());
        drop(held);
    });
}

/// SY-09: a panic while a lock is held releases it.
pub fn a_panic_releases_the_lock(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let mutex = Mutex::new(log.clone());
        let panicked = crate::support::catch(async {
            mutex.lock().await.add("held");
            let _held = mutex.lock().await;
            crate::support::panic_quietly("while locked");
        });
        assert!(panicked.await.is_err());
        assert_eq!(mutex.try_lock().expect("it was released").count("held"), 1);
        drop(log);
    });
}

anyrt_conformance_kit::cases! { sync_locks: erased,
    a_mutex_has_one_holder,
    a_mutex_is_given_out_in_order,
    try_lock_does_not_wait,
    one_task_may_lock_twice,
    only_the_guard_releases,
    a_mutex_is_handed_over,
    locking_is_a_cancel_point,
    a_mutex_knows_its_users,
    a_lock_is_settled_or_cancelled,
    a_mutex_that_is_not_taken_goes_on,
    a_lock_is_never_lost,
    a_read_write_lock_is_never_lost,
    readers_and_writers_take_turns,
    readers_pass_when_a_writer_goes_away,
    a_panic_releases_the_lock,
}
