//! The real clock, for backends that read it.
//!
//! All backends of a process share one anchor, so that an instant read under one means the same under
//! another. The anchor is the first native instant that was converted; core itself never reads a clock.

use std::time::{Duration, Instant as Native};

use crate::instant::Instant;
use crate::loom::OnceLock;

static ANCHOR: OnceLock<Native> = OnceLock::new();

/// The distance that replaces deadlines that the system's clock cannot express.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Converts an instant of the standard library to one of core's. For backends.
#[inline]
pub fn from_native(native: Native) -> Instant {
    let anchor = *ANCHOR.get_or_init(|| native);
    match native.checked_duration_since(anchor) {
        Some(after) => Instant::after_anchor(after),
        None => Instant::before_anchor(anchor - native),
    }
}

/// Converts an instant of core's to one of the standard library. For backends, to set timers.
///
/// `now` reads the clock. It is called if no instant has been converted before: then `instant` is one of the
/// ends of time, or near to them.
#[inline]
pub fn to_native(instant: Instant, now: impl FnOnce() -> Native) -> Native {
    after_anchor(*ANCHOR.get_or_init(now), instant)
}

#[inline]
fn after_anchor(anchor: Native, instant: Instant) -> Native {
    let after = instant.since_anchor();
    if after > Duration::ZERO {
        anchor.checked_add(after).unwrap_or(anchor + CENTURY)
    } else {
        let before = Instant::after_anchor(Duration::ZERO) - instant;
        anchor.checked_sub(before).unwrap_or(anchor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test stands for a backend")]
    fn instants_survive_the_way_there_and_back() {
        let now = Native::now();
        for native in [
            now,
            now + Duration::from_secs(3600),
            now - Duration::from_secs(5),
        ] {
            assert_eq!(to_native(from_native(native), Native::now), native);
        }
        assert!(to_native(Instant::FAR_FUTURE, Native::now) > now + CENTURY / 2);
    }

    /// Converts the ends of time without the global anchor, whether or not an instant was converted before.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test stands for a backend")]
    fn the_ends_of_time_need_no_clock() {
        let anchor = Native::now();
        assert!(after_anchor(anchor, Instant::FAR_FUTURE) > anchor + CENTURY / 2);
        assert!(after_anchor(anchor, Instant::FAR_PAST) <= anchor);
    }
}
