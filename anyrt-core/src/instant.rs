//! Points in time, independent of any runtime's own type.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// A point on the clock of a run: nanoseconds since an anchor that the backend chooses.
///
/// It is not the standard library's type, because `elapsed()` of that would compile and silently read the
/// real clock if a runtime's own clock is paused or simulated.
///
/// Arithmetic saturates at [`Instant::FAR_PAST`] and [`Instant::FAR_FUTURE`]. A deadline of `FAR_FUTURE`
/// means that there is none. The resolution is one nanosecond, the range about 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// The value of a backend's anchor. It is not zero, so that earlier times can be represented too.
const ANCHOR: u64 = 1 << 62;

impl Instant {
    /// The earliest instant: the effective deadline of cancelled code.
    pub const FAR_PAST: Instant = Instant(0);

    /// The latest instant; as a deadline, it means that there is none.
    pub const FAR_FUTURE: Instant = Instant(u64::MAX);

    /// Returns the instant that is `after` later than a backend's anchor. For backends.
    pub const fn after_anchor(after: Duration) -> Instant {
        Instant(ANCHOR.saturating_add(saturating_nanos(after)))
    }

    /// Returns the instant that is `before` earlier than a backend's anchor. For backends.
    pub const fn before_anchor(before: Duration) -> Instant {
        Instant(ANCHOR.saturating_sub(saturating_nanos(before)))
    }

    /// Returns the time since a backend's anchor, or zero if the instant is before it. For backends.
    pub const fn since_anchor(self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(ANCHOR))
    }

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let start = anyrt::now();
    /// let end = start + Duration::from_secs(2);
    /// assert_eq!(end.saturating_duration_since(start), Duration::from_secs(2));
    /// assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
    /// # });
    /// ```
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Instant {
        Instant(bits)
    }
}

const fn saturating_nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Instant::FAR_FUTURE => f.write_str("Instant(far future)"),
            Instant::FAR_PAST => f.write_str("Instant(distant past)"),
            Instant(nanos) if nanos >= ANCHOR => {
                write!(f, "Instant({:?})", Duration::from_nanos(nanos - ANCHOR))
            }
            Instant(nanos) => write!(f, "Instant(-{:?})", Duration::from_nanos(ANCHOR - nanos)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let near_end = Instant::FAR_FUTURE - Duration::from_nanos(1);
        assert_eq!(near_end + Duration::MAX, Instant::FAR_FUTURE);
        assert_eq!(Instant::FAR_PAST - Duration::MAX, Instant::FAR_PAST);
        let anchor = Instant::after_anchor(Duration::ZERO);
        assert_eq!(anchor - (anchor + Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn times_before_the_anchor_keep_their_order() {
        let before = Instant::before_anchor(Duration::from_secs(2));
        let after = Instant::after_anchor(Duration::from_secs(3));
        assert_eq!(after - before, Duration::from_secs(5));
        assert_eq!(after.since_anchor(), Duration::from_secs(3));
        assert_eq!(before.since_anchor(), Duration::ZERO);
    }
}
