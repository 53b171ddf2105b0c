//! The clock of a runtime without the runtime's type, for code that is not generic over the runtime.

use std::fmt;
use std::pin::Pin;
use std::task::Waker;

use crate::instant::Instant;
use crate::runtime::Time;

/// A timer of any runtime. Only rare paths use it: generic code uses the runtime's own timers.
pub(crate) type BoxTimer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The functions of a runtime that concern time and yielding.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: fn() -> Instant,
    timer: fn(Instant) -> BoxTimer,
    is_at_hand: fn() -> bool,
    yield_turn: fn(&Waker),
    wake_yielding: fn(&Waker),
}

impl Clock {
    pub(crate) fn of<R: Time>() -> Clock {
        // Functions without captures: a `Clock` needs no allocation and can be copied.
        Clock {
            now: R::now,
            timer: |deadline| Box::pin(R::timer(deadline)),
            is_at_hand: || R::current().is_ok(),
            yield_turn: R::yield_turn,
            wake_yielding: R::wake_yielding,
        }
    }

    /// Returns a clock that stands still, for models.
    #[cfg(all(test, loom))]
    pub(crate) fn still() -> Clock {
        Clock {
            now: || Instant::FAR_PAST,
            timer: |_| Box::pin(std::future::pending()),
            is_at_hand: || false,
            yield_turn: Waker::wake_by_ref,
            wake_yielding: Waker::wake_by_ref,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.now)()
    }

    /// Returns whether timers can be created on this thread. Some runtimes need to be entered for that.
    pub(crate) fn is_at_hand(&self) -> bool {
        (self.is_at_hand)()
    }

    /// Wakes a task after other tasks have had their turn.
    pub(crate) fn yield_turn(&self, waker: &Waker) {
        (self.yield_turn)(waker);
    }

    /// Wakes by a waker that may belong to another poller than the runtime, for a task that yields.
    pub(crate) fn wake_yielding(&self, waker: &Waker) {
        (self.wake_yielding)(waker);
    }

    pub(crate) fn timer(&self, deadline: Instant) -> BoxTimer {
        (self.timer)(deadline)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
