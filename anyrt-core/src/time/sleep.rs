//! Sleeping: for a length of time, until a deadline, or until it is cancelled.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;

use crate::engine::{LazyTimer, Operation, Wait, poll_state};
use crate::instant::Instant;
use crate::runtime::Time;
use crate::task::Never;

/// Returns the time on the run's clock.
///
/// # Panics
///
/// May panic if there is no current runtime; the message names the fix.
pub fn now<R: Time>() -> Instant {
    R::now()
}

/// Waits for at least `length`, counted from the first poll. With zero, it is only a checkpoint.
///
/// # Cancel safety
///
/// This function is cancel safe: it has no effect. A new call counts from the start again; see
/// [`sleep_until`].
///
/// # Panics
///
/// If there is no current runtime; the message names the fix.
pub fn sleep<R: Time>(length: Duration) -> Sleep<R> {
    Sleep::new(WakeTime::After(length))
}

/// Waits until `deadline`. If it has passed, this is only a checkpoint; with [`Instant::FAR_FUTURE`] it waits
/// until it is cancelled.
///
/// # Cancel safety
///
/// This function is cancel safe: it has no effect.
///
/// # Panics
///
/// If there is no current runtime; the message names the fix.
pub fn sleep_until<R: Time>(deadline: Instant) -> Sleep<R> {
    Sleep::new(WakeTime::At(deadline))
}

/// The future of [`sleep`] and [`sleep_until`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Sleep<R: Time> {
    #[pin]
    timer: LazyTimer<R>,
    wake_time: WakeTime,
    operation: Operation,
}

/// The end of a sleep: a length until its first poll, then a deadline.
#[derive(Clone, Copy, Debug)]
enum WakeTime {
    After(Duration),
    At(Instant),
    /// The deadline had passed at the first poll: yield once.
    Yielded,
}

impl<R: Time> Sleep<R> {
    fn new(wake_time: WakeTime) -> Sleep<R> {
        Sleep {
            timer: LazyTimer::new(),
            wake_time,
            operation: Operation::New,
        }
    }
}

impl<R: Time> Future for Sleep<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !this.operation.has_started() {
            ready!(this.operation.begin(cx));
            let now = R::now();
            let deadline = match *this.wake_time {
                WakeTime::After(length) => now + length,
                WakeTime::At(deadline) => deadline,
                WakeTime::Yielded => now,
            };
            if deadline <= now {
                *this.wake_time = WakeTime::Yielded;
                poll_state::use_up_budget();
                poll_state::yield_turn(cx.waker());
                return Poll::Pending;
            }
            *this.wake_time = WakeTime::At(deadline);
        }
        match *this.wake_time {
            WakeTime::At(deadline) => {
                let polled = this.timer.as_mut().poll(cx, deadline);
                if polled.is_pending() {
                    poll_state::waits_for(Wait::Sleep);
                }
                polled
            }
            WakeTime::Yielded | WakeTime::After(_) => Poll::Ready(()),
        }
    }
}

impl<R: Time> fmt::Debug for Sleep<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("end", &self.wake_time)
            .finish_non_exhaustive()
    }
}

/// Waits until it is cancelled.
///
/// Its output is the never type; in an `async` block that also uses `?`, see
/// [`fallible`](SleepForever::fallible).
///
/// # Cancel safety
///
/// This function is cancel safe: it has no effect.
pub fn sleep_forever() -> SleepForever {
    SleepForever {
        operation: Operation::New,
    }
}

/// The future of [`sleep_forever`], with the never type (`!`) as output.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct SleepForever {
    operation: Operation,
}

impl SleepForever {
    /// Waits in the same way, with a `Result` of any error type as output.
    ///
    /// This can end an `async` block that uses `?`. With the never type, the compiler would infer never as
    /// the type of the whole block, so `?` could not return an error.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it has no effect.
    ///
    /// # Errors
    ///
    /// None: it does not complete.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// # anyrt::run(async {
    /// // A task whose type is that of the other outputs of a group, and that ends by cancellation alone.
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever().fallible::<io::Error>());
    ///     tg.cancel();
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub async fn fallible<E>(self) -> Result<Never, E> {
        self.await
    }
}

impl Future for SleepForever {
    type Output = Never;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Never> {
        if self.operation.begin(cx).is_ready() {
            poll_state::waits_for(Wait::Forever);
        }
        Poll::Pending
    }
}
