//! [`Interval`].

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::engine::{LazyTimer, Operation, Wait, poll_state};
use crate::instant::Instant;
use crate::runtime::Time;

/// Creates an interval that ticks at once, and then once each `period`, counted from the first tick.
///
/// All ticks are at multiples of the period. Those that were missed are skipped.
///
/// # Panics
///
/// If `period` is zero.
pub fn interval<R: Time>(period: Duration) -> Interval<R> {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero"
    );
    Interval {
        timer: Box::pin(LazyTimer::new()),
        period,
        next: None,
    }
}

/// The interval that [`interval`] creates.
pub struct Interval<R: Time> {
    timer: Pin<Box<LazyTimer<R>>>,
    period: Duration,
    next: Option<Instant>,
}

impl<R: Time> Interval<R> {
    /// Waits for the next tick, and returns the time at which it was due.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: a tick that was not received is returned by the next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let mut heartbeat = anyrt::interval(Duration::from_millis(5));
    /// let first = heartbeat.tick().await; // at once
    /// let second = heartbeat.tick().await;
    /// assert_eq!(second - first, Duration::from_millis(5));
    /// # });
    /// ```
    pub fn tick(&mut self) -> Tick<'_, R> {
        Tick {
            interval: self,
            operation: Operation::New,
        }
    }

    /// Returns the time between two ticks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(anyrt::interval(minute).period(), minute);
    /// # });
    /// ```
    pub fn period(&self) -> Duration {
        self.period
    }

    fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let due = match self.next {
            Some(due) => {
                ready!(self.timer.as_mut().poll(cx, due));
                due
            }
            None => R::now(),
        };
        let now = R::now();
        let mut next = due + self.period;
        if next <= now {
            let late = (now - due).as_nanos() % self.period.as_nanos();
            let late = Duration::from_nanos(u64::try_from(late).unwrap_or(u64::MAX));
            next = now + (self.period - late);
        }
        self.next = Some(next);
        Poll::Ready(due)
    }
}

impl<R: Time> fmt::Debug for Interval<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("period", &self.period)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// The future of [`Interval::tick`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Tick<'a, R: Time> {
    interval: &'a mut Interval<R>,
    operation: Operation,
}

impl<R: Time> Future for Tick<'_, R> {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        let polled = this.interval.poll_tick(cx);
        if polled.is_pending() {
            poll_state::waits_for(Wait::Sleep);
        }
        polled
    }
}

impl<R: Time> fmt::Debug for Tick<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tick").field(&self.interval).finish()
    }
}
