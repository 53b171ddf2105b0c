//! Models of races on scopes and holds. Each asserts that both outcomes of its race occur in some execution.

use std::task::Context;

use loom::thread;

use crate::engine::{Cancelled, Cause, Node};
use crate::loom::Arc;
use crate::loom::atomic::Ordering;
use crate::models::{Seen, Wakes};

fn explicit() -> Cancelled {
    Cancelled::new(Cause::Explicit)
}

/// Links a node to another, as a poll in the frame of the other does.
fn link(outer: &Arc<Node>, inner: &Arc<Node>) {
    inner.linked.store(1, Ordering::Relaxed);
    outer.adopt(inner);
}

/// Races a cancellation with a scope that goes to sleep: the scope sees it, or is woken.
#[test]
fn loom_a_cancellation_races_with_a_poll() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let node = Node::new();
        let cancelling = {
            let node = node.clone();
            thread::spawn(move || node.cancel(explicit()))
        };
        let scope = Wakes::new();
        node.register(&Context::from_waker(&scope.waker()));
        let cancelled = node.is_cancelled();
        outcomes.note(cancelled);
        assert!(cancelling.join().expect("no panic"));
        assert!(cancelled || scope.is_woken(), "the scope was not woken");
    });
    seen.both();
}

/// Races two cancellations: one of them is the first, and its cause stays.
#[test]
fn loom_two_cancellations_have_one_cause() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let node = Node::new();
        let other = {
            let node = node.clone();
            thread::spawn(move || node.cancel(Cancelled::new(Cause::Deadline)))
        };
        let first = node.cancel(explicit());
        assert_ne!(first, other.join().expect("no panic"));
        let cause = node.cause().expect("it is cancelled").cause();
        outcomes.note(cause == Cause::Explicit);
    });
    seen.both();
}

/// Races the last holder in a cancelled scope, which leaves, with the scope, which goes to sleep: the scope
/// sees that nothing holds, or is woken.
#[test]
fn loom_a_release_races_with_the_scope_that_waits_for_it() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (scope, holder) = (Node::new(), Node::new());
        let polled = Wakes::new();
        holder.hold(&Context::from_waker(&polled.waker()));
        link(&scope, &holder);
        scope.cancel(explicit());
        scope.propagate_once();
        assert!(scope.is_held());
        let leaving = thread::spawn(move || holder.leave());
        let waits = Wakes::new();
        scope.register(&Context::from_waker(&waits.waker()));
        let held = scope.is_held();
        outcomes.note(held);
        leaving.join().expect("no panic");
        assert!(!held || waits.is_woken(), "the scope was not woken");
        assert!(!scope.is_held());
    });
    seen.both();
}

/// Races a wake-up with the end of a poll of a scope that waits for holders: the scope sees it, or its task
/// is woken.
#[test]
fn loom_a_wake_up_races_with_the_end_of_a_probed_poll() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let scope = Node::new();
        let probe = scope.make_probe();
        let task = Wakes::new();
        let waker = probe.begin_poll(&task.waker());
        let waking = thread::spawn(move || waker.wake());
        let seen = probe.end_poll();
        outcomes.note(seen);
        waking.join().expect("no panic");
        assert!(seen || task.is_woken(), "the wake-up is lost");
    });
    seen.both();
}

/// Moves a future from a scope in one task to a scope in another while a third thread cancels both: it is
/// linked to one of them at a time, and each scope releases it in the end.
#[test]
fn loom_a_holder_moves_between_scopes_that_are_cancelled() {
    loom::model(|| {
        let (first, second, holder) = (Node::new(), Node::new(), Node::new());
        let polled = Wakes::new();
        holder.hold(&Context::from_waker(&polled.waker()));
        link(&first, &holder);
        let cancelling = {
            let (first, second) = (first.clone(), second.clone());
            thread::spawn(move || {
                first.cancel(explicit());
                second.cancel(explicit());
            })
        };
        // Polled by the other task, which owns the future now.
        holder.unlink();
        link(&second, &holder);
        assert!(!first.is_held() && second.is_held());
        cancelling.join().expect("no panic");
        assert!(first.is_cancelled() && second.is_cancelled());
        holder.leave();
        assert!(!second.is_held());
    });
}

/// Releases holders of two children of one scope on two threads: the count ends at zero.
#[test]
fn loom_holds_of_two_children_add_up() {
    loom::model(|| {
        let scope = Node::new();
        let children = [Node::new(), Node::new()];
        let polled = Wakes::new();
        for child in &children {
            child.hold(&Context::from_waker(&polled.waker()));
            link(&scope, child);
        }
        let [first, second] = children;
        let leaving = thread::spawn(move || first.release());
        second.release();
        leaving.join().expect("no panic");
        assert!(!scope.is_held());
    });
}

/// Races a frame that turns out to be a shield and is linked to a cancelled scope with a thread that walks
/// outwards from it: the scope is not seen without the shield.
#[test]
fn loom_a_shield_is_linked_while_a_thread_climbs_out_of_it() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (scope, shield) = (Node::new(), Node::new());
        scope.cancel(explicit());
        let climbing = {
            let shield = shield.clone();
            thread::spawn(move || {
                let reached = shield.outwards().filter(|(node, _)| node.is_cancelled());
                reached.map(|(_, shielded)| shielded).collect::<Vec<_>>()
            })
        };
        shield.mark_shielded();
        link(&scope, &shield);
        let reached = climbing.join().expect("no panic");
        outcomes.note(reached.is_empty());
        assert!(
            reached.iter().all(|shielded| *shielded),
            "seen through the shield"
        );
    });
    seen.both();
}
