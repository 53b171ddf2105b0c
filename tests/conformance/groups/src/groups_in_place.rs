//! Groups with children that run inside the host's task, and may borrow: `scoped_task_group` and
//! `local_task_group`. Rule G11; the behaviour that they share with `task_group` is checked in the other
//! modules.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

use anyrt_core::cancel::{checkpoint, finally, shield};
use anyrt_core::task::{
    LocalTaskGroup, ScopedTaskGroup, local_task_group, scoped_task_group, task_group,
};
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::kinds::{assert_order, blocked};
use crate::support::{Flag, Gate, Log, poll_once, run, yields};

/// G11: children of a scoped group borrow from the surroundings of the group, mutably too.
pub fn scoped_children_borrow_from_the_surroundings(backend: &Backend) {
    run(backend, async {
        let text = String::from("borrowed");
        let (mut left, mut right) = (0, 0);
        let result = scoped_task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async {
                checkpoint().await;
                left += text.len();
            });
            let right = &mut right;
            let text = &text;
            let handle = tg.spawn(async move {
                checkpoint().await;
                *right += 1;
                Ok(&text[..6])
            });
            assert_eq!(handle.value().await, "borrow");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!((left, right), (8, 1));
    });
}

/// G11: children of a local group borrow, and need not be `Send`.
pub fn local_children_need_not_be_send(backend: &Backend) {
    run(backend, async {
        let (shared, count) = (Rc::new(RefCell::new(Vec::new())), Cell::new(0));
        let result = local_task_group::<R, Infallible, _, _>(async |tg| {
            for i in 0..3 {
                let (shared, count) = (shared.clone(), &count);
                tg.spawn(async move {
                    checkpoint().await;
                    shared.borrow_mut().push(i);
                    count.set(count.get() + 1);
                    Ok(Rc::new(i))
                });
            }
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(count.get(), 3);
        let mut values = shared.borrow().clone();
        values.sort_unstable();
        assert_eq!(values, [0, 1, 2]);
    });
}

/// G11: a scoped group can be used in a spawned task, where it borrows from that task.
pub fn a_scoped_group_works_inside_a_spawned_task(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let sum = tg.spawn(async {
                let mut numbers = [1, 2, 3];
                let result = scoped_task_group::<R, Infallible, _, _>(async |tg| {
                    for number in &mut numbers {
                        tg.spawn(async move {
                            checkpoint().await;
                            *number *= 10;
                        });
                    }
                })
                .await;
                assert!(result.is_ok());
                Ok(numbers.iter().sum::<i32>())
            });
            assert_eq!(sum.value().await, 60);
        })
        .await;
        assert!(result.is_ok());
    });
}

/// TG-03, G7, G11: children of a scoped group may spawn more, also while the host waits at the
/// end.
pub fn scoped_children_may_spawn_more(backend: &Backend) {
    run(backend, async {
        let (log, gate) = (Log::new(), Gate::new());
        let group = scoped_task_group::<R, Infallible, _, _>(async |tg| {
            let handle: ScopedTaskGroup<'_, _> = tg.clone();
            let (log, gate) = (&log, &gate);
            tg.spawn(async move {
                gate.opened().await;
                handle.spawn(async move {
                    checkpoint().await;
                    checkpoint().await;
                    log.add("grandchild");
                });
                log.add("child");
            });
            log.add("body");
        });
        let (result, ()) = join(group, async { gate.open() }).await;
        log.add("after");
        assert!(result.is_ok());
        assert_order(&log.entries(), &["body", "child", "grandchild", "after"]);
    });
}

/// TG-03, G7, G11: children of a local group may spawn more, too.
pub fn local_children_may_spawn_more(backend: &Backend) {
    run(backend, async {
        let (log, gate) = (Log::new(), Gate::new());
        let group = local_task_group::<R, Infallible, _, _>(async |tg| {
            let handle: LocalTaskGroup<'_, _> = tg.clone();
            let (log, gate) = (&log, &gate);
            tg.spawn(async move {
                gate.opened().await;
                handle.spawn(async move {
                    checkpoint().await;
                    checkpoint().await;
                    log.add("grandchild");
                });
                log.add("child");
            });
            log.add("body");
        });
        let (result, ()) = join(group, async { gate.open() }).await;
        log.add("after");
        assert!(result.is_ok());
        assert_order(&log.entries(), &["body", "child", "grandchild", "after"]);
    });
}

/// G11: the children run concurrently: each continues while another waits, and only those that were woken are
/// polled.
pub fn only_woken_children_are_polled(backend: &Backend) {
    run(backend, async {
        let (polls, gate) = (Cell::new(0), Gate::new());
        let result = local_task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async {
                let mut waiting = std::pin::pin!(gate.opened());
                std::future::poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    waiting.as_mut().poll(cx)
                })
                .await;
            });
            tg.spawn(async {
                yields(50).await;
                gate.open();
            });
        })
        .await;
        assert!(result.is_ok());
        assert!(polls.get() <= 4, "polled {} times, woken once", polls.get());
    });
}

