//! What holds where the caller is.

use crate::engine::poll_state::{By, CANCELLED};
use crate::engine::{Cancelled, Cause, poll_state};
use crate::instant::Instant;

/// Cancelled, as seen from where this is called: whether an operation started here would not run.
///
/// A deadline that has passed counts, also if nothing has noticed it yet.
pub fn has_pending_cancellation() -> bool {
    poll_state::effectively_cancelled() || poll_state::evaluate().cancelled
}

/// The earliest deadline that holds where this is called: [`Instant::FAR_FUTURE`] if there is
/// none, [`Instant::DISTANT_PAST`] where it is cancelled already. A shield cuts off what lies
/// outside it.
pub fn current_effective_deadline() -> Instant {
    let found = poll_state::evaluate();
    if found.cancelled || poll_state::surroundings().has(CANCELLED) && !poll_state::is_dirty() {
        Instant::DISTANT_PAST
    } else {
        found.deadline
    }
}

/// Why the code that calls this is cancelled, if it is: for clean-up code that wants to know, ask
/// before the shield.
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
    // A group that was cancelled with a scope around it says only that; the scope knows more.
    while let Some(inner) = node {
        match inner.cause_now() {
            Some(cause) if cause.cause() != Cause::Enclosing => return Some(cause),
            _ => node = inner.parent(),
        }
    }
    Some(Cancelled::new(Cause::Enclosing))
}
