//! Groups, with the ambient runtime filled in.

use anyrt_core::error::GroupError;
use anyrt_core::task::{self, GroupOutput, LocalTaskGroup, ScopedTaskGroup};

use crate::{Ambient, Instant};

/// Handle of a group whose children are tasks: spawns, and cancels.
///
/// Cheap to clone; clones can go into children. See [`task_group`].
pub type TaskGroup<E> = task::TaskGroup<Ambient, E>;

/// Opens a group of tasks, runs `body` with it, and waits for every child.
///
/// Children are tasks: they run in parallel where the runtime has several threads, and own what
/// they use. For children that borrow see [`scoped_task_group`].
///
/// The first failure, of a child or of the body, cancels the rest; all are waited for; the result
/// has every error. A panic continues here once all have ended.
///
/// # Choosing the error type
///
/// It is inferred from what children and body return. Where nothing fixes it, write the body's
/// return type, `async |tg| -> Result<(), MyError> { … }`, or name it:
/// `task_group::<MyError, _, _>(…)`.
///
/// # Cancel safety
///
/// Cancelling a scope around it cancels the children, and waits for them. Dropping it from outside
/// cancels the children at once; the group around, or the run, waits for them.
///
/// # Errors
///
/// [`GroupError::Failed`] with every error that came up, and [`GroupError::Cancelled`] if the
/// group was cancelled and the body was interrupted.
///
/// # Panics
///
/// If a child or the body panicked, and where no runtime is at hand.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::num::ParseIntError;
///
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     text.parse()
/// }
///
/// let sum = anyrt::run(anyrt::task_group(async |tg| {
///     let one = tg.spawn(parse("1"));
///     let two = tg.spawn(parse("2"));
///     Ok(one.value().await + two.value().await)
/// }));
/// assert_eq!(sum.unwrap(), 3);
///
/// let failed = anyrt::run(anyrt::task_group(async |tg| {
///     tg.spawn(parse("x"));
///     tg.spawn(async { anyrt::sleep_forever().await }); // is cancelled, and waited for
///     Ok(())
/// }));
/// let error = failed.unwrap_err();
/// assert_eq!(error.to_string(), "1 task failed: invalid digit found in string");
/// ```
///
/// A child that spawns siblings gets a clone of the handle:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let done = anyrt::run(anyrt::task_group(async |tg| {
///     let group = tg.clone();
///     tg.spawn(async move {
///         group.spawn(async { anyrt::checkpoint().await });
///     });
/// }));
/// assert!(done.is_ok());
/// ```
///
/// What a child uses it owns. A child that borrows from around the group does not compile here; it
/// does in [`scoped_task_group`]:
///
/// ```compile_fail
/// # async fn print(text: &str) {}
/// async fn print_all(texts: Vec<String>) {
///     let _ = anyrt::task_group(async |tg| {
///         for text in &texts {
///             tg.spawn(print(text));
///         }
///     })
///     .await;
/// }
/// ```
#[inline]
#[track_caller]
pub fn task_group<E, T, Fut>(
    body: impl FnOnce(TaskGroup<E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    E: Send + 'static,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    task::task_group::<Ambient, E, T, Fut>(body)
}

/// Opens a group whose children may borrow from what surrounds it.
///
/// Children run concurrently with each other and with the body, all inside the task that awaits
/// the group: not in parallel, which no safe interface can offer together with borrowing. They are
/// `Send`, so that the whole can be used in a spawned task. Everything else is as in
/// [`task_group`].
///
/// # Cancel safety
///
/// Cancelling a scope around it cancels the children, and waits for their clean-up. Dropping it
/// from outside drops them.
///
/// # Errors
///
/// As for [`task_group`].
///
/// # Panics
///
/// If a child or the body panicked.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let words = vec![String::from("to"), String::from("borrow")];
/// let lengths = anyrt::run(anyrt::scoped_task_group(async |tg| {
///     let handles: Vec<_> = words
///         .iter()
///         .map(|word| tg.spawn(async { Ok::<_, std::io::Error>(word.len()) }))
///         .collect();
///     let mut lengths = Vec::new();
///     for handle in handles {
///         lengths.push(handle.value().await);
///     }
///     Ok(lengths)
/// }));
/// assert_eq!(lengths.unwrap(), [2, 6]);
/// ```
#[inline]
#[track_caller]
pub fn scoped_task_group<'env, E, T, Fut>(
    body: impl FnOnce(ScopedTaskGroup<'env, E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    E: Send + 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    task::scoped_task_group::<Ambient, E, T, Fut>(body)
}

/// Opens a group whose children may borrow, and need not be `Send`.
///
/// See [`scoped_task_group`], whose twin it is.
///
/// # Cancel safety
///
/// As [`scoped_task_group`].
///
/// # Errors
///
/// As for [`task_group`].
///
/// # Panics
///
/// If a child or the body panicked.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::cell::Cell;
///
/// let count = Cell::new(0);
/// let done = anyrt::run(anyrt::local_task_group(async |tg| {
///     for _ in 0..3 {
///         tg.spawn(async { count.set(count.get() + 1) });
///     }
/// }));
/// assert!(done.is_ok());
/// assert_eq!(count.get(), 3);
/// ```
#[inline]
#[track_caller]
pub fn local_task_group<'env, E, T, Fut>(
    body: impl FnOnce(LocalTaskGroup<'env, E>) -> Fut,
) -> impl Future<Output = Result<T, GroupError<E>>>
where
    E: 'env,
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    task::local_task_group::<Ambient, E, T, Fut>(body)
}

