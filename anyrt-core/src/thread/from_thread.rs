//! From a thread into a run.
//!
//! A worker thread, on which [`to_thread`](super::to_thread) runs a function, can call back into
//! the run: [`run`], [`run_sync`]. The task that waits for the function polls what it is sent, in
//! its own place: so that is under the same cancel scopes, and the call of `to_thread` cannot end
//! before it. The thread waits meanwhile.
//!
//! Any other thread needs a token that was taken in the run, a [`RunHandle`]: [`run_in`],
//! [`run_sync_in`]. What is sent that way is a task of its own, which belongs to the run.
//!
//! Either way the thread is released when what it waits for is cancelled, and when the run ends.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

use futures_util::FutureExt;
use pin_project::pin_project;

use super::call::{Request, Worker};
use crate::engine::{Cancelled, Cause, Context};
use crate::error::CallError;
use crate::runtime::Runtime;
use crate::task::RunHandle;
use crate::task::{refuse_inside, reply};

/// Runs a future in the task that this worker thread works for, and gives its value.
///
/// It is polled where that task waits for the thread, under the same cancel scopes: cancelled
/// there, the future is interrupted, its clean-up code included, and the thread gets
/// [`CallError::Cancelled`]. Context variables go along, as the thread sees them; what the future
/// sets stays in it.
///
/// If the calling task does not poll its call, because it does something else in between, the
/// thread waits that long.
///
/// # Blocking
///
/// Blocks this thread until the future has ended.
///
/// # Errors
///
/// - [`CallError::Cancelled`]: the future was interrupted, or nobody waits for this thread any more.
/// - [`CallError::Outside`]: this is no worker thread; see [`run_in`].
/// - [`CallError::Inside`]: this thread polls tasks, or has entered the runtime of a run: it would wait for itself.
///
/// # Panics
///
/// With the panic of the future.
pub fn run<F>(future: F) -> Result<F::Output, CallError>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    refuse_inside()?;
    let worker = Worker::current().ok_or(CallError::Outside)?;
    let (replier, reply) = reply();
    let open = Box::new(replier.clone());
    let answered = async move {
        let caught = AssertUnwindSafe(future).catch_unwind().await;
        replier.send(caught);
    };
    let future = Box::pin(InContext {
        context: Context::current(),
        future: answered,
    });
    let request = Request { future, open };
    // What is refused is dropped here, and that answers too.
    drop(worker.caller.ask(request));
    match reply.wait() {
        Some(Ok(value)) => Ok(value),
        Some(Err(payload)) => resume_unwind(payload),
        None => Err(CallError::Cancelled(
            worker.caller.cancellation().unwrap_or_else(caller_gone),
        )),
    }
}

/// Calls a function in the task that this worker thread works for, and gives its value.
///
/// It runs on the thread that polls the task, also if the task is cancelled. It must not block.
///
/// # Blocking
///
/// Blocks this thread until the function has returned.
///
/// # Errors
///
/// As [`run`].
///
/// # Panics
///
/// With the panic of the function.
pub fn run_sync<F, T>(f: F) -> Result<T, CallError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    run(async move { f() })
}

/// Runs a future in a run, from any thread outside of it, and gives its value.
///
/// It is a task of its own, which belongs to the run as a whole, and is cancelled when the run's
/// main future ends. Context variables go along, as this thread sees them.
///
/// # Blocking
///
/// Blocks this thread until the future has ended.
///
/// # Errors
///
/// - [`CallError::NotRunning`]: the run has ended, or ends meanwhile.
/// - [`CallError::Inside`]: this thread polls tasks, or has entered the runtime of a run: it might wait for itself.
///
/// # Panics
///
/// With the panic of the future.
#[track_caller]
pub fn run_in<R, F>(run: &RunHandle<R>, future: F) -> Result<F::Output, CallError>
where
    R: Runtime,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Ok(run.block_on(future)?)
}

/// Calls a function in a run, from any thread outside of it, and gives its value.
///
/// It runs on a thread that polls tasks of the run. It must not block.
///
/// # Blocking
///
/// Blocks this thread until the function has returned.
///
/// # Errors
///
/// As [`run_in`].
///
/// # Panics
///
/// With the panic of the function.
#[track_caller]
pub fn run_sync_in<R, F, T>(run: &RunHandle<R>, f: F) -> Result<T, CallError>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Ok(run.block_on(async move { f() })?)
}

/// Whether the task that this worker thread works for is cancelled: for functions that take long,
/// to ask from time to time.
///
/// Hand the error back through [`run_cancellable`](super::to_thread::run_cancellable), and the
/// cancellation goes on in the task.
///
/// The task notices a cancellation when it is polled next, and the thread a moment later. A task
/// that waits no longer, because its call was dropped or abandoned, counts as cancelled.
///
/// # Errors
///
/// [`Cancelled`] if it is, with the cause.
///
/// # Panics
///
/// If this is no worker thread.
pub fn check_cancelled() -> Result<(), Cancelled> {
    let Some(worker) = Worker::current() else {
        panic!(
            "`check_cancelled` is for functions that `to_thread` runs: {}",
            CallError::Outside
        );
    };
    match worker.caller.cancellation() {
        None => Ok(()),
        Some(cancelled) => Err(cancelled),
    }
}

/// What the thread is told when its caller was dropped from outside.
pub(super) fn caller_gone() -> Cancelled {
    let reason = "nobody waits for this thread any more";
    Cancelled::with(Cause::HostDropped, Some(reason.to_owned()), None)
}

/// A future with a context of its own, which outlasts each poll.
#[pin_project]
struct InContext<F> {
    context: Context,
    #[pin]
    future: F,
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let context = this.context.clone();
        context.run(|| {
            let polled = this.future.poll(cx);
            *this.context = Context::current();
            polled
        })
    }
}
