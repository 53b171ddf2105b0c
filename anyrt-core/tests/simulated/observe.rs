//! `observe`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled,
};
use anyrt_core::runtime::observe;
use anyrt_core::sync::Semaphore;
use anyrt_core::time::sleep;

use crate::run;
use crate::runtime::OneThread;

/// Counts the operations that begin while a future is driven.
fn count<F: Future>(main: F) -> usize {
    let begun = Rc::new(Cell::new(0));
    let counter = begun.clone();
    let observed = observe(move || counter.set(counter.get() + 1));
    run(main);
    drop(observed);
    run(checkpoint());
    begun.get()
}

async fn pause() {
    sleep::<OneThread>(Duration::from_secs(1)).await;
}

#[test]
fn the_hook_is_called_once_per_operation() {
    assert_eq!(count(async {}), 0);
    assert_eq!(count(pause()), 1);
    assert_eq!(count(checkpoint()), 1);
    assert_eq!(count(checkpoint_if_cancelled()), 1);
    assert_eq!(count(cancel_shielded_checkpoint()), 0);
    let acquire = async {
        let semaphore = Semaphore::new(1);
        let _permit = semaphore.acquire().await;
    };
    assert_eq!(count(acquire), 1);
    // Those that yield because the budget is used up begin once, too.
    let many = async {
        let semaphore = Semaphore::new(1);
        for _ in 0..1000 {
            drop(semaphore.acquire().await);
        }
    };
    assert_eq!(count(many), 1000);
}

/// Cancels a scope at each operation in turn: that operation, and none after it, is interrupted.
#[test]
fn the_operation_sees_a_cancellation_by_the_hook() {
    for cut in 0..3 {
        let done = Cell::new(0);
        run(async {
            let scope = CancelScope::<OneThread>::new();
            let (handle, left) = (scope.handle(), Cell::new(cut));
            let observed = observe(move || match left.get() {
                0 => handle.cancel(),
                more => left.set(more - 1),
            });
            let interrupted = scope
                .run(async {
                    pause().await;
                    done.set(1);
                    checkpoint().await;
                    done.set(2);
                    drop(Semaphore::new(1).acquire().await);
                    done.set(3);
                })
                .await;
            drop(observed);
            assert!(interrupted.is_err());
        });
        assert_eq!(done.get(), cut);
    }
}

#[test]
fn the_earlier_hook_is_in_use_again() {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let log = |name| {
        let calls = calls.clone();
        move || calls.borrow_mut().push(name)
    };
    let outer = observe(log("outer"));
    let inner = observe(log("inner"));
    run(checkpoint());
    drop(inner);
    run(checkpoint());
    drop(outer);
    run(checkpoint());
    assert_eq!(*calls.borrow(), ["inner", "outer"]);
}

/// Begins an operation inside the hook.
#[test]
fn the_hook_is_not_observed() {
    let calls = Rc::new(Cell::new(0));
    let count = calls.clone();
    let observed = observe(move || {
        count.set(count.get() + 1);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = std::pin::pin!(checkpoint_if_cancelled()).poll(&mut cx);
        assert!(polled.is_ready());
    });
    run(checkpoint());
    drop(observed);
    assert_eq!(calls.get(), 1);
}