/// Options of a group, and what opens one with them.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::io;
///
/// let all = anyrt::GroupOptions::new().name("uploads").keep_going();
/// let result = anyrt::run(all.run(async |tg| {
///     for reason in ["first", "second"] {
///         tg.spawn(async move { Err::<(), _>(io::Error::other(reason)) });
///     }
///     Ok(())
/// }));
/// assert_eq!(result.unwrap_err().errors().len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until a group is run with them"]
pub struct GroupOptions(task::GroupOptions);

impl GroupOptions {
    /// The defaults: no name, the first failure cancels, no deadline.
    pub fn new() -> GroupOptions {
        GroupOptions::default()
    }

    /// Names the group, for listings and messages.
    pub fn name(self, name: impl Into<String>) -> GroupOptions {
        GroupOptions(self.0.name(name))
    }

    /// Errors of children do not cancel their siblings; all are reported at the end.
    ///
    /// An error of the body still cancels, and so does a panic.
    pub fn keep_going(self) -> GroupOptions {
        GroupOptions(self.0.keep_going())
    }

    /// Cancels the group at `deadline`.
    pub fn deadline(self, deadline: Instant) -> GroupOptions {
        GroupOptions(self.0.deadline(deadline))
    }

    /// Opens a group of tasks.
    ///
    /// # Cancel safety
    ///
    /// As [`task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As [`task_group`].
    #[inline]
    #[track_caller]
    pub fn run<E, T, Fut>(
        self,
        body: impl FnOnce(TaskGroup<E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        E: Send + 'static,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        self.0.run::<Ambient, E, T, Fut>(body)
    }

    /// Opens a group of tasks whose children's errors go to `report` as they come, and no further:
    /// for servers that never end. Children keep going.
    ///
    /// # Cancel safety
    ///
    /// As [`task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`], where [`GroupError::Failed`] has the body's error.
    ///
    /// # Panics
    ///
    /// As [`task_group`].
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// use std::sync::mpsc;
    ///
    /// let (sender, errors) = mpsc::channel();
    /// let report = move |error: &'static str| sender.send(error).unwrap();
    /// let result = anyrt::run(anyrt::GroupOptions::new().run_reporting(report, async |tg| {
    ///     tg.spawn(async { Err::<(), _>("connection lost") }).wait().await;
    ///     Ok("served on")
    /// }));
    /// assert_eq!(result.unwrap(), "served on");
    /// assert_eq!(errors.recv(), Ok("connection lost"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_reporting<E, T, Fut>(
        self,
        report: impl FnMut(E) + Send + 'static,
        body: impl FnOnce(TaskGroup<E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        E: Send + 'static,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        self.0.run_reporting::<Ambient, E, T, Fut>(report, body)
    }

    /// Opens a group of borrowing children.
    ///
    /// # Cancel safety
    ///
    /// As [`scoped_task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As [`scoped_task_group`].
    #[inline]
    #[track_caller]
    pub fn run_scoped<'env, E, T, Fut>(
        self,
        body: impl FnOnce(ScopedTaskGroup<'env, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        E: Send + 'env,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        self.0.run_scoped::<Ambient, E, T, Fut>(body)
    }

    /// Opens a group of borrowing children that need not be `Send`.
    ///
    /// # Cancel safety
    ///
    /// As [`scoped_task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As [`scoped_task_group`].
    #[inline]
    #[track_caller]
    pub fn run_local<'env, E, T, Fut>(
        self,
        body: impl FnOnce(LocalTaskGroup<'env, E>) -> Fut,
    ) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        E: 'env,
        Fut: Future,
        Fut::Output: GroupOutput<E, Value = T>,
    {
        self.0.run_local::<Ambient, E, T, Fut>(body)
    }
}
