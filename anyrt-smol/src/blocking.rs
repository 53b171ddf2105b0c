//! Functions that block, on the thread pool of smol.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt_core::runtime::Blocking;
use smol::Task;

use crate::spawn::enter;
use crate::{Handle, Smol};

/// The result of a function that runs on a thread where it may block.
///
/// Dropping this does not stop the function.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Call<T>(Option<Task<T>>);

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let task = self.0.as_mut().expect("polled after completion");
        let output = ready!(Pin::new(task).poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        // Dropping smol's handle would cancel a function that has not begun.
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

impl Blocking for Smol {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(handle: &Handle, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let handle = handle.clone();
        Call(Some(smol::unblock(move || {
            let _entered = enter(handle);
            f()
        })))
    }
}
