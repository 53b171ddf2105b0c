//! The clock of the run as instants of the standard library, which foreign traits use.

use std::time::Instant as StdInstant;

#[cfg(all(feature = "quinn", unix))]
use crate::Backend;
use crate::Instant;

/// A clock whose instants are those of the standard library, and which advances with the run's clock.
///
/// Instants of two clocks must not be mixed, since the run's clock may be paused or simulated; copies are the same
/// clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct StdClock {
    /// The same moment as `run`, on the clock of the standard library.
    std: StdInstant,
    run: Instant,
}

impl StdClock {
    /// Creates a clock that starts now. Panics if there is no runtime.
    #[track_caller]
    pub(super) fn new() -> StdClock {
        StdClock {
            std: StdInstant::now(),
            run: crate::now(),
        }
    }

    /// Returns the current time. Panics if there is no runtime.
    pub(super) fn now(self) -> StdInstant {
        self.std + (crate::now() - self.run)
    }

    /// Returns the current time; on a thread without a runtime, that of the standard library.
    #[cfg(all(feature = "quinn", unix))]
    pub(super) fn now_anywhere(self) -> StdInstant {
        match Backend::current() {
            Some(_) => self.now(),
            None => StdInstant::now(),
        }
    }

    /// Converts an instant of this clock to the run's clock.
    pub(super) fn on_the_run(self, instant: StdInstant) -> Instant {
        match instant.checked_duration_since(self.std) {
            Some(after) => self.run + after,
            None => self.run - self.std.duration_since(instant),
        }
    }
}
