//! The order in which tasks that are ready are polled.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Next;
use crate::choices::{Draws, Purpose};
use crate::config::Policy;
use crate::shared::State;

/// The number of different priorities.
const PRIORITIES: u64 = 1 << 32;

/// The priority of something that is polled. Relaxed: only the executor's thread uses it.
pub(crate) type AtomicPriority = AtomicU64;

/// The order of a run.
#[derive(Debug)]
pub(crate) enum Order {
    /// The one that has been ready for longest.
    Fifo,
    /// A draw among all; the draw of zero is the one that has been ready for longest.
    Drawn,
    /// The one with the highest priority.
    Priorities(Priorities),
}

/// The state of an order by priorities.
#[derive(Debug)]
pub(crate) struct Priorities {
    /// The steps after which the task that was polled gets the lowest priority.
    changes: BTreeSet<u64>,
    /// The priority that the next such task gets; they become lower from change to change.
    lowest: u64,
    /// The number of steps after which the order is drawn: a task that is always ready must not keep others from
    /// running for all time.
    until: u64,
}

impl Order {
    pub(crate) fn new(policy: &Policy, seed: u64, draws: &mut Draws) -> Order {
        match policy {
            Policy::Fifo => Order::Fifo,
            Policy::Random | Policy::Replay(_) => Order::Drawn,
            Policy::Mixed if seed % 2 == 0 => Order::Drawn,
            Policy::Mixed => {
                let depth = 2 + draws.priority(3) as u32;
                let steps = LEAST_STEPS << draws.priority(STEP_RANGES);
                Order::Priorities(Priorities::new(depth, steps, steps, draws))
            }
            Policy::Pct { depth, steps } => {
                Order::Priorities(Priorities::new(*depth, *steps, u64::MAX, draws))
            }
        }
    }

    /// Takes one of those that are ready.
    pub(super) fn pick(state: &mut State) -> Option<Next> {
        let count = state.ready.admit();
        if let Order::Priorities(priorities) = &state.order {
            if state.stats.steps >= priorities.until {
                state.order = Order::Drawn;
            }
        }
        let at = match &state.order {
            _ if count == 0 => return None,
            Order::Fifo => 0,
            // No draw among one: a list of choices stays short.
            Order::Drawn if count == 1 => 0,
            Order::Drawn => state.draws.below(Purpose::Order, count as u64) as usize,
            Order::Priorities(_) => {
                let at = Priorities::pick(state);
                if count > 1 {
                    state.draws.add(Purpose::Order, at as u64, count as u64);
                }
                at
            }
        };
        state.ready.take(at)
    }
}

/// The least number of steps with priorities in a mixed order, and how many numbers there are: each is twice the one
/// before.
const LEAST_STEPS: u64 = 32;
const STEP_RANGES: u64 = 4;

impl Priorities {
    fn new(depth: u32, steps: u64, until: u64, draws: &mut Draws) -> Priorities {
        let changes = 1..depth.max(1);
        Priorities {
            changes: changes.map(|_| draws.priority(steps.max(1))).collect(),
            lowest: u64::from(depth),
            until,
        }
    }

    /// Returns the position of the one with the highest priority, after a change if one is due.
    fn pick(state: &mut State) -> usize {
        let steps = state.stats.steps;
        let highest = highest(state);
        let Order::Priorities(priorities) = &mut state.order else {
            return 0;
        };
        if !priorities.changes.remove(&steps) {
            return highest;
        }
        priorities.lowest = priorities.lowest.saturating_sub(1);
        let lowest = priorities.lowest;
        if let Some(priority) = state.ready.iter().nth(highest).and_then(priority) {
            priority.store(lowest, Ordering::Relaxed);
        }
        self::highest(state)
    }
}

/// Returns the position of the one with the highest priority; of equal ones, the first.
fn highest(state: &State) -> usize {
    let ready = state.ready.iter().enumerate().rev();
    // A thread goes first: a task may wait for it.
    let of = |next| priority(next).map_or(u64::MAX, |priority| priority.load(Ordering::Relaxed));
    ready
        .max_by_key(|(_, next)| of(next))
        .map_or(0, |(at, _)| at)
}

/// Returns the priority of one that is ready, unless it is a thread.
fn priority(next: &Next) -> Option<&AtomicPriority> {
    match next {
        Next::Main(main) => Some(&main.priority),
        Next::Host(main) => Some(&main.priority),
        Next::Task(task) => Some(&task.priority),
        Next::Thread(_) => None,
    }
}

impl State {
    /// Draws the priority of a new task or main future, if the policy has priorities.
    pub(crate) fn draw_priority(&mut self) -> AtomicPriority {
        AtomicPriority::new(match &self.order {
            Order::Priorities(_) => above_changes(&mut self.draws),
            _ => 0,
        })
    }
}

/// Draws a priority above those that changes give.
fn above_changes(draws: &mut Draws) -> u64 {
    u64::from(u32::MAX) + draws.priority(PRIORITIES)
}
