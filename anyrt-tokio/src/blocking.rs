//! Functions that block, on the thread pool of tokio.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt_core::runtime::Blocking;
use tokio::runtime::RuntimeFlavor;
use tokio::task::JoinHandle;

use crate::{Handle, Tokio};

/// The result of a function that runs on a thread where it may block.
///
/// Dropping this does not stop the function. If the runtime ends before the function has begun, the
/// function never runs, and this never completes.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Call<T>(JoinHandle<T>);

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(output) => Poll::Ready(output),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime has ended, and so has every task that could wait for this.
                Err(_) => Poll::Pending,
            },
        }
    }
}

impl Blocking for Tokio {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(handle: &Handle, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Call(handle.0.spawn_blocking(f))
    }

    /// Calls `wait`, which blocks the thread.
    ///
    /// A worker of the multi-threaded runtime first hands its tasks to another thread. Otherwise the
    /// task that it would poll next could not be stolen, and would wait for `wait`.
    fn block_in_place(handle: &Handle, wait: &mut dyn FnMut()) {
        let here = tokio::runtime::Handle::try_current();
        let is_same = here.is_ok_and(|here| here.id() == handle.0.id());
        if is_same && handle.0.runtime_flavor() == RuntimeFlavor::MultiThread {
            tokio::task::block_in_place(wait);
        } else {
            wait();
        }
    }
}
