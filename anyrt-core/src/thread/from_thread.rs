//! Calls from a thread into a run.
//!
//! A worker thread, on which [`to_thread`](super::to_thread) runs a function, can call back into the run:
//! [`run`], [`run_sync`]. The task that waits for the function polls the future in its own place. So the
//! future is under the same cancel scopes, and the call of `to_thread` cannot end before it. The thread waits
//! meanwhile.
//!
//! Any other thread needs a [`RunHandle`] that was created in the run: [`run_in`], [`run_sync_in`]. The
//! future becomes a separate task, which belongs to the run.
//!
//! In both cases the thread is released when the future is cancelled, and when the run ends.
//!
//! A thread that has entered a run's runtime, or polls one of its tasks, gets an error where it would block
//! for the run. Native tasks on other threads of the runtime may block, as long as
//! [`Blocking::block_in_place`](crate::runtime::Blocking::block_in_place) can keep the runtime's tasks
//! running.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

use futures_util::FutureExt;
use pin_project::pin_project;

use super::call::{Request, Worker};
use crate::engine::{Cancelled, Cause, Context};
use crate::error::CallError;
use crate::runtime::{Runtime, relax};
use crate::task::RunHandle;
use crate::task::{refuse_inside, reply};

/// Runs a future in the task that this worker thread works for, and returns its output.
///
/// The future is polled where that task waits for the thread, under the same cancel scopes. If it is
/// cancelled there, it is interrupted, its clean-up code included, and the thread gets
/// [`CallError::Cancelled`]. The future sees the context variables of the thread; changes stay in the future.
///
/// The thread waits as long as the calling task does not poll its call, for example because it does something
/// else in between.
///
/// # Blocking
///
/// Blocks this thread until the future has ended.
///
/// # Errors
///
/// - [`CallError::Cancelled`]: the future was interrupted, or the caller of this thread is gone.
/// - [`CallError::Outside`]: this is not a worker thread; see [`run_in`].
/// - [`CallError::Inside`]: this thread polls tasks, or has entered the runtime of a run, so it would wait
///   for itself.
///
/// # Panics
///
/// With the panic of the future.
pub fn run<F>(future: F) -> Result<F::Output, CallError>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // 1. Only a worker thread can call, and not one that polls tasks itself.
    refuse_inside()?;
    let worker = Worker::current().ok_or(CallError::Outside)?;
    // 2. The future sends its outcome, panics included. Both repliers are gone without an answer if it is
    //    interrupted, or refused.
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
    // 3. Pass it to the calling task, and block until the answer.
    let request = Request { future, open };
    // A refused request is dropped here, which drops its replier: `wait` returns `None`.
    drop(worker.caller.ask(request));
    match reply.wait() {
        Some(Ok(value)) => Ok(value),
        Some(Err(payload)) => resume_unwind(payload),
        None => Err(CallError::Cancelled(
            worker.caller.cancellation().unwrap_or_else(caller_gone),
        )),
    }
}

/// Calls a function in the task that this worker thread works for, and returns its value.
///
/// The function runs on the thread that polls the task, even if the task is cancelled. It must not block.
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
///
/// # Examples
///
/// ```
/// use anyrt::{from_thread, to_thread};
///
/// # anyrt::run(async {
/// let name = to_thread::run(|| {
///     // `task::current` works in the task, not on the worker thread.
///     assert!(anyrt::task::current().is_none());
///     from_thread::run_sync(|| anyrt::task::current().unwrap().name())
/// });
/// assert_eq!(&*name.await.unwrap(), "main");
/// # });
/// ```
pub fn run_sync<F, T>(f: F) -> Result<T, CallError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    run(async move { f() })
}

/// Runs a future in a run, from any thread outside of it, and returns its output.
///
/// The future becomes a separate task, which belongs to the run as a whole, and is cancelled when the main
/// future of the run ends. It sees the context variables of this thread.
///
/// # Blocking
///
/// Blocks this thread until the future has ended.
///
/// # Errors
///
/// - [`CallError::NotRunning`]: the run has ended, or ends during the call.
/// - [`CallError::Inside`]: this thread polls tasks, or has entered the runtime of a run, so it might wait
///   for itself.
///
/// # Panics
///
/// With the panic of the future.
///
/// # Examples
///
/// ```
/// # anyrt::run(async {
/// let run = anyrt::RunHandle::current().unwrap();
/// let answer = anyrt::to_thread::run(move || anyrt::from_thread::run_in(&run, async { 42 })).await;
/// assert_eq!(answer, Ok(42));
/// # });
/// ```
#[track_caller]
pub fn run_in<R, F>(run: &RunHandle<R>, future: F) -> Result<F::Output, CallError>
where
    R: Runtime,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Ok(run.block_on(future)?)
}

/// Calls a function in a run, from any thread outside of it, and returns its value.
///
/// The function runs on a thread that polls tasks of the run. It must not block.
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
///
/// # Examples
///
/// ```
/// use anyrt::{RunHandle, from_thread};
///
/// # anyrt::run(async {
/// let run = RunHandle::current().unwrap();
/// let (sender, found) = anyrt::memory_object_stream(1);
/// std::thread::spawn(move || {
///     let inside = from_thread::run_sync_in(&run, || anyrt::task::current_run().is_some());
///     sender.try_send(inside).unwrap();
/// });
/// assert_eq!(found.receive().await, Ok(Ok(true)));
/// # });
/// ```
#[track_caller]
pub fn run_sync_in<R, F, T>(run: &RunHandle<R>, f: F) -> Result<T, CallError>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Ok(run.block_on(async move { f() })?)
}

/// Checks whether the task that this worker thread works for is cancelled. Long functions call it from time
/// to time.
///
/// Return the error from a function of [`run_cancellable`](super::to_thread::run_cancellable), and the
/// cancellation continues in the task.
///
/// The task notices a cancellation in its next poll, and the thread a moment later. A task that no longer
/// waits, because its call was dropped or abandoned, counts as cancelled.
///
/// # Errors
///
/// [`Cancelled`] with the cause, if the task is cancelled.
///
/// # Panics
///
/// If this is not a worker thread.
///
/// # Examples
///
/// ```
/// use anyrt::{from_thread, to_thread};
/// use std::time::Duration;
///
/// # anyrt::run(async {
/// let search = to_thread::run_cancellable(|| {
///     loop {
///         from_thread::check_cancelled()?;
///         std::thread::sleep(Duration::from_millis(1));
///     }
/// });
/// let found: Option<u64> = anyrt::move_on_after(Duration::from_millis(5), search).await;
/// assert_eq!(found, None);
/// # });
/// ```
pub fn check_cancelled() -> Result<(), Cancelled> {
    let Some(worker) = Worker::current() else {
        panic!(
            "`check_cancelled` is for functions that `to_thread` runs: {}",
            CallError::Outside
        );
    };
    relax();
    match worker.caller.cancellation() {
        None => Ok(()),
        Some(cancelled) => Err(cancelled),
    }
}

/// Returns the cancellation that a thread sees after its caller was dropped.
pub(super) fn caller_gone() -> Cancelled {
    let reason = "the caller of this thread is gone";
    Cancelled::with(Cause::HostDropped, Some(reason.to_owned()), None)
}

/// A future with its own context, which is kept from poll to poll.
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
        // Variables that the future sets stay in its context from poll to poll.
        let context = this.context.clone();
        context.run(|| {
            let polled = this.future.poll(cx);
            *this.context = Context::current();
            polled
        })
    }
}
