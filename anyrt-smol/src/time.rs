use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as Native};

use anyrt_core::runtime::Time;
use anyrt_core::time::Instant;

use crate::Smol;

/// A future that completes at its deadline.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Timer(smol::Timer);

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Time for Smol {
    type Timer = Timer;

    #[inline]
    fn now() -> Instant {
        from_native(Native::now())
    }

    fn timer(deadline: Instant) -> Timer {
        Timer(smol::Timer::at(to_native(deadline)))
    }

    fn reset(mut timer: Pin<&mut Timer>, deadline: Instant) {
        timer.0.set_at(to_native(deadline));
    }
}

/// What all instants of this backend count from.
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
