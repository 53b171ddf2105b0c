//! The budget of polls through foreign traits.

use std::task::{Context, Poll};

use crate::engine::poll_state;

/// Consumes budget for a poll through a foreign trait. Such polls are not cancel points, but a loop of them
/// must yield to other tasks too (rule C11).
pub(super) fn poll_budget(cx: &Context<'_>) -> Poll<()> {
    if poll_state::effectively_cancelled() || poll_state::take_budget() {
        return Poll::Ready(());
    }
    poll_state::yield_turn(cx.waker());
    Poll::Pending
}
