use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant as Native};

use anyrt_core::runtime::Time;
use anyrt_core::time::Instant;
use tokio::time::Sleep;

use crate::Tokio;
use crate::spawn::NO_RUNTIME;

impl Time for Tokio {
    type Timer = Sleep;

    #[inline]
    fn now() -> Instant {
        from_native(tokio::time::Instant::now().into_std())
    }

    fn timer(deadline: Instant) -> Sleep {
        // Tokio itself would panic with a message that does not name anyrt's ways out. Inside a
        // task the first question answers, and costs a quarter of the second.
        assert!(
            tokio::task::try_id().is_some() || tokio::runtime::Handle::try_current().is_ok(),
            "{NO_RUNTIME}"
        );
        tokio::time::sleep_until(to_native(deadline).into())
    }

    fn reset(timer: Pin<&mut Sleep>, deadline: Instant) {
        timer.reset(to_native(deadline).into());
    }
}

/// What all instants of this backend count from. Read from the real clock: a paused clock that
/// stands still before it, or was moved far ahead, differs by a fixed amount.
static ANCHOR: LazyLock<Native> = LazyLock::new(Native::now);

fn from_native(native: Native) -> Instant {
    let anchor = *ANCHOR;
    match native.checked_duration_since(anchor) {
        Some(after) => Instant::after_anchor(after),
        None => Instant::before_anchor(anchor - native),
    }
}

fn to_native(instant: Instant) -> Native {
    let anchor = *ANCHOR;
    let after = instant.since_anchor();
    if after > Duration::ZERO {
        anchor.checked_add(after).unwrap_or(anchor + CENTURY)
    } else {
        let before = Instant::after_anchor(Duration::ZERO) - instant;
        anchor.checked_sub(before).unwrap_or(anchor)
    }
}

/// Stands for deadlines that the system's clock cannot express.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_the_way_there_and_back() {
        let now = Native::now();
        for native in [
            now,
            now + Duration::from_secs(3600),
            now - Duration::from_secs(5),
        ] {
            assert_eq!(to_native(from_native(native)), native);
        }
    }
}
