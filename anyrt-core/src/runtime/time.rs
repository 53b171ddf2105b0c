use std::pin::Pin;

use super::Spawn;
use crate::instant::Instant;

/// Reads the clock and makes timers.
///
/// # Contract
///
/// 1. [`now`](Time::now) MUST be monotonic, and MUST be the clock that the timers obey: where the
///    runtime can pause its clock, `now` stands still too. It MUST work on any thread.
/// 2. A timer MUST NOT complete before its deadline. It SHOULD complete within a few milliseconds
///    after it, also if the deadline had passed when the timer was made.
/// 3. A timer for [`Instant::FAR_FUTURE`] is never asked for.
/// 4. Dropping a timer MUST release what it occupies.
/// 5. [`reset`](Time::reset) MUST work on a timer that is pending, has completed, or was never
///    polled; the timer then counts as never polled.
/// 6. [`may_have_fired`](Time::may_have_fired) MUST give `true` from the moment on at which the timer
///    wakes.
///
/// # Common mistakes
///
/// - *Reading the real clock* where timers follow a virtual one: rule 1. A test that pauses the
///   clock then waits for ever.
/// - *Making the timer when it is polled first.* A timer is made at most once per scope, and only
///   when something is pending; there is nothing to save.
pub trait Time: Spawn {
    /// A future that completes at its deadline. It is pinned in place, never boxed.
    type Timer: Future<Output = ()> + Send + 'static;

    /// The time on the runtime's clock.
    fn now() -> Instant;

    /// A timer that completes at `deadline`.
    ///
    /// # Panics
    ///
    /// May panic, naming the fix, where no runtime with a timer is at hand.
    fn timer(deadline: Instant) -> Self::Timer;

    /// Moves a timer to another deadline.
    fn reset(timer: Pin<&mut Self::Timer>, deadline: Instant);

    /// Whether a timer that was pending may have completed since. If not, core spares polling it
    /// again with the same waker, which most runtimes make more expensive than this question.
    ///
    /// The answer `true` is always right; the default gives no other.
    #[inline]
    fn may_have_fired(timer: Pin<&Self::Timer>) -> bool {
        let _ = timer;
        true
    }
}
