//! Models of races on a group and on a task's record. Each asserts that both outcomes of its race occur in
//! some execution.

use std::panic::Location;
use std::task::{Context, Poll};

use loom::thread;

use crate::engine::clock::Clock;
use crate::engine::{CancelState, Cancelled, Cause, GroupState, SpawnArgs, TaskEnd, TaskRecord};
use crate::loom::Arc;
use crate::models::{Seen, Wakes};

fn group() -> Arc<GroupState> {
    GroupState::new(Clock::still(), Location::caller(), false, false, 0)
}

fn child(group: &Arc<GroupState>) -> TaskRecord {
    assert!(group.enter());
    group.insert(|| None, SpawnArgs::at(Location::caller()))
}

/// Cancels the group on another thread.
fn cancels(group: &Arc<GroupState>) -> thread::JoinHandle<()> {
    let group = group.clone();
    thread::spawn(move || group.cancel(Cancelled::new(Cause::Explicit)))
}

/// Lets a child go to sleep meanwhile. Returns whether it saw that it is cancelled.
fn sees_or_is_woken(child: &TaskRecord, cancelling: thread::JoinHandle<()>) -> bool {
    let task = Wakes::new();
    child.count_poll();
    child.register(&Context::from_waker(&task.waker()));
    child.count_poll();
    let cancelled = child.cancel_state() != CancelState::No;
    cancelling.join().expect("no panic");
    assert!(cancelled || task.is_woken(), "the child was not woken");
    cancelled
}

/// Races the last child, which leaves, with the host, which goes to sleep: the host sees it, or is woken.
#[test]
fn loom_the_last_child_races_with_the_host() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let child = child(&group);
        let leaving = {
            let group = group.clone();
            thread::spawn(move || {
                child.finish(TaskEnd::Finished);
                group.leave();
            })
        };
        let host = Wakes::new();
        group.node.register(&Context::from_waker(&host.waker()));
        let ended = group.try_end();
        outcomes.note(ended);
        leaving.join().expect("no panic");
        if !ended {
            assert!(host.is_woken(), "the host was not woken");
            assert!(group.try_end());
        }
        assert!(group.has_ended() && group.children().is_empty());
    });
    seen.both();
}

/// Races the last child, which leaves, with the drop of the host: one of them ends the group.
#[test]
fn loom_the_last_child_races_with_the_drop_of_the_host() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        assert!(group.enter());
        let leaving = {
            let group = group.clone();
            thread::spawn(move || group.leave())
        };
        outcomes.note(group.living() == 0);
        group.orphan();
        leaving.join().expect("no panic");
        assert!(group.has_ended(), "the group did not end");
    });
    seen.both();
}

/// Races a spawn with the end: it is counted in and waited for, or refused.
#[test]
fn loom_a_spawn_races_with_the_end() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let spawning = {
            let group = group.clone();
            thread::spawn(move || group.enter())
        };
        let ended = group.try_end();
        let entered = spawning.join().expect("no panic");
        outcomes.note(entered);
        // A refused spawn is counted for a moment. This may delay the end, and wakes no task: the waiting
        // task reads the count first.
        assert!(entered != ended || !entered, "counted in after the end");
        assert_eq!(group.living(), usize::from(entered));
    });
    seen.both();
}

/// Returns a group and another inside it, in which a task may live.
fn nested() -> (Arc<GroupState>, Arc<GroupState>) {
    let (around, inner) = (group(), group());
    inner.move_to(around.clone());
    (around, inner)
}

/// Races the last task of a group, which leaves, with the spawn of another: the group around does not end as
/// long as there is a task, and is empty afterwards.
#[test]
fn loom_the_last_task_races_with_the_next() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (around, inner) = nested();
        assert!(inner.enter());
        let leaving = {
            let inner = inner.clone();
            thread::spawn(move || inner.leave())
        };
        outcomes.note(inner.living() == 0);
        assert!(inner.enter());
        assert!(!around.try_end(), "it ended with a task in it");
        leaving.join().expect("no panic");
        assert!(!around.try_end(), "it ended with a task in it");
        inner.leave();
        assert!(around.try_end(), "a task was counted twice");
    });
    seen.both();
}

