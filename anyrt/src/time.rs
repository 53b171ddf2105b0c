//! The clock and timers: the functions of `anyrt_core::time` for the ambient runtime.

use std::time::Duration;

use anyrt_core::time::{self, Instant};

use crate::Ambient;
use crate::futures::{Sleep, SleepForever};

/// An interval timer, returned by [`interval`].
pub type Interval = time::Interval<Ambient>;

/// Returns the current time of the run's clock.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let start = anyrt::now();
///     anyrt::sleep(Duration::from_millis(5)).await;
///     assert!(anyrt::now() - start >= Duration::from_millis(5));
/// });
/// ```
#[inline]
#[track_caller]
pub fn now() -> Instant {
    time::now::<Ambient>()
}

/// Waits for at least `length`, counted from the first poll. A length of zero is a plain checkpoint.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect. A new call counts from the start again; see
/// [`sleep_until`].
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(anyrt::sleep(std::time::Duration::from_millis(5)));
/// ```
#[inline]
pub fn sleep(length: Duration) -> Sleep {
    time::sleep::<Ambient>(length)
}

/// Waits until `deadline`.
///
/// A deadline in the past makes it a plain checkpoint. With [`Instant::FAR_FUTURE`] it never completes.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Panics
///
/// Panics if there is no runtime; the message names the fix.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let deadline = anyrt::now() + Duration::from_millis(5);
///     anyrt::sleep_until(deadline).await;
///     assert!(anyrt::now() >= deadline);
/// });
/// ```
#[inline]
pub fn sleep_until(deadline: Instant) -> Sleep {
    time::sleep_until::<Ambient>(deadline)
}

/// Waits until it is cancelled.
///
/// Its output is `!`, which fits into a group of any error type. At the end of an `async` block that also
/// uses `?`, the compiler does not infer the error type of the block from `!`: use
/// [`fallible`](SleepForever::fallible) there.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let limit = Duration::from_millis(5);
///     assert!(anyrt::move_on_after(limit, anyrt::sleep_forever()).await.is_none());
/// });
/// ```
///
/// At the end of a block with `?`:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use std::{fs, io};
///
/// anyrt::run(anyrt::task_group::<io::Error, _, _>(async |tg| {
///     tg.spawn(async {
///         let _lock = fs::File::open("Cargo.toml")?;
///         anyrt::sleep_forever().fallible().await
///     });
///     tg.cancel();
///     Ok(())
/// }))
/// # .map_err(|_| ())
/// # .unwrap();
/// # io::Result::Ok(())
/// ```
#[inline]
pub fn sleep_forever() -> SleepForever {
    time::sleep_forever()
}

/// Creates an interval that ticks at once, and then once each `period`, counted from the first tick.
///
/// A late tick does not move later ones. Missed ticks are skipped: the next tick is at the next multiple
/// of the period.
///
/// # Panics
///
/// Panics if `period` is zero. Ticks panic if there is no runtime.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// anyrt::run(async {
///     let mut interval = anyrt::interval(Duration::from_millis(2));
///     let first = interval.tick().await;
///     let second = interval.tick().await;
///     assert_eq!(second - first, interval.period());
/// });
/// ```
#[inline]
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    time::interval::<Ambient>(period)
}
