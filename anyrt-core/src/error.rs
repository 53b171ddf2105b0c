//! The errors that several areas share: small types, one per kind of event, whose messages say
//! what to do.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::ops::Deref;

use thiserror::Error as ThisError;

pub use crate::cancel::{Cancelled, Cause};

/// No runtime was found where one is needed; the message names the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{message}")]
pub struct NoRuntime {
    message: Cow<'static, str>,
}

impl NoRuntime {
    /// An error with this message, which should say what to do. For backends.
    pub fn new(message: impl Into<Cow<'static, str>>) -> NoRuntime {
        NoRuntime {
            message: message.into(),
        }
    }
}

impl From<NoRuntime> for io::Error {
    fn from(error: NoRuntime) -> Self {
        io::Error::other(error)
    }
}

/// The run that is asked for is not there; the message names the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{message}")]
pub struct NoRun {
    message: &'static str,
    ended: bool,
}

impl NoRun {
    pub(crate) fn outside() -> NoRun {
        NoRun {
            message: "this is not part of a run: get the handle inside `anyrt::run`, and take it \
                      along",
            ended: false,
        }
    }

    pub(crate) fn ended() -> NoRun {
        NoRun {
            message: "the run of this handle has ended: keep the run going for as long as its \
                      handles are used",
            ended: true,
        }
    }

    pub(crate) fn inside() -> NoRun {
        NoRun {
            message: "this thread polls a task of a run, and would wait for itself: await the \
                      future here, or call from a worker thread",
            ended: false,
        }
    }

    /// Whether there was a run that has ended.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

/// A thread called into a run and got no value; the message says why, and names the fix.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum CallError {
    /// What was called was interrupted by a cancellation, or was dropped.
    #[error("the call into the run was {0}")]
    Cancelled(Cancelled),
    /// The run has ended, or the portal has been stopped.
    #[error("this is not running any more: the run has ended, or the portal has been stopped")]
    NotRunning,
    /// This thread works for no task.
    #[error(
        "this is no worker thread: call from a function that `to_thread` runs, or take a \
         `RunHandle` along from the run"
    )]
    Outside,
    /// This thread polls a task, which would wait for itself.
    #[error(
        "this thread polls a task of a run, and would wait for itself: await the future here, or \
         call from a worker thread"
    )]
    Inside,
}

impl CallError {
    /// Whether what was called was interrupted by a cancellation.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, CallError::Cancelled(_))
    }
}

impl From<NoRun> for CallError {
    fn from(error: NoRun) -> Self {
        match error {
            NoRun { ended: true, .. } => CallError::NotRunning,
            error if error == NoRun::inside() => CallError::Inside,
            _ => CallError::Outside,
        }
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        let kind = match error {
            CallError::Cancelled(_) => io::ErrorKind::Interrupted,
            CallError::NotRunning => io::ErrorKind::NotConnected,
            CallError::Outside | CallError::Inside => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

/// A task that was started through a portal did not become ready.
#[derive(Debug)]
#[non_exhaustive]
pub enum PortalStartError<T> {
    /// It ended without having called `started`; here is what it returned.
    NotStarted(T),
    /// It was not started, or was cancelled before it was ready.
    Call(CallError),
}

impl<T> fmt::Display for PortalStartError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortalStartError::NotStarted(_) => {
                f.write_str("the task ended without calling `started`")
            }
            PortalStartError::Call(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for PortalStartError<T> {}

impl<T> From<CallError> for PortalStartError<T> {
    fn from(error: CallError) -> Self {
        PortalStartError::Call(error)
    }
}

/// A run could not be started.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub struct RunError {
    kind: RunErrorKind,
}

#[derive(Debug, ThisError)]
enum RunErrorKind {
    #[error(
        "a run was started inside a run, on the same thread: await the future, spawn it, or start \
         the inner run on a thread of its own"
    )]
    Nested,
    #[error("the runtime could not be started")]
    Start(#[source] io::Error),
    #[error("{0}")]
    Options(Cow<'static, str>),
}

impl RunError {
    pub(crate) fn nested() -> RunError {
        RunError {
            kind: RunErrorKind::Nested,
        }
    }

    pub(crate) fn start(error: io::Error) -> RunError {
        RunError {
            kind: RunErrorKind::Start(error),
        }
    }

    /// Options that do not fit; the message should say what to do. For facades.
    pub fn options(message: impl Into<Cow<'static, str>>) -> RunError {
        RunError {
            kind: RunErrorKind::Options(message.into()),
        }
    }

    /// Whether a run was started inside a run.
    pub fn is_nested(&self) -> bool {
        matches!(self.kind, RunErrorKind::Nested)
    }
}

impl From<RunError> for io::Error {
    fn from(error: RunError) -> Self {
        match error.kind {
            RunErrorKind::Start(error) => error,
            kind => io::Error::new(io::ErrorKind::InvalidInput, RunError { kind }),
        }
    }
}

/// What a `try_` function would have to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("this would have to wait: call the function without `try_`, or come back later")]
#[non_exhaustive]
pub struct WouldBlock;

impl From<WouldBlock> for io::Error {
    fn from(error: WouldBlock) -> Self {
        io::Error::new(io::ErrorKind::WouldBlock, error)
    }
}

/// A stream knows nothing of the kind that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("there is no attribute `{name}` here")]
pub struct MissingAttribute {
    name: &'static str,
}

impl MissingAttribute {
    pub(crate) fn new(name: &'static str) -> MissingAttribute {
        MissingAttribute { name }
    }

    /// What was asked for.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl From<MissingAttribute> for io::Error {
    fn from(error: MissingAttribute) -> Self {
        io::Error::new(io::ErrorKind::NotFound, error)
    }
}

/// Somebody else is using what one at a time may use.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("somebody else is {action} this already: let one task at a time do it")]
pub struct Busy {
    action: Cow<'static, str>,
}

impl Busy {
    pub(crate) fn new(action: Cow<'static, str>) -> Busy {
        Busy { action }
    }

    /// What the other is doing, in words such as "reading from".
    pub fn action(&self) -> &str {
        &self.action
    }
}

impl From<Busy> for io::Error {
    fn from(error: Busy) -> Self {
        io::Error::new(io::ErrorKind::ResourceBusy, error)
    }
}

/// A time limit passed.
#[derive(Clone, PartialEq, Eq)]
pub struct Elapsed {
    reason: Option<Box<str>>,
}

impl Elapsed {
    pub(crate) fn new(reason: Option<Box<str>>) -> Elapsed {
        Elapsed { reason }
    }

    /// The reason that was given with the limit.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Debug for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elapsed")
            .field("reason", &self.reason)
            .finish()
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "the time limit passed: {reason}"),
            None => f.write_str("the time limit passed"),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}

/// A task ended without a value for its handle.
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

    /// The task failed, or panicked; its group has the error.
    pub fn is_failed(&self) -> bool {
        self.kind == TaskErrorKind::Failed
    }

    /// The task was interrupted by a cancellation.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, TaskErrorKind::Cancelled(_))
    }

