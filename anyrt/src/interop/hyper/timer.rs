//! hyper's timer on the clock of the run.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as StdInstant};

use hyper::rt::{Sleep, Timer};
use pin_project::pin_project;

use super::super::clock::StdClock;
use crate::Instant;

/// The clock of the run, for the time limits of hyper.
///
/// hyper uses instants of the standard library. The instants of this clock start at the moment of its
/// creation, and advance with the run's clock, also if that is paused or simulated. So instants of
/// different clocks must not be mixed; clones are the same clock.
///
/// # Panics
///
/// Creating, reading and waiting panic if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// use anyrt::interop::hyper::HyperTimer;
/// use hyper::rt::Timer;
///
/// anyrt::run(async {
///     let timer = HyperTimer::new();
///     let start = timer.now();
///     timer.sleep(Duration::from_millis(5)).await;
///     assert!(timer.now() - start >= Duration::from_millis(5));
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HyperTimer {
    clock: StdClock,
}

impl HyperTimer {
    /// Creates a clock that starts now.
    ///
    /// # Panics
    ///
    /// Panics if there is no runtime; the message names the fix.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperTimer;
    /// use hyper::rt::Timer;
    /// use std::time::{Duration, Instant};
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let start = Instant::now();
    /// HyperTimer::new().sleep(Duration::from_millis(5)).await;
    /// assert!(start.elapsed() >= Duration::from_millis(5));
    /// # });
    /// ```
    #[expect(
        clippy::new_without_default,
        reason = "a default should not panic, nor differ each time"
    )]
    #[track_caller]
    pub fn new() -> HyperTimer {
        HyperTimer {
            clock: StdClock::new(),
        }
    }
}

impl Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        sleep_until(crate::now() + duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn Sleep>> {
        sleep_until(self.clock.on_the_run(deadline))
    }

    fn now(&self) -> StdInstant {
        self.clock.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: StdInstant) {
        let deadline = self.clock.on_the_run(deadline);
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(sleep) => sleep.project().0.set(crate::sleep_until(deadline)),
            None => *sleep = sleep_until(deadline),
        }
    }
}

fn sleep_until(deadline: Instant) -> Pin<Box<dyn Sleep>> {
    Box::pin(HyperSleep(crate::sleep_until(deadline)))
}

#[pin_project]
struct HyperSleep(#[pin] crate::futures::Sleep);

impl Sleep for HyperSleep {}

impl Future for HyperSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().0.poll(cx)
    }
}
