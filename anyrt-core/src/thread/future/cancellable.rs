//! The future of a call whose function can return the cancellation of its caller.

use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};

use super::ToThread;
use crate::engine::{Cancelled, poll_state};
use crate::runtime::Runtime;

/// The future of [`to_thread::run_cancellable`](crate::thread::to_thread::run_cancellable).
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ToThreadCancellable<R: Runtime, F, T: Send + 'static> {
    call: ToThread<R, F, Result<T, Cancelled>>,
    /// Whether the function has returned the cancellation.
    interrupted: bool,
}

impl<R: Runtime, F, T: Send + 'static> Unpin for ToThreadCancellable<R, F, T> {}

impl<R: Runtime, F, T: Send + 'static> ToThreadCancellable<R, F, T> {
    pub(in super::super) fn new(call: ToThread<R, F, Result<T, Cancelled>>) -> Self {
        ToThreadCancellable {
            call,
            interrupted: false,
        }
    }
}

impl<R, F, T> Future for ToThreadCancellable<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        // 1. Poll the call, until it returns the cancellation.
        if !this.interrupted {
            match Pin::new(&mut this.call).poll(cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(value),
                Poll::Ready(Err(_)) => this.interrupted = true,
                Poll::Pending => {
                    if this.call.told {
                        // The function may be about to return the cancellation, so a shield that is set from
                        // now on does not help (rule C7).
                        poll_state::latch();
                    }
                    return Poll::Pending;
                }
            }
        }
        // 2. From then on this future stays pending, so that the cancelled scope interrupts it. The nodes are
        //    evaluated, since this poll may have begun before the cancellation.
        if poll_state::effectively_cancelled() || poll_state::evaluate().cancelled {
            poll_state::refuse(cx);
            return Poll::Pending;
        }
        panic!(
            "a function on a worker thread handed back a cancellation, and its caller is not \
             cancelled: hand back what `check_cancelled` gave, and nothing else"
        );
    }
}

impl<R: Runtime, F, T: Send + 'static> fmt::Debug for ToThreadCancellable<R, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThreadCancellable")
            .field("started", &self.call.function.is_none())
            .field("interrupted", &self.interrupted)
            .finish_non_exhaustive()
    }
}