    /// Why the task was cancelled, if it was cancelled by itself.
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

/// A task's handle has no value to show.
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
    /// The handle was awaited before, and gave the value away.
    #[error("the task's value was taken already")]
    Taken,
}

/// Everything that went wrong in a group (rule G3), or why it was interrupted (rule G5).
///
/// `Display` is one line; `{:#}` is a tree, one line for each error.
#[derive(Debug)]
#[non_exhaustive]
pub enum GroupError<E> {
    /// Children or the body failed.
    Failed(Failures<E>),
    /// The group was cancelled, and its body interrupted; nothing failed.
    Cancelled(Cancelled),
}

/// At least one error, each once, in order of arrival.
#[derive(Debug, PartialEq, Eq)]
pub struct Failures<E>(Vec<E>);

impl<E> Failures<E> {
    /// The error that came first.
    pub fn first(&self) -> &E {
        &self.0[0]
    }

    /// The error that came first; the others are dropped.
    pub fn into_first(self) -> E {
        match self.0.into_iter().next() {
            Some(first) => first,
            None => unreachable!("there is at least one failure"),
        }
    }
}

impl<E> Deref for Failures<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.0
    }
}

impl<E> IntoIterator for Failures<E> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Failures<E> {
    type Item = &'a E;
    type IntoIter = std::slice::Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<E> GroupError<E> {
    /// `errors` must not be empty.
    pub(crate) fn failed(errors: Vec<E>) -> GroupError<E> {
        debug_assert!(!errors.is_empty(), "a group without errors has not failed");
        GroupError::Failed(Failures(errors))
    }

    /// Whether the group was interrupted by a cancellation, and nothing failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, GroupError::Cancelled(_))
    }

    /// The errors, in order of arrival; none if the group was cancelled.
    pub fn errors(&self) -> &[E] {
        match self {
            GroupError::Failed(failures) => failures,
            GroupError::Cancelled(_) => &[],
        }
    }

    /// The same with other errors, where the caller's type has room for those only.
    pub fn map_errors<F>(self, f: impl FnMut(E) -> F) -> GroupError<F> {
        match self {
            GroupError::Failed(failures) => {
                GroupError::Failed(Failures(failures.into_iter().map(f).collect()))
            }
            GroupError::Cancelled(cancelled) => GroupError::Cancelled(cancelled),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = match self {
            GroupError::Cancelled(cancelled) => return write!(f, "the group was {cancelled}"),
            GroupError::Failed(failures) => failures,
        };
        match failures.len() {
            1 => f.write_str("1 task failed")?,
            count => write!(f, "{count} tasks failed")?,
        }
        if f.alternate() {
            for (index, error) in failures.iter().enumerate() {
                let last = index + 1 == failures.len();
                let (branch, trunk) = if last {
                    ("└── ", "    ")
                } else {
                    ("├── ", "│   ")
                };
                let text = format!("{error:#}");
                for (line, text) in text.lines().enumerate() {
                    write!(f, "\n{}{text}", if line == 0 { branch } else { trunk })?;
                }
            }
            return Ok(());
        }
        for (index, error) in failures.iter().enumerate() {
            write!(f, "{} {error}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// Asks no more than `Debug` and `Display` of `E`, because popular error types offer no more; so
/// there is no `source`, and `Display` tells everything.
impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}

impl<E> From<GroupError<E>> for io::Error
where
    GroupError<E>: Error + Send + Sync + 'static,
{
    fn from(error: GroupError<E>) -> Self {
        let kind = match &error {
            GroupError::Cancelled(_) => io::ErrorKind::Interrupted,
            GroupError::Failed(_) => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl From<GroupError<Infallible>> for Cancelled {
    fn from(error: GroupError<Infallible>) -> Self {
        match error {
            GroupError::Cancelled(cancelled) => cancelled,
            GroupError::Failed(Failures(errors)) => match errors.first() {
                Some(never) => match *never {},
                None => unreachable!("there is at least one failure"),
            },
        }
    }
}

/// A child could not be spawned, because its group has ended; here is the future.
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

/// A child that was started did not become ready.
///
/// `E` is boxed, so that an error type may hold a `StartError` of itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError<E> {
    /// It failed before that.
    Failed(Box<E>),
    /// It ended well without having called `started`.
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
