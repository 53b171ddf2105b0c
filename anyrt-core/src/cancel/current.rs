//! The cancellation and the deadline that apply to the caller.

use crate::engine::poll_state::{By, CANCELLED};
use crate::engine::{Cancelled, Cause, poll_state};
use crate::instant::Instant;

/// Returns whether the caller is cancelled: an operation started here would not run.
///
/// A deadline that has passed counts, even if it has not been noticed yet.
pub fn has_pending_cancellation() -> bool {
    poll_state::effectively_cancelled() || poll_state::evaluate().cancelled
}

/// Returns the earliest deadline that applies to the caller: [`Instant::FAR_FUTURE`] if there is none,
/// [`Instant::FAR_PAST`] if the caller is cancelled already. Deadlines outside a shield do not count.
pub fn current_effective_deadline() -> Instant {
    let found = poll_state::evaluate();
    if found.cancelled || poll_state::surroundings().has(CANCELLED) && !poll_state::is_dirty() {
        Instant::FAR_PAST
    } else {
        found.deadline
    }
}

/// Returns the cause of the caller's cancellation, if it is cancelled. Clean-up code that needs the cause
/// should call this before it enters a shield.
pub fn current_cancellation() -> Option<Cancelled> {
    let found = poll_state::evaluate();
    if !found.cancelled {
        return None;
    }
    let mut node = match found.by {
        Some(By::Task(Some(cause))) => return Some(cause),
        Some(By::Plain) => return Some(Cancelled::new(Cause::Deadline)),
        Some(By::Node(node)) => Some(node),
        Some(By::Task(None)) | None => None,
    };
    // The cause of a group that was cancelled with a scope around it is only `Enclosing`; the scope has the
    // real one. Ends: each step goes one node outwards.
    while let Some(inner) = node {
        match inner.cause_now() {
            Some(cause) if cause.cause() != Cause::Enclosing => return Some(cause),
            _ => node = inner.parent(),
        }
    }
    Some(Cancelled::new(Cause::Enclosing))
}
