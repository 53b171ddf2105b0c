//! Tests of the node tree and the frames, which are polled by hand and need no runtime.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::engine::Frame;
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::{Spawn, TaskInfo, Time};

/// A runtime with a clock that stands still, and that can start nothing.
#[derive(Clone, Copy, Debug)]
struct Still;

impl Spawn for Still {
    type Handle = ();

    fn current() -> Result<(), crate::NoRuntime> {
        Ok(())
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(_: &(), _: TaskInfo<'_>, future: F) {
        drop(future);
    }

    fn choose(_n: usize) -> usize {
        0
    }

    fn name(_: &()) -> &'static str {
        "still"
    }
}

impl Time for Still {
    type Timer = std::future::Pending<()>;

    fn now() -> Instant {
        Instant::after_anchor(std::time::Duration::from_secs(1))
    }

    fn timer(_deadline: Instant) -> Self::Timer {
        pending()
    }

    fn reset(_timer: Pin<&mut Self::Timer>, _deadline: Instant) {}
}

#[derive(Default)]
struct CountWakes(AtomicUsize);

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits until it has been polled `polls` times.
async fn ready_after(polls: usize) {
    let mut left = polls;
    poll_fn(|_| {
        left -= 1;
        if left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn a_cancelled_scope_waits_for_a_shield_inside() {
    let scope = CancelScope::<Still>::new();
    let handle = scope.handle();
    let mut run = pin!(scope.run(async {
        shield(ready_after(3)).await;
        checkpoint_if_cancelled().await;
        unreachable!("the shield was left in a cancelled scope");
    }));
    assert!(poll(run.as_mut()).is_pending());
    handle.cancel();
    assert!(
        poll(run.as_mut()).is_pending(),
        "the shield holds the scope"
    );
    assert!(
        poll(run.as_mut()).is_ready(),
        "the last hold was released in this poll"
    );
    assert!(handle.has_caught());
}

#[test]
fn cancelling_wakes_the_scope_once() {
    let wakes = Arc::new(CountWakes::default());
    let waker = Waker::from(wakes.clone());
    let scope = CancelScope::<Still>::new();
    let handle = scope.handle();
    let mut run = pin!(scope.run(pending::<()>()));
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    handle.cancel();
    handle.cancel();
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_stranded_hold_lapses() {
    let scope = CancelScope::<Still>::new();
    let handle = scope.handle();
    let mut run = pin!(scope.run(async {
        let mut stranded = pin!(shield(pending::<()>()));
        assert!(poll(stranded.as_mut()).is_pending());
        // From here on it is alive but not polled.
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    handle.cancel();
    // It wakes itself again and again, and then no longer waits.
    let wakes = Arc::new(CountWakes::default());
    let waker = Waker::from(wakes.clone());
    let mut polls = 0;
    while run
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        polls += 1;
        assert!(wakes.0.load(Ordering::SeqCst) >= polls && polls < 10_000);
    }
}

#[test]
fn plain_scopes_get_a_node_only_for_what_holds() {
    let mut frame = pin!(Frame::new(ready_after(2)));
    assert!(matches!(
        frame
            .as_mut()
            .poll_plainly(&mut Context::from_waker(Waker::noop()), Instant::FAR_FUTURE),
        Some(Poll::Pending)
    ));
    assert!(frame.node().is_none());
    let mut holding = pin!(Frame::new(shield(pending::<()>())));
    let polled = holding
        .as_mut()
        .poll_plainly(&mut Context::from_waker(Waker::noop()), Instant::FAR_FUTURE);
    assert!(matches!(polled, Some(Poll::Pending)));
    assert!(holding.node().is_some_and(|node| node.is_held()));
}

#[test]
fn what_has_ended_leaves_nothing_behind() {
    let scope = CancelScope::<Still>::new();
    let handle = scope.handle();
    let mut run = pin!(scope.run(async {
        for _ in 0..1000 {
            shield(ready_after(2)).await;
        }
        pending::<()>().await;
    }));
    for _ in 0..1001 {
        assert!(poll(run.as_mut()).is_pending());
    }
    let mut left = 0;
    handle.node().walk_scopes(|_| left += 1);
    assert_eq!(left, 0);
    assert!(!handle.node().is_held());
}

#[test]
fn a_refused_operation_is_woken_when_the_scope_is_left() {
    let wakes = Arc::new(CountWakes::default());
    let waker = Waker::from(wakes.clone());
    let mut operation = pin!(checkpoint_if_cancelled());
    let scope = CancelScope::<Still>::new();
    scope.handle().cancel();
    let mut run = Box::pin(scope.run(async {
        let mut cx = Context::from_waker(&waker);
        assert!(operation.as_mut().poll(&mut cx).is_pending());
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_ready());
    drop(run);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    let mut cx = Context::from_waker(&waker);
    assert!(
        operation.as_mut().poll(&mut cx).is_ready(),
        "it starts outside"
    );
}

#[test]
fn a_panic_discards_what_was_reported_in_that_poll() {
    let caught = std::panic::catch_unwind(|| {
        let scope = CancelScope::<Still>::new();
        let mut run = pin!(scope.run(async {
            let mut begun = pin!(shield(pending::<()>()));
            assert!(poll(begun.as_mut()).is_pending());
            panic!("in the poll in which a hold began");
        }));
        let _: Poll<Result<(), Cancelled>> = poll(run.as_mut());
    });
    assert!(caught.is_err());
    assert!(!crate::engine::poll_state::surroundings().inside());
    assert_eq!(crate::engine::poll_state::entries(), 0);
}

#[test]
fn a_handle_can_be_taken_past_a_panic() {
    let scope = CancelScope::<Still>::new();
    let handle = scope.handle();
    let there = handle.clone();
    let caught = std::panic::catch_unwind(move || there.cancel());
    assert!(caught.is_ok() && handle.is_cancelled());
}
