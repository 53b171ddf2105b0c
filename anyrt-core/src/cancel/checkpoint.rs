//! Operations that only observe cancellation and yield (rule [C11](crate::rules#c11)).

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Shield, shield};
use crate::engine::{Operation, poll_state};

/// Yields to other tasks, and observes cancellation (rule [C11](crate::rules#c11)).
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn checkpoint() -> Checkpoint {
    Checkpoint {
        observes: true,
        yields: true,
        operation: Operation::New,
        yielded: false,
    }
}

/// Observes cancellation without yielding.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn checkpoint_if_cancelled() -> Checkpoint {
    Checkpoint {
        observes: true,
        yields: false,
        operation: Operation::New,
        yielded: false,
    }
}

/// Yields to other tasks, whether or not the scopes around are cancelled.
///
/// It yields once, and is then ready. A cancelled scope around it may drop it meanwhile, unless there is a
/// [`shield`](shield()).
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub fn cancel_shielded_checkpoint() -> Shield<Checkpoint> {
    shield(Checkpoint {
        observes: false,
        yields: true,
        operation: Operation::New,
        yielded: false,
    })
}

/// The future of [`checkpoint`] and of its variants.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct Checkpoint {
    observes: bool,
    yields: bool,
    operation: Operation,
    yielded: bool,
}

impl Checkpoint {
    /// Returns whether it is cancelled. Before it begins, the hook of this thread may cancel it.
    #[inline]
    fn is_cancelled(&self) -> bool {
        if poll_state::effectively_cancelled() {
            return true;
        }
        if self.yielded || !poll_state::is_observed() {
            return false;
        }
        poll_state::call_hook();
        poll_state::effectively_cancelled()
    }
}

impl Future for Checkpoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.observes && self.is_cancelled() {
            self.operation.refuse(cx);
            return Poll::Pending;
        }
        if self.yielded || !self.yields {
            return Poll::Ready(());
        }
        self.yielded = true;
        poll_state::use_up_budget();
        poll_state::yield_turn(cx.waker());
        Poll::Pending
    }
}
