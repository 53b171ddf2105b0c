//! The clock and timers of a simulation.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyrt_core::runtime::Time;
use anyrt_core::time::Instant;

use crate::Sim;
use crate::current::{current, with_current};
use crate::host::Incarnation;
use crate::timers::Key;

/// A future that completes at its deadline.
pub struct Timer {
    host: Arc<Incarnation>,
    /// The deadline in nanoseconds since the start of the simulation.
    deadline: u64,
    key: Option<Key>,
}

impl Timer {
    fn remove(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = self.host.shared.lock().timers.remove(key);
            drop(waker);
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.get_mut();
        if timer.host.shared.now() >= timer.deadline {
            // When the clock moves, everything that is due is removed before anything else goes on.
            timer.key = None;
            return Poll::Ready(());
        }
        if !timer.host.is_alive() {
            return Poll::Pending;
        }
        if let Some(key) = timer.key {
            if timer.host.shared.lock().timers.wakes(key, cx.waker()) {
                return Poll::Pending;
            }
        }
        let waker = cx.waker().clone();
        let mut state = timer.host.shared.lock();
        let replaced = match timer.key {
            Some(key) => state.timers.replace(key, waker),
            None => Err(waker),
        };
        let old = match replaced {
            Ok(old) => Some(old),
            Err(waker) => {
                timer.key = Some(state.timers.insert(timer.deadline, waker));
                None
            }
        };
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.remove();
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer")
            .field(&Duration::from_nanos(self.deadline))
            .finish()
    }
}

impl Time for Sim {
    type Timer = Timer;

    #[inline]
    fn now() -> Instant {
        // On a thread outside, time stands still at the start.
        let now = with_current(|host| host.map_or(0, |host| host.now()));
        Instant::after_anchor(Duration::from_nanos(now))
    }

    fn timer(deadline: Instant) -> Timer {
        let host = current()
            .unwrap_or_else(|| panic!("no simulation on this thread: use timers inside a run"));
        Timer {
            deadline: host.deadline(deadline),
            host,
            key: None,
        }
    }

    fn reset(timer: Pin<&mut Timer>, deadline: Instant) {
        let timer = timer.get_mut();
        timer.remove();
        timer.deadline = timer.host.deadline(deadline);
    }

    #[inline]
    fn may_have_fired(timer: Pin<&Timer>) -> bool {
        timer.host.shared.now() >= timer.deadline
    }

    fn poll_quiet(cx: &mut Context<'_>) -> Option<Poll<()>> {
        let host = current()?;
        let waker = cx.waker().clone();
        let mut state = host.shared.lock();
        let woken = state
            .quieted
            .iter()
            .position(|quieted| quieted.will_wake(&waker));
        let (polled, old) = match woken {
            Some(position) => (Poll::Ready(()), state.quieted.swap_remove(position)),
            None => {
                let known = state.quiet.iter().position(|known| known.will_wake(&waker));
                let old = known.map(|position| state.quiet.swap_remove(position));
                state.quiet.push(waker.clone());
                (Poll::Pending, old.unwrap_or(waker))
            }
        };
        drop(state);
        drop(old);
        Some(polled)
    }
}
