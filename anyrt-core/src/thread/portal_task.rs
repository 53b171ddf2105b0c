//! A task of a portal, and the transfer of its result to a thread.

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::thread;

use futures_util::FutureExt;

use crate::cancel::CancelHandle;
use crate::engine::{Cancelled, Cause, Run};
use crate::error::CallError;
use crate::loom::{Arc, Mutex, lock};
use crate::task::TaskHandle;
use crate::task::{InPlace, block_on, polls_a_task_of};

/// Runs a task of a portal, and stores its output or panic for a thread.
pub(super) async fn caught<F: Future>(future: F, cell: Arc<ResultCell<F::Output>>) {
    // The group sees neither the output nor the panic.
    let result = AssertUnwindSafe(future).catch_unwind().await;
    *lock(&cell.result) = Some(result);
}

/// The place for the result of a portal's task. A panic that is not taken goes to the run.
pub(super) struct ResultCell<T> {
    result: Mutex<Option<thread::Result<T>>>,
    run: Option<Arc<Run>>,
}

impl<T> ResultCell<T> {
    pub(super) fn new(run: Option<Arc<Run>>) -> Arc<ResultCell<T>> {
        Arc::new(ResultCell {
            result: Mutex::new(None),
            run,
        })
    }

    pub(super) fn take(&self) -> Option<thread::Result<T>> {
        lock(&self.result).take()
    }
}

impl<T> Drop for ResultCell<T> {
    fn drop(&mut self) {
        if let Some(Err(payload)) = self.take() {
            Run::unhandled_panic(self.run.as_deref(), payload);
        }
    }
}

/// A handle to a task that was started through a portal, for threads outside of the run.
///
/// Dropping it detaches the task.
pub struct PortalTask<T> {
    handle: TaskHandle<()>,
    cell: Arc<ResultCell<T>>,
    scope: CancelHandle,
    in_place: InPlace,
}

impl<T> PortalTask<T> {
    pub(super) fn new(
        handle: TaskHandle<()>,
        cell: Arc<ResultCell<T>>,
        scope: CancelHandle,
        in_place: InPlace,
    ) -> Self {
        PortalTask {
            handle,
            cell,
            scope,
            in_place,
        }
    }

    /// Waits until the task has ended, and returns its output.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the task has ended.
    ///
    /// # Errors
    ///
    /// - [`CallError::Cancelled`]: the task was cancelled, by itself or with the portal.
    /// - [`CallError::Inside`]: this thread polls tasks of the run, or has entered its runtime.
    ///
    /// # Panics
    ///
    /// With the panic of the task.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let answer = start_blocking_portal(&Builder::new(), |portal| {
    ///     portal.spawn(async { 6 * 7 }).unwrap().wait()
    /// });
    /// assert_eq!(answer.unwrap(), Ok(42));
    /// ```
    pub fn wait(self) -> Result<T, CallError> {
        // A task that has ended needs no wait, so its result can be taken anywhere.
        if !self.is_finished() && self.is_inside() {
            return Err(CallError::Inside);
        }
        if self.is_finished() {
            return self.wait_here();
        }
        let in_place = self.in_place.clone();
        let waited = in_place.block(|| self.wait_here());
        waited.unwrap_or(Err(CallError::Inside))
    }

    /// Waits on this thread, which must be allowed to block.
    pub(super) fn wait_here(self) -> Result<T, CallError> {
        let ended = block_on(self.handle);
        match (self.cell.take(), ended) {
            (Some(Ok(value)), _) => Ok(value),
            (Some(Err(payload)), _) => resume_unwind(payload),
            // Nothing in the cell: the task was interrupted. The cause is that of the task, or else that of
            // the portal.
            (None, ended) => {
                let own = ended.err().and_then(|error| error.cancellation().cloned());
                let cause = own.or_else(|| self.scope.cancellation());
                let cause = cause.unwrap_or_else(|| Cancelled::new(Cause::Enclosing));
                Err(CallError::Cancelled(cause))
            }
        }
    }

    /// Cancels this task only.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let error = start_blocking_portal(&Builder::new(), |portal| {
    ///     let task = portal.spawn(anyrt::sleep_forever()).unwrap();
    ///     task.cancel();
    ///     task.wait().unwrap_err()
    /// });
    /// assert!(error.unwrap().is_cancelled());
    /// ```
    pub fn cancel(&self) {
        self.handle.cancel();
    }

    /// Returns whether the task has ended, for any reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, start_blocking_portal};
    ///
    /// let finished = start_blocking_portal(&Builder::new(), |portal| {
    ///     let task = portal.spawn(anyrt::sleep_forever()).unwrap();
    ///     let finished = task.is_finished();
    ///     task.cancel();
    ///     finished
    /// });
    /// assert!(!finished.unwrap());
    /// ```
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Returns whether this thread polls tasks of the run.
    pub(super) fn is_inside(&self) -> bool {
        polls_a_task_of(self.cell.run.as_ref())
    }

    /// Waits until the task has ended. Its output is dropped, and a panic goes to the run.
    pub(super) fn wait_for_end(self) {
        // The cell is dropped on return, and reports a panic.
        let _ = self.in_place.block(|| block_on(self.handle));
    }
}

impl<T> fmt::Debug for PortalTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PortalTask").field(&self.handle).finish()
    }
}
