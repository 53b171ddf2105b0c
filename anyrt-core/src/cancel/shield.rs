//! The shield, as a future and as the policy of its frame.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use crate::engine::{Frame, FramePolicy, Node, Polled};
use crate::loom::Arc;

/// Runs a future to its end, regardless of cancellation around it (rule [C8](crate::rules#c8)).
///
/// Cancelled scopes around it wait for it. It does not protect from the cancellation of a scope inside it. If
/// the future may take long, put a limit inside: `shield(move_on_after(limit, future))`.
///
/// # Cancel safety
///
/// Dropping the returned future drops the inner one: a shield holds off cancellation, but cannot hold off a drop
/// from outside (rule [C10](crate::rules#c10)).
pub fn shield<F: Future>(future: F) -> Shield<F> {
    Shield {
        frame: Frame::new(future),
    }
}

/// The future of [`shield`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Shield<F: Future> {
    #[pin]
    frame: Frame<F>,
}

pub(super) struct ShieldPolicy<const CATCHES_PANICS: bool>;

impl<const CATCHES_PANICS: bool> FramePolicy for ShieldPolicy<CATCHES_PANICS> {
    const CATCHES: bool = false;
    const CATCHES_PANICS: bool = CATCHES_PANICS;

    #[inline]
    fn is_shielded(&self, _node: Option<&Arc<Node>>) -> bool {
        true
    }
}

impl<F: Future> Future for Shield<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut frame = self.project().frame;
        match frame.as_mut().poll(cx, &mut ShieldPolicy::<false>) {
            Polled::Ready(value) => Poll::Ready(value),
            Polled::Panicked(payload) => std::panic::resume_unwind(payload),
            Polled::Interrupted | Polled::Pending => {
                frame.hold_as_shield(cx);
                Poll::Pending
            }
        }
    }
}

impl<F: Future> fmt::Debug for Shield<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield")
            .field("begun", &self.frame.has_begun())
            .finish_non_exhaustive()
    }
}