/// G11, G1: a handle of a scoped group may be used from another thread, while the host waits.
pub fn scoped_groups_take_children_from_other_threads(backend: &Backend) {
    run(backend, async {
        let (ran, spawned) = (Flag::new(), Gate::new());
        let result = scoped_task_group::<R, Infallible, _, _>(async |tg| {
            let (spawner, ran, done) = (tg.clone(), ran.clone(), spawned.clone());
            let thread = std::thread::spawn(move || {
                spawner.spawn(async move { ran.raise() });
                done.open();
            });
            spawned.opened().await;
            thread.join().unwrap();
        })
        .await;
        assert!(result.is_ok());
        assert!(ran.is_raised());
    });
}

/// HO-26, G11: a borrowing child that owns the group's handle, and was queued but never polled, is
/// freed when the group is dropped.
pub fn queued_children_are_freed_with_the_group(backend: &Backend) {
    run(backend, async {
        let (freed, polled) = (Flag::new(), Flag::new());
        let slot = RefCell::new(None);
        let mut group = Box::pin(scoped_task_group::<R, Infallible, _, _>(async |tg| {
            *slot.borrow_mut() = Some(tg);
            blocked().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        let tg: ScopedTaskGroup<'_, _> = slot.borrow_mut().take().expect("the body has run");
        let (owner, guard, flag) = (tg.clone(), freed.on_drop(), polled.clone());
        tg.spawn(async move {
            let _owned = (guard, owner);
            flag.raise();
            blocked().await;
        });
        drop(tg);
        drop(group);
        assert!(
            freed.is_raised(),
            "the queue keeps the handle, and the handle the queue"
        );
        assert!(!polled.is_raised());
    });
}

/// HO-26: the same for a local group.
pub fn queued_local_children_are_freed_with_the_group(backend: &Backend) {
    run(backend, async {
        let (freed, polled) = (Flag::new(), Flag::new());
        let slot = RefCell::new(None);
        let mut group = Box::pin(local_task_group::<R, Infallible, _, _>(async |tg| {
            *slot.borrow_mut() = Some(tg);
            blocked().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        let tg: LocalTaskGroup<'_, _> = slot.borrow_mut().take().expect("the body has run");
        let (owner, guard, flag) = (tg.clone(), freed.on_drop(), polled.clone());
        tg.spawn(async move {
            let _owned = (guard, owner);
            flag.raise();
            blocked().await;
        });
        drop(tg);
        drop(group);
        assert!(
            freed.is_raised(),
            "the queue keeps the handle, and the handle the queue"
        );
        assert!(!polled.is_raised());
    });
}

/// C10, G11: children of a dropped borrowing group are dropped with it, at once: the values that they
/// borrow may be gone a moment later.
pub fn dropping_a_borrowing_group_drops_its_children(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let mut group = Box::pin(scoped_task_group::<R, Infallible, _, _>(async |tg| {
            let log = &log;
            tg.spawn(async move {
                let _guard = log.on_drop("child gone");
                shield(blocked()).await;
            });
            tg.spawn(async move {
                finally(blocked(), async || {
                    log.add("not reached: nothing awaits it")
                })
                .await;
            });
            blocked().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        drop(group);
        log.add("group dropped");
        assert_eq!(log.entries(), ["child gone", "group dropped"]);
    });
}

/// G11, C6: a cancelled borrowing group lets its children clean up in place.
pub fn borrowing_children_clean_up_when_cancelled(backend: &Backend) {
    run(backend, async {
        let log = RefCell::new(Vec::new());
        let result = local_task_group::<R, Infallible, _, _>(async |tg| {
            let log = &log;
            for name in ["a", "b"] {
                tg.spawn(finally(blocked(), async move || {
                    checkpoint().await;
                    log.borrow_mut().push(name);
                }));
            }
            checkpoint().await;
            tg.cancel();
        })
        .await;
        assert!(result.is_ok());
        let mut log = log.into_inner();
        log.sort_unstable();
        assert_eq!(log, ["a", "b"]);
    });
}

anyrt_conformance_kit::cases! { groups_in_place: erased,
    scoped_children_borrow_from_the_surroundings,
    local_children_need_not_be_send,
    a_scoped_group_works_inside_a_spawned_task,
    scoped_children_may_spawn_more,
    local_children_may_spawn_more,
    only_woken_children_are_polled,
    scoped_groups_take_children_from_other_threads: [foreign_wakes],
    queued_children_are_freed_with_the_group,
    queued_local_children_are_freed_with_the_group,
    dropping_a_borrowing_group_drops_its_children,
    borrowing_children_clean_up_when_cancelled,
}
