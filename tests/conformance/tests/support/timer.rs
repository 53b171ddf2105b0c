//! The clock and its timers.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use anyrt_core::time::Instant;

use super::flaw::Flaw;
use super::scheduler::Scheduler;

pub(crate) fn now() -> Instant {
    static ANCHOR: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::after_anchor(ANCHOR.get_or_init(std::time::Instant::now).elapsed())
}

/// Completes at its deadline, or a little earlier if that is its flaw.
#[derive(Debug)]
pub(crate) struct Timer<F> {
    deadline: Instant,
    /// Where it was registered.
    registered: Option<(Arc<Scheduler>, (Instant, u64))>,
    flaw: PhantomData<fn() -> F>,
}

impl<F: Flaw> Timer<F> {
    pub(crate) fn new(deadline: Instant) -> Timer<F> {
        Timer {
            deadline: deadline - F::EARLY,
            registered: None,
            flaw: PhantomData,
        }
    }

    pub(crate) fn reset(&mut self, deadline: Instant) {
        self.unregister();
        self.deadline = deadline - F::EARLY;
    }
}

impl<F> Timer<F> {
    fn unregister(&mut self) {
        if let Some((scheduler, at)) = self.registered.take() {
            scheduler.remove_timer(at);
        }
    }
}

impl<F: Flaw> Future for Timer<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.get_mut();
        if now() >= timer.deadline {
            timer.unregister();
            return Poll::Ready(());
        }
        let (scheduler, at) = timer.registered.get_or_insert_with(|| {
            let scheduler = Scheduler::current().expect("timers are polled inside a tiny runtime");
            let key = scheduler.new_key();
            (scheduler, (timer.deadline, key))
        });
        scheduler.add_timer(*at, cx.waker());
        Poll::Pending
    }
}

impl<F> Drop for Timer<F> {
    fn drop(&mut self) {
        self.unregister();
    }
}
