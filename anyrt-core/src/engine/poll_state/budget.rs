//! The budget of a poll: the number of ready operations after which the task yields (rule C11).

use std::task::Waker;

use super::branch::leads_to_task;
use super::cell::CANCELLED;
use super::task::task_clock;
use super::thread::{BUDGET, THREAD, waits_for};
use crate::engine::Wait;

/// The number of operations that are refused in one poll after its budget is used up; then the budget is
/// filled again. It is larger than most `select!`s have branches, so that the poll ends. Code that polls
/// futures in its own loop, such as an executor in a task, continues after that number.
const REFUSALS: u32 = 8;

/// Takes one unit from the task's budget. Returns false if the budget is used up. The first refusal does not
/// fill it again, or branches that are always ready could alternate without end (rule C11). Outside of every
/// task and scope the beginning of a poll is unknown, so the budget is filled at once.
#[inline]
pub(crate) fn take_budget() -> bool {
    THREAD.with(|thread| match thread.budget.get() {
        0 => {
            let refusals = thread.refusals.get() + 1;
            thread.refusals.set(refusals);
            if refusals == REFUSALS || !thread.surroundings.get().inside() {
                thread.fill_budget();
            }
            false
        }
        left => {
            thread.budget.set(left - 1);
            true
        }
    })
}

/// Returns whether an operation may start, by a quick check without evaluation. If so, takes one unit from
/// the budget.
#[inline]
pub(crate) fn may_start() -> bool {
    THREAD.with(|thread| {
        let left = thread.budget.get();
        let free = !thread.marks.any() && !thread.surroundings.get().has(CANCELLED) && left > 0;
        if free {
            thread.budget.set(left - 1);
        }
        free
    })
}

/// Yields: the task is polled again after other tasks have had their turn (rule C11). The caller has to
/// return pending.
///
/// The runtime delays only wakers that are known to lead to the task alone. Any other poller may block the thread,
/// or poll on and on, until its waker is woken.
#[cold]
pub(crate) fn yield_turn(waker: &Waker) {
    waits_for(Wait::Turn);
    match task_clock() {
        Some(clock) if leads_to_task(waker) => clock.yield_turn(waker),
        Some(clock) => clock.wake_yielding(waker),
        None => waker.wake_by_ref(),
    }
}

/// Returns what is left of the budget. For assertions of tests.
pub(crate) fn budget() -> u32 {
    THREAD.with(|thread| thread.budget.get())
}

/// Returns one unit to the budget, for an operation that took nearly no time.
#[cfg_attr(
    not(feature = "fs"),
    expect(dead_code, reason = "listings of folders use it")
)]
pub(crate) fn give_budget_back() {
    THREAD.with(|thread| thread.budget.set(BUDGET.min(thread.budget.get() + 1)));
}

/// Uses up the rest of the budget: the operations that are polled next in this poll yield as well.
#[inline]
pub(crate) fn use_up_budget() {
    THREAD.with(|thread| {
        if thread.surroundings.get().inside() {
            thread.budget.set(0);
        }
    });
}
