//! The clock of a runtime without its type, for what is not generic over the runtime.

use std::fmt;
use std::pin::Pin;

use crate::instant::Instant;
use crate::runtime::Time;

/// A timer of any runtime. Only rare paths use it: what is generic has the runtime's own timers.
pub(crate) type BoxTimer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The functions of a runtime's clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: fn() -> Instant,
    timer: fn(Instant) -> BoxTimer,
    is_at_hand: fn() -> bool,
}

impl Clock {
    pub(crate) fn of<R: Time>() -> Clock {
        Clock {
            now: R::now,
            timer: |deadline| Box::pin(R::timer(deadline)),
            is_at_hand: || R::current().is_ok(),
        }
    }

    /// A clock that stands still, for models.
    #[cfg(all(test, loom))]
    pub(crate) fn still() -> Clock {
        Clock {
            now: || Instant::DISTANT_PAST,
            timer: |_| Box::pin(std::future::pending()),
            is_at_hand: || false,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.now)()
    }

    /// Whether timers can be made on this thread: some runtimes have none where they are not entered.
    pub(crate) fn is_at_hand(&self) -> bool {
        (self.is_at_hand)()
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
