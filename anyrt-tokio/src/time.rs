//! The clock and timers of tokio.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant as Native;

use anyrt_core::runtime::{Time, from_native, to_native};
use anyrt_core::time::Instant;
use pin_project::pin_project;
use tokio::task::unconstrained;
use tokio::time::Sleep;

use crate::Tokio;
use crate::spawn::NO_RUNTIME;

/// A timer of tokio, outside of the cooperative budget of a task.
///
/// It does not use the budget, and completes even if the budget is used up. A `Sleep` alone does not
/// check its time then, and a time limit around a loop of operations that are always ready would never
/// fire.
#[pin_project]
#[derive(Debug)]
pub struct Timer(#[pin] Sleep);

impl Future for Timer {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        pin!(unconstrained(self.project().0)).poll(cx)
    }
}

/// Returns the current time of tokio's clock, which tests may pause.
fn native_now() -> Native {
    tokio::time::Instant::now().into_std()
}

impl Time for Tokio {
    type Timer = Timer;

    #[inline]
    fn now() -> Instant {
        from_native(native_now())
    }

    fn timer(deadline: Instant) -> Timer {
        // Tokio would panic with a message that does not name the ways to start a run of anyrt. Inside a
        // task, `try_id` suffices, and costs a quarter of `try_current`.
        assert!(
            tokio::task::try_id().is_some() || tokio::runtime::Handle::try_current().is_ok(),
            "{NO_RUNTIME}"
        );
        Timer(tokio::time::sleep_until(
            to_native(deadline, native_now).into(),
        ))
    }

    fn reset(timer: Pin<&mut Timer>, deadline: Instant) {
        timer
            .project()
            .0
            .reset(to_native(deadline, native_now).into());
    }

    #[inline]
    fn may_have_fired(timer: Pin<&Timer>) -> bool {
        timer.0.is_elapsed()
    }
}
