//! The timer of a scope, a timeout or a sleep.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use crate::instant::Instant;
use crate::runtime::Time;

/// A timer that is created when it is first needed, and follows a deadline that may move.
#[pin_project]
pub(crate) struct LazyTimer<R: Time> {
    #[pin]
    timer: Option<R::Timer>,
    armed: Instant,
    registered: Registered,
}

/// The waker with which the timer was polled last. Unless the timer has fired, polling it again with the same
/// waker changes nothing. The waker is kept from the second poll on: most timers are polled only once.
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

    /// Returns whether the timer is set for this deadline, or no timer is needed.
    pub(crate) fn is_armed_for(&self, deadline: Instant) -> bool {
        self.armed == deadline
    }

    /// Returns ready if `deadline` has passed. Otherwise wakes the task when it does.
    #[inline]
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        // No deadline. A timer that was set earlier is left as it is; at worst it wakes the task once for
        // nothing.
        if deadline == Instant::FAR_FUTURE {
            return Poll::Pending;
        }
        let mut this = self.project();
        // 1. Set the timer, if the deadline has moved or the timer has fired.
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
        // 2. Skip the poll if this waker is registered and the timer cannot have fired.
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
        // 3. Poll the timer.
        let polled = timer.poll(cx);
        if polled.is_ready() {
            // Set the timer again at the next poll: some timers report completion only once.
            *this.armed = Instant::FAR_FUTURE;
        }
        polled
    }
}
