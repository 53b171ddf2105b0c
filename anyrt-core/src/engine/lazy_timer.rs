use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use crate::instant::Instant;
use crate::runtime::Time;

/// A timer that is made when it is needed, and follows a deadline that may move.
#[pin_project]
pub(crate) struct LazyTimer<R: Time> {
    #[pin]
    timer: Option<R::Timer>,
    armed: Instant,
    registered: Registered,
}

/// Which waker the timer was polled with. Polling it with that one again changes nothing unless
/// it has fired; but most timers are polled too seldom for it to pay to keep the waker.
enum Registered {
    No,
    Once,
    With(Waker),
}

impl<R: Time> LazyTimer<R> {
    pub(crate) const fn new() -> LazyTimer<R> {
        LazyTimer {
            timer: None,
            armed: Instant::FAR_FUTURE,
            registered: Registered::No,
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
            *this.registered = Registered::No;
        }
        let Some(timer) = this.timer.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        match this.registered {
            Registered::With(waker) if waker.will_wake(cx.waker()) => {
                if !R::may_have_fired(timer.as_ref()) {
                    return Poll::Pending;
                }
            }
            Registered::No => *this.registered = Registered::Once,
            Registered::Once | Registered::With(_) => {
                *this.registered = Registered::With(cx.waker().clone());
            }
        }
        let polled = timer.poll(cx);
        if polled.is_ready() {
            // Whoever asks once more has the timer set again: not every one tells twice.
            *this.armed = Instant::FAR_FUTURE;
        }
        polled
    }
}
