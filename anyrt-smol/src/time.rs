//! The clock and timers of smol.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant as Native;

use anyrt_core::runtime::{Time, from_native, to_native};
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
        Timer(smol::Timer::at(to_native(deadline, Native::now)))
    }

    fn reset(mut timer: Pin<&mut Timer>, deadline: Instant) {
        timer.0.set_at(to_native(deadline, Native::now));
    }
}
