//! The movement of the clock.

use std::sync::MutexGuard;
use std::time::Duration;

use crate::config::{Clock, Idle};
use crate::events::EventKind;
use crate::failure::Stop;
use crate::shared::{Shared, State, nanos};

/// The number of steps without any movement of the clock after which a run fails.
const STEPS_IN_PLACE: u64 = 1_000_000;

impl Shared {
    /// Lets the time of a step pass, checks the limits of the run, and fires the timers that have expired.
    pub(super) fn pay_for_step<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> MutexGuard<'a, State> {
        let config = &self.config;
        if state.stats.steps >= config.max_steps {
            state.stop = Some(Stop::steps());
        }
        let now = match config.clock {
            Clock::Scaled(factor) => self.scaled_now(factor),
            _ => self.now().saturating_add(self.poll_cost),
        };
        if now == self.now() {
            if state.steps_in_place > STEPS_IN_PLACE {
                state.stop = Some(Stop::in_place());
            }
        } else {
            state.steps_in_place = 0;
        }
        if now > self.time_limit {
            state.stop = Some(Stop::time());
        }
        if let Some(stop) = state.stop.take() {
            self.fail(state, stop);
        }
        self.set_now(now);
        if state.timers.may_expire(now) {
            state = self.expire(state);
        }
        state
    }

    /// Moves the clock to the next deadline, or waits for threads outside, since nothing is ready. `waited`
    /// is whether the run has waited for them already; its new value is returned.
    pub(super) fn pass_time<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        waited: bool,
    ) -> (MutexGuard<'a, State>, bool) {
        let deadline = match self.config.clock {
            Clock::Manual => None,
            _ => state.timers.next_deadline(),
        };
        if let Clock::Scaled(factor) = self.config.clock {
            return (self.wait_scaled(state, deadline, factor), false);
        }
        if let Some(deadline) = deadline {
            if let Idle::Wait(_) = self.config.idle {
                if !waited {
                    // Threads outside may be about to wake something: they get a moment before time passes.
                    let (state, in_vain) = self.wait_outside(state, MOMENT);
                    return (state, in_vain);
                }
            }
            let now = deadline.max(self.now());
            if now > self.time_limit {
                self.fail(state, Stop::time());
            }
            self.set_now(now);
            state.stats.advances += 1;
            state.steps_in_place = 0;
            state.events.record(now, EventKind::Advance, 0, 0);
            return (self.expire(state), false);
        }
        (self.wait_for_outside(state), false)
    }

    /// Waits for threads outside, since nothing is ready and no timer is set; fails if they must not take part,
    /// or wake nothing.
    fn wait_for_outside<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let Idle::Wait(limit) = self.config.idle else {
            self.fail(state, Stop::deadlock());
        };
        let (state, in_vain) = self.wait_outside(state, limit);
        if in_vain && state.is_idle() {
            self.fail(state, Stop::deadlock());
        }
        state
    }

    /// Waits in real time until the next deadline of a scaled clock.
    fn wait_scaled<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        deadline: Option<u64>,
        factor: f64,
    ) -> MutexGuard<'a, State> {
        let now = self.scaled_now(factor);
        self.set_now(now);
        let Some(deadline) = deadline else {
            return self.wait_for_outside(state);
        };
        if deadline > now {
            let real = Duration::from_nanos(deadline - now).div_f64(factor);
            (state, _) = self.wait_outside(state, real);
            self.set_now(self.scaled_now(factor));
        }
        state.steps_in_place = 0;
        self.expire(state)
    }

    /// Returns the time of a scaled clock: the real time since the start, times the factor.
    fn scaled_now(&self, factor: f64) -> u64 {
        let scaled = self.started.elapsed().mul_f64(factor);
        nanos(scaled).max(self.now())
    }
}

/// The real time that threads outside get before the clock moves, where they may wake tasks.
const MOMENT: Duration = Duration::from_millis(1);
