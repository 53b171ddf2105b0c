//! Polling by hand, with wakers that record wake-ups.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use arbitrary::Arbitrary;

/// A waker that records whether it was woken.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// Creates a waker that was not woken yet.
    pub fn new() -> Arc<Flag> {
        Arc::new(Flag::default())
    }

    /// Returns whether it was woken.
    pub fn is_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How often an operation is polled before it is dropped.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Patience {
    /// Until the operation is complete.
    Endless,
    /// Few polls; 0 means that the operation is dropped without a poll.
    Polls(u8),
}

impl Patience {
    /// Returns the maximal number of polls.
    pub fn polls(self) -> usize {
        match self {
            Patience::Endless => MANY,
            Patience::Polls(polls) => usize::from(polls % 8),
        }
    }
}

/// More polls than any operation can need here.
const MANY: usize = 1_000_000;

/// Polls a future, each time with another waker, until it is complete or the patience is used up. After
/// each pending poll, `happen` makes progress possible, which has to wake the future.
///
/// # Panics
///
/// If it is pending and nothing wakes it.
pub fn poll_for<F: Future>(
    future: F,
    patience: Patience,
    mut happen: impl FnMut(),
) -> Option<F::Output> {
    let mut future = pin!(future);
    let polls = patience.polls();
    for _ in 0..polls {
        let flag = Flag::new();
        let waker = Waker::from(flag.clone());
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        happen();
        assert!(flag.is_woken(), "it is pending, and nothing wakes it");
    }
    assert!(polls < MANY, "it does not come to an end");
    None
}
