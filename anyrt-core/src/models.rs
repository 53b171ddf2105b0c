//! Helpers that the models of the model checker share; see `loom.rs`.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::loom::Arc;

/// A counter of the two outcomes of a race, over all executions.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<[AtomicUsize; 2]>);

impl Seen {
    pub(crate) fn note(&self, outcome: bool) {
        self.0[usize::from(outcome)].fetch_add(1, Ordering::Relaxed);
    }

    /// Asserts that both outcomes have occurred.
    pub(crate) fn both(&self) {
        for (outcome, count) in self.0.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            assert!(count > 0, "the outcome {} was never reached", outcome == 1);
        }
    }
}

/// A counter of wake-ups.
pub(crate) struct Wakes(loom::sync::atomic::AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, loom::sync::atomic::Ordering::SeqCst);
    }
}

impl Wakes {
    pub(crate) fn new() -> Arc<Wakes> {
        Arc::new(Wakes(loom::sync::atomic::AtomicUsize::new(0)))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(loom::sync::atomic::Ordering::SeqCst)
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.count() > 0
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    pub(crate) fn poll<F: Future + ?Sized>(
        self: &Arc<Self>,
        future: Pin<&mut F>,
    ) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker()))
    }
}
