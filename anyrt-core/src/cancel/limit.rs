use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use crate::runtime::Time;
use crate::time::Instant;

/// A timer that is made when it is needed, and follows a deadline that may move.
#[pin_project]
pub(crate) struct Limit<R: Time> {
    #[pin]
    timer: Option<R::Timer>,
    armed: Instant,
}

impl<R: Time> Limit<R> {
    pub(crate) const fn new() -> Limit<R> {
        Limit {
            timer: None,
            armed: Instant::FAR_FUTURE,
        }
    }

    /// Whether the timer runs for this deadline, or none is needed.
    pub(crate) fn is_armed_for(&self, deadline: Instant) -> bool {
        self.armed == deadline
    }

    /// Ready when `deadline` has passed; otherwise the task is woken when it does.
    #[inline]
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if deadline == Instant::FAR_FUTURE {
            return Poll::Pending;
        }
        let mut this = self.project();
        if *this.armed != deadline || this.timer.is_none() {
            match this.timer.as_mut().as_pin_mut() {
                Some(timer) => R::reset(timer, deadline),
                None => this.timer.set(Some(R::timer(deadline))),
            }
            *this.armed = deadline;
        }
        match this.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Pending,
        }
    }
}