/// Races a spawn into a group that was moved out with the end of the group around: the group that counts it
/// does not end before it has left.
#[test]
fn loom_a_spawn_races_with_the_end_around() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (around, inner) = nested();
        let outermost = group();
        around.move_to(outermost.clone());
        let spawning = {
            let inner = inner.clone();
            thread::spawn(move || assert!(inner.enter()))
        };
        let ended = around.try_end();
        outcomes.note(ended);
        spawning.join().expect("no panic");
        assert!(!outermost.try_end(), "it ended with a task in it");
        inner.leave();
        assert!(ended || around.try_end(), "a task was counted twice");
        assert!(outermost.try_end(), "a task was counted twice");
    });
    seen.both();
}

/// Races a child that goes to sleep with the cancellation of its group: it sees the cancellation, or is
/// woken.
#[test]
fn loom_a_cancellation_races_with_a_child() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let child = child(&group);
        let cancelling = cancels(&group);
        outcomes.note(sees_or_is_woken(&child, cancelling));
        group.try_end();
    });
    seen.both();
}

/// Races the end of a task with its awaited handle: the handle sees the end, or is woken.
#[test]
fn loom_the_end_of_a_task_races_with_its_handle() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let child = child(&group);
        let ending = {
            let child = child.clone();
            thread::spawn(move || child.finish_with_value(7_u8))
        };
        let (waiter, mut key) = (Wakes::new(), 0);
        let polled = child.poll_end(&mut key, &Context::from_waker(&waiter.waker()));
        outcomes.note(polled.is_ready());
        ending.join().expect("no panic");
        assert!(polled == Poll::Ready(TaskEnd::Finished) || waiter.is_woken());
        assert_eq!(child.take_value(), Some(7_u8));
    });
    seen.both();
}

/// Races the end of a task with the drop of its handle: one of them drops the value.
#[test]
fn loom_the_end_of_a_task_races_with_the_drop_of_its_handle() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let child = child(&group);
        let value = Arc::new(());
        let ending = {
            let (child, value) = (child.clone(), value.clone());
            thread::spawn(move || {
                let wanted = child.is_wanted();
                if wanted {
                    child.finish_with_value(value);
                } else {
                    child.finish(TaskEnd::Finished);
                }
                wanted
            })
        };
        if child.detach() {
            drop(child.take_value::<Arc<()>>());
        }
        outcomes.note(ending.join().expect("no panic"));
        assert_eq!(
            Arc::strong_count(&value),
            1,
            "the value was kept, not dropped"
        );
    });
    seen.both();
}

/// Races the ends of two children of one block: the last of them removes the block from the list.
#[test]
fn loom_children_of_one_block_end_at_once() {
    loom::model(|| {
        let group = group();
        let (first, second) = (child(&group), child(&group));
        let leaving = {
            let group = group.clone();
            thread::spawn(move || {
                first.finish(TaskEnd::Finished);
                group.leave();
            })
        };
        second.finish(TaskEnd::Finished);
        group.leave();
        leaving.join().expect("no panic");
        assert_eq!(group.living(), 0);
        assert!(group.children().is_empty() && group.try_end());
    });
}

/// Races a thread that returns the block that it fills with the end of the group: one of them drops the
/// block, which would otherwise keep the group.
#[test]
fn loom_the_end_of_a_group_races_with_an_open_block() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let child = child(&group);
        let open = group.children.take_open().expect("it has room for more");
        let closing = thread::spawn(move || open.close());
        child.finish(TaskEnd::Finished);
        drop(child);
        group.leave();
        outcomes.note(group.children.has_open());
        assert!(group.try_end());
        closing.join().expect("no panic");
        assert_eq!(Arc::strong_count(&group), 1, "its block keeps the group");
    });
    seen.both();
}

/// Races a child that begins and goes to sleep with the cancellation of its group: it sees that, or is woken.
#[test]
fn loom_a_cancellation_races_with_a_spawn() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let group = group();
        let before = child(&group);
        let cancelling = cancels(&group);
        let open = group.children.take_open().expect("it has room for more");
        let (child, rest) = open.take(SpawnArgs::at(Location::caller()));
        outcomes.note(sees_or_is_woken(&child, cancelling));
        drop((before, child, rest));
    });
    seen.both();
}
