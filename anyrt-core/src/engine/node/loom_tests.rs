//! Models of what threads do to scopes and holds at once. Each asserts that both outcomes of its
//! race are among those that were tried.

use std::task::Context;

use loom::thread;

use crate::engine::{Node, Cancelled, Cause};
use crate::models::{Seen, Wakes};

fn explicit() -> Cancelled {
    Cancelled::new(Cause::Explicit)
}

/// A scope goes to sleep while it is cancelled: it sees that, or is woken.
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
        assert!(cancelled || scope.is_woken(), "the scope was not told");
    });
    seen.both();
}

/// Two cancellations at once: one of them is the first, and its cause stays.
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

/// The last holder in a cancelled scope leaves while the scope goes to sleep: the scope sees that
/// nothing holds, or is woken.
#[test]
fn loom_a_release_races_with_the_scope_that_waits_for_it() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (scope, holder) = (Node::new(), Node::new());
        let polled = Wakes::new();
        holder.hold(&Context::from_waker(&polled.waker()));
        scope.adopt(&holder);
        scope.cancel(explicit());
        scope.tell();
        assert!(scope.is_held());
        let leaving = thread::spawn(move || holder.leave());
        let waits = Wakes::new();
        scope.register(&Context::from_waker(&waits.waker()));
        let held = scope.is_held();
        outcomes.note(held);
        leaving.join().expect("no panic");
        assert!(!held || waits.is_woken(), "the scope waits for nobody");
        assert!(!scope.is_held());
    });
    seen.both();
}

/// A holder is woken by one thread while its scope asks: it answers, or is seen to be on its way.
#[test]
fn loom_a_wake_up_races_with_asking() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (scope, holder) = (Node::new(), Node::new());
        let answer = Wakes::new();
        holder.hold(&Context::from_waker(&answer.waker()));
        scope.adopt(&holder);
        let waking = {
            let holder = holder.clone();
            thread::spawn(move || holder.wake())
        };
        scope.ask_holders();
        let being_answered = scope.is_being_answered();
        let answered = answer.is_woken();
        outcomes.note(being_answered);
        assert!(
            being_answered || answered,
            "a holder that answers counts as stranded"
        );
        waking.join().expect("no panic");
        assert_eq!(answer.count(), 1);
        holder.leave();
    });
    seen.both();
}

/// Holders of two children of one scope come and go on two threads: the count comes out even.
#[test]
fn loom_holds_of_two_children_add_up() {
    loom::model(|| {
        let scope = Node::new();
        let children = [Node::new(), Node::new()];
        let polled = Wakes::new();
        for child in &children {
            child.hold(&Context::from_waker(&polled.waker()));
            scope.adopt(child);
        }
        let [first, second] = children;
        let leaving = thread::spawn(move || first.release());
        second.release();
        leaving.join().expect("no panic");
        assert!(!scope.is_held());
    });
}
