//! The clock of a runtime without its type, and how tasks yield there, for what is not generic over the
//! runtime.

use std::fmt;
use std::pin::Pin;
use std::task::Waker;

use crate::instant::Instant;
use crate::runtime::Time;

/// A timer of any runtime. Only rare paths use it: what is generic has the runtime's own timers.
pub(crate) type BoxTimer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A runtime's functions.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: fn() -> Instant,
    timer: fn(Instant) -> BoxTimer,
    is_at_hand: fn() -> bool,
    yield_turn: fn(&Waker),
}

impl Clock {
    pub(crate) fn of<R: Time>() -> Clock {
        Clock {
            now: R::now,
            timer: |deadline| Box::pin(R::timer(deadline)),
            is_at_hand: || R::current().is_ok(),
            yield_turn: R::yield_turn,
        }
    }

    /// A clock that stands still, for models.
    #[cfg(all(test, loom))]
    pub(crate) fn still() -> Clock {
        Clock {
            now: || Instant::DISTANT_PAST,
            timer: |_| Box::pin(std::future::pending()),
            is_at_hand: || false,
            yield_turn: Waker::wake_by_ref,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.now)()
    }

    /// Whether timers can be made on this thread: some runtimes have none where they are not entered.
    pub(crate) fn is_at_hand(&self) -> bool {
        (self.is_at_hand)()
    }

    /// Wakes a task after others have had their turn.
    pub(crate) fn yield_turn(&self, waker: &Waker) {
        (self.yield_turn)(waker);
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
