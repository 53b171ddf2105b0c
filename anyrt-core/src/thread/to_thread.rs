//! From a task to a worker thread.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::thread;

use pin_project::pin_project;

use crate::cancel::{Hold, Operation};
use crate::context::{self, Context};
use crate::runtime::Runtime;
use crate::task::{Run, Wait};

/// Runs a function that blocks on a worker thread, and waits for what it returns.
///
/// Context variables go along: the function sees the caller's values, and what it sets stays
/// there. A panic of the function continues in the caller.
///
/// # Cancel safety
///
/// A cancelled caller waits until the function has returned (rule C6), because nothing can
/// interrupt it. Dropped from outside, the function goes on, and what it returns is lost.
///
/// # Panics
///
/// With the panic of the function, and where no runtime is at hand.
pub fn run<R, F, T>(f: F) -> ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread {
        function: Some(f),
        call: None,
        hold: Hold::default(),
        operation: Operation::New,
    }
}

/// The future of [`run`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct ToThread<R: Runtime, F, T: Send + 'static> {
    function: Option<F>,
    #[pin]
    call: Option<R::Call<thread::Result<T>>>,
    hold: Hold,
    operation: Operation,
}

impl<R, F, T> Future for ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        let mut this = self.project();
        ready!(this.operation.begin(cx));
        if let Some(function) = this.function.take() {
            let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
            let context = Context::current();
            let run = Run::current();
            let call = move || {
                Run::work_for(run, || {
                    context.run(|| catch_unwind(AssertUnwindSafe(function)))
                })
            };
            this.call.set(Some(R::spawn_blocking(&runtime, call)));
        }
        let call = this.call.as_mut().as_pin_mut();
        let call = call.expect("a call that has ended is not polled again");
        match call.poll(cx) {
            Poll::Pending => {
                context::waits_for(Wait::Thread);
                this.hold.keep(cx);
                Poll::Pending
            }
            Poll::Ready(result) => {
                this.call.set(None);
                this.hold.release();
                match result {
                    Ok(value) => Poll::Ready(value),
                    Err(payload) => resume_unwind(payload),
                }
            }
        }
    }
}

impl<R: Runtime, F, T: Send + 'static> fmt::Debug for ToThread<R, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThread")
            .field("started", &self.function.is_none())
            .finish_non_exhaustive()
    }
}
