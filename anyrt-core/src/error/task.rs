//! Errors of tasks and their handles.

use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error as ThisError;

use crate::engine::Cancelled;

/// The error of a task that ended without a value for its handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    kind: TaskErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TaskErrorKind {
    Failed,
    Cancelled(Option<Cancelled>),
    Taken,
}

impl TaskError {
    pub(crate) fn failed() -> TaskError {
        TaskError {
            kind: TaskErrorKind::Failed,
        }
    }

    pub(crate) fn cancelled(cause: Option<Cancelled>) -> TaskError {
        TaskError {
            kind: TaskErrorKind::Cancelled(cause),
        }
    }

    pub(crate) fn taken() -> TaskError {
        TaskError {
            kind: TaskErrorKind::Taken,
        }
    }

    /// Returns whether the task failed or panicked; its group has the error.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(async { Err::<(), _>("no route") });
    ///     anyrt::shield(task.wait()).await;
    ///     assert!(task.try_error().unwrap().unwrap().is_failed());
    ///     Ok(())
    /// });
    /// assert_eq!(ended.await.unwrap_err().errors(), ["no route"]);
    /// # });
    /// ```
    pub fn is_failed(&self) -> bool {
        self.kind == TaskErrorKind::Failed
    }

    /// Returns whether the task was interrupted by a cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     task.cancel();
    ///     task.wait().await;
    ///     assert!(task.try_error().unwrap().unwrap().is_cancelled());
    /// });
    /// ended.await.unwrap();
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, TaskErrorKind::Cancelled(_))
    }

    /// Returns the cause of the cancellation, if the task itself was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     task.cancel_with("not needed");
    ///     task.wait().await;
    ///     let error = task.try_error().unwrap().unwrap();
    ///     assert_eq!(error.cancellation().unwrap().reason(), Some("not needed"));
    /// });
    /// ended.await.unwrap();
    /// # });
    /// ```
    pub fn cancellation(&self) -> Option<&Cancelled> {
        match &self.kind {
            TaskErrorKind::Cancelled(cause) => cause.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TaskErrorKind::Failed => f.write_str("the task failed; its group has the error"),
            TaskErrorKind::Cancelled(None) => f.write_str("the task was cancelled with its group"),
            TaskErrorKind::Cancelled(Some(cause)) => write!(f, "the task was {cause}"),
            TaskErrorKind::Taken => f.write_str("the task's value was taken already"),
        }
    }
}

impl Error for TaskError {}

impl From<TaskError> for io::Error {
    fn from(error: TaskError) -> Self {
        io::Error::other(error)
    }
}

/// The error of a task's handle that has no value to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ValueError {
    /// The task has not ended.
    #[error("the task has not finished")]
    NotFinished,
    /// It failed, or panicked.
    #[error("the task failed; its group has the error")]
    Failed,
    /// It was cancelled.
    #[error("the task was cancelled")]
    Cancelled,
    /// The handle was awaited before, and has returned the value.
    #[error("the task's value was taken already")]
    Taken,
}

/// The error of a child that could not be spawned, because its group has ended. It contains the future.
pub struct SpawnError<F>(pub F);

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the group has ended: spawn into a group that is still open")
    }
}

impl<F> Error for SpawnError<F> {}

/// The error of a child that was started and did not become ready.
///
/// `E` is boxed, so that an error type may contain a `StartError` of itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError<E> {
    /// It failed before that.
    Failed(Box<E>),
    /// It ended without an error and without having called `started`.
    NotStarted,
    /// It was cancelled before that.
    Cancelled(Cancelled),
    /// The group had ended.
    GroupEnded,
}

impl<E: fmt::Display> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Failed(error) => write!(f, "the child failed before it was ready: {error}"),
            StartError::NotStarted => f.write_str("the child ended without calling `started`"),
            StartError::Cancelled(cause) => {
                write!(f, "the child was stopped before it was ready: {cause}")
            }
            StartError::GroupEnded => {
                f.write_str("the group has ended: start the child in a group that is still open")
            }
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for StartError<E> {}
