//! A wait with a limit that leaves the future intact.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;

use crate::engine::{LazyTimer, Operation};
use crate::error::Elapsed;
use crate::instant::Instant;
use crate::runtime::Time;

/// Waits for a future for at most `limit`, and keeps the future if it is still pending.
///
/// Unlike [`fail_after`](super::fail_after), it interrupts nothing (rule [C7](crate::rules#c7)): the future can
/// be awaited again.
///
/// # Cancel safety
///
/// Cancel safe: dropping it does not affect the future.
///
/// # Errors
///
/// [`Elapsed`] if the future was still pending at the limit. A limit of zero polls it once.
pub fn wait_for<R: Time, F: Future + Unpin>(limit: Duration, future: &mut F) -> WaitFor<'_, R, F> {
    WaitFor {
        future,
        timer: LazyTimer::new(),
        limit,
        deadline: None,
        operation: Operation::New,
    }
}

/// The future of [`wait_for`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct WaitFor<'a, R: Time, F> {
    future: &'a mut F,
    #[pin]
    timer: LazyTimer<R>,
    limit: Duration,
    deadline: Option<Instant>,
    operation: Operation,
}

impl<R: Time, F: Future + Unpin> Future for WaitFor<'_, R, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let deadline = match *this.deadline {
            Some(deadline) => deadline,
            None => {
                std::task::ready!(this.operation.begin(cx));
                *this.deadline.insert(R::now() + *this.limit)
            }
        };
        if let Poll::Ready(value) = Pin::new(&mut **this.future).poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if !this.limit.is_zero() {
            std::task::ready!(this.timer.as_mut().poll(cx, deadline));
        }
        if this.operation.interrupts(cx) {
            return Poll::Pending;
        }
        Poll::Ready(Err(Elapsed::new(None)))
    }
}

impl<R: Time, F> fmt::Debug for WaitFor<'_, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
