//! Polling by hand, with wakers that remember.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use arbitrary::Arbitrary;

/// A waker that remembers whether it was woken.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// One that was not woken yet.
    pub fn new() -> Arc<Flag> {
        Arc::new(Flag::default())
    }

    /// Whether it was woken.
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

/// For how long somebody polls an operation before dropping it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Patience {
    /// Until it is complete.
    Endless,
    /// Few polls; none means that it is dropped untouched.
    Polls(u8),
}

impl Patience {
    /// How many polls that are at most.
    pub fn polls(self) -> usize {
        match self {
            Patience::Endless => MANY,
            Patience::Polls(polls) => usize::from(polls % 8),
        }
    }
}

/// More polls than any operation can need here.
const MANY: usize = 1_000_000;

/// Polls a future, each time with another waker, until it is complete or the patience is at its
/// end. After each poll that is pending, what it waits for is made to happen; that has to wake it.
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
