//! The clock and its timers.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use anyrt_core::time::Instant;

use super::flaw::Flaw;
use super::scheduler::Scheduler;

pub(crate) fn now() -> Instant {
    static ANCHOR: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::after_anchor(ANCHOR.get_or_init(std::time::Instant::now).elapsed())
}

/// A timer that completes at its deadline, or a little earlier if that is its flaw.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    /// The scheduler and key of its registration.
    registered: Option<(Arc<Scheduler>, (Instant, u64))>,
}

impl Timer {
    pub(crate) fn new(deadline: Instant) -> Timer {
        Timer {
            deadline: moved(deadline),
            registered: None,
        }
    }

    pub(crate) fn reset(&mut self, deadline: Instant) {
        self.unregister();
        self.deadline = moved(deadline);
    }

    fn unregister(&mut self) {
        if let Some((scheduler, at)) = self.registered.take() {
            scheduler.remove_timer(at);
        }
    }
}

impl Future for Timer {
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

impl Drop for Timer {
    fn drop(&mut self) {
        self.unregister();
    }
}

/// Returns the deadline that the scheduler uses.
fn moved(deadline: Instant) -> Instant {
    let early = Scheduler::current().is_some_and(|s| s.flaw == Flaw::EarlyTimers);
    deadline
        - if early {
            Duration::from_millis(20)
        } else {
            Duration::ZERO
        }
}
