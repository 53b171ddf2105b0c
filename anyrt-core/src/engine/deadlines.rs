//! The deadlines of a node with a handle: one cancels it, the other aborts it.

use std::pin::Pin;
use std::task::Context;

use crate::engine::{Cancelled, Cause, LazyTimer, Node};
use crate::loom::Arc;
use crate::runtime::Time;

/// Polls the timer for the next deadline of a node. Returns true if a deadline has passed and was carried
/// out.
pub(crate) fn poll_deadlines<R: Time>(
    node: &Arc<Node>,
    timer: Pin<&mut LazyTimer<R>>,
    cx: &mut Context<'_>,
) -> bool {
    let next = node.next_deadline();
    // Timers may round up, so a deadline that has passed when the timer is set cancels at once.
    let passed = !timer.is_armed_for(next) && next <= R::now();
    if !passed && timer.poll(cx, next).is_pending() {
        return false;
    }
    // If both are due at the same time, the abort covers the cancellation.
    if next == node.abort_at() {
        node.abort(Cancelled::new(Cause::Explicit));
        true
    } else {
        node.cancel(Cancelled::new(Cause::Deadline))
    }
}
