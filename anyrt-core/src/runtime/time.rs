//! The facet of the clock and its timers.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::Spawn;
use crate::instant::Instant;

/// Reads the clock and creates timers.
///
/// # Contract
///
/// 1. [`now`](Time::now) MUST be monotonic, and MUST be the clock of the timers: if the runtime can pause
///    its clock, `now` stands still too. It SHOULD work on any thread. If each run has a separate clock, it MAY
///    return any time, or panic with a message that names the fix, on a thread that works for no runtime.
/// 2. A timer MUST NOT complete before its deadline. It SHOULD complete within a few milliseconds after
///    it, even if the deadline had passed when the timer was created.
/// 3. A timer for [`Instant::FAR_FUTURE`] is never requested.
/// 4. Dropping a timer MUST release its resources.
/// 5. [`reset`](Time::reset) MUST work on a timer that is pending, has completed, or was never polled. The
///    timer then counts as never polled.
/// 6. [`may_have_fired`](Time::may_have_fired) MUST return `true` from the moment at which the timer
///    wakes.
/// 7. If [`poll_quiet`](Time::poll_quiet) is implemented, it MUST be ready, and wake all tasks that wait for
///    it, as soon as no task of the runtime can go on before a timer fires. Tasks that wait for this, too, do
///    not count. Functions on threads of the runtime count as tasks. It MUST NOT advance the clock.
///
/// Core does not poll a timer that has completed, unless it has been reset.
///
/// # Implementing
///
/// A backend on the real clock converts instants with [`from_native`](super::from_native) and
/// [`to_native`](super::to_native). A virtual clock that has advanced by a `Duration` since its start is at
/// [`Instant::after_anchor`] of that duration, and [`Instant::since_anchor`] is the way back. Such clocks need no
/// real one.
///
/// # Common mistakes
///
/// - *Reading the real clock* if timers follow a virtual one: rule 1. A test that pauses the clock would
///   then hang.
/// - *Creating the timer when it is polled first.* A timer is created at most once per scope, and only when
///   something is pending; there is nothing to save.
pub trait Time: Spawn {
    /// A future that completes at its deadline. It is pinned in place, never boxed.
    type Timer: Future<Output = ()> + Send + 'static;

    /// Returns the time on the runtime's clock.
    fn now() -> Instant;

    /// Creates a timer that completes at `deadline`.
    ///
    /// # Panics
    ///
    /// May panic, naming the fix, if there is no current runtime with a timer.
    fn timer(deadline: Instant) -> Self::Timer;

    /// Moves a timer to another deadline.
    fn reset(timer: Pin<&mut Self::Timer>, deadline: Instant);

    /// Returns whether a timer that was pending may have completed since. If not, core does not poll it again
    /// with the same waker, which is more expensive than this check on most runtimes.
    ///
    /// The answer `true` is always correct; it is the default.
    #[inline]
    fn may_have_fired(timer: Pin<&Self::Timer>) -> bool {
        let _ = timer;
        true
    }

    /// Waits until only timers can make any task go on. Returns `None` if this runtime does not know that,
    /// which is the default; the answer is the same in each call.
    ///
    /// [`wait_all_tasks_blocked`](crate::testing::wait_all_tasks_blocked) is exact with it, and an observation
    /// over a short time without it.
    fn poll_quiet(cx: &mut Context<'_>) -> Option<Poll<()>> {
        let _ = cx;
        None
    }
}
