//! Task groups: the functions of `anyrt_core::task` for the ambient runtime.

use anyrt_core::error::GroupError;
use anyrt_core::task::{self, GroupOutput, LocalTaskGroup, ScopedTaskGroup};

use crate::{Ambient, Instant};

/// A handle of a group whose children are tasks. It spawns children and cancels the group.
///
/// It is cheap to clone, and clones can be moved into children. See [`task_group`].
pub type TaskGroup<E> = task::TaskGroup<Ambient, E>;

/// Opens a group of tasks, runs `body` with it, and waits for every child.
///
/// Children are tasks: they run in parallel if the runtime has several threads, and own the values that
/// they use. For children that borrow, see [`scoped_task_group`].
///
/// The first failure, of a child or of the body, cancels the other children. The group waits for all of
/// them, and its result has every error. A panic continues in the caller once all children have ended.
///
/// # Choosing the error type
///
/// The error type is inferred from the results of the children and the body. If nothing determines it,
/// write the return type of the body, `async |tg| -> Result<(), MyError> { … }`, or name it:
/// `task_group::<MyError, _, _>(…)`.
///
/// # Cancel safety
///
/// If an enclosing scope is cancelled, the children are cancelled, and the group waits for them. If the
/// future is dropped from outside, the children are cancelled at once; the enclosing group, or the run,
/// waits for them.
///
/// # Errors
///
/// Returns [`GroupError::Failed`] with every error that occurred, or [`GroupError::Cancelled`] if the
/// group was cancelled and the body was interrupted.
///
/// # Panics
///
/// Panics if a child or the body panicked, or if there is no runtime.
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
/// A child owns the values that it uses. A child that borrows from the code around the group does not
/// compile here; it compiles in [`scoped_task_group`]:
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

/// Opens a group whose children may borrow from the surrounding code.
///
/// Children run concurrently with each other and with the body, all inside the task that awaits the
/// group. They do not run in parallel: no safe interface can offer that together with borrowing. They
/// are `Send`, so that the group can be used in a spawned task. Apart from that it works like
/// [`task_group`].
///
/// # Cancel safety
///
/// If an enclosing scope is cancelled, the children are cancelled, and the group waits for their
/// clean-up. If the future is dropped from outside, the children are dropped.
///
/// # Errors
///
/// As for [`task_group`].
///
/// # Panics
///
/// Panics if a child or the body panicked.
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
/// Apart from that it works like [`scoped_task_group`].
///
/// # Cancel safety
///
/// As for [`scoped_task_group`].
///
/// # Errors
///
/// As for [`task_group`].
///
/// # Panics
///
/// Panics if a child or the body panicked.
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

/// Options of a group, and functions that open a group with them.
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
    /// Creates the default options: no name, the first failure cancels, no deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let group = anyrt::GroupOptions::new().run(async |tg| {
    ///     tg.spawn(async {});
    /// });
    /// assert!(group.await.is_ok());
    /// # });
    /// ```
    pub fn new() -> GroupOptions {
        GroupOptions::default()
    }

    /// Sets the name of the group, for listings and messages.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let group = anyrt::GroupOptions::new().name("uploads").run(async |tg| {
    ///     assert_eq!(&*tg.name(), "uploads");
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn name(self, name: impl Into<String>) -> GroupOptions {
        GroupOptions(self.0.name(name))
    }

    /// Lets the group keep going: an error of a child does not cancel its siblings.
    ///
    /// All errors are reported at the end. An error of the body still cancels, and so does a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let group = anyrt::GroupOptions::new().keep_going().run(async |tg| {
    ///     tg.spawn(async { Err::<(), _>("first") });
    ///     tg.spawn(async { Err::<(), _>("second") });
    ///     Ok(())
    /// });
    /// assert_eq!(group.await.unwrap_err().errors().len(), 2);
    /// # });
    /// ```
    pub fn keep_going(self) -> GroupOptions {
        GroupOptions(self.0.keep_going())
    }

    /// Sets the deadline at which the group is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let deadline = anyrt::now() + Duration::from_millis(5);
    /// let group = anyrt::GroupOptions::new().deadline(deadline).run(async |_tg| {
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    /// });
    /// assert!(group.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn deadline(self, deadline: Instant) -> GroupOptions {
        GroupOptions(self.0.deadline(deadline))
    }

    /// Opens a group of tasks.
    ///
    /// # Cancel safety
    ///
    /// As for [`task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As for [`task_group`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::GroupOptions;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let group = GroupOptions::new().name("uploads").run(async |tg| {
    ///     let answer = tg.spawn(async { Ok::<_, std::io::Error>(6 * 7) });
    ///     Ok(answer.value().await)
    /// });
    /// assert_eq!(group.await.unwrap(), 42);
    /// # });
    /// ```
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

    /// Opens a group of tasks that passes the errors of children to `report` as they occur, and not to
    /// its result.
    ///
    /// It is for servers that never end. An error of a child does not cancel the others.
    ///
    /// # Cancel safety
    ///
    /// As for [`task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`]. [`GroupError::Failed`] has the error of the body.
    ///
    /// # Panics
    ///
    /// As for [`task_group`].
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

    /// Opens a group of children that may borrow.
    ///
    /// # Cancel safety
    ///
    /// As for [`scoped_task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As for [`scoped_task_group`].
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let words = ["to", "be"];
    /// let group = anyrt::GroupOptions::new().name("borrowers").run_scoped(async |tg| {
    ///     tg.spawn(async { assert_eq!(words.len(), 2) });
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
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

    /// Opens a group of children that may borrow and need not be `Send`.
    ///
    /// # Cancel safety
    ///
    /// As for [`scoped_task_group`].
    ///
    /// # Errors
    ///
    /// As for [`task_group`].
    ///
    /// # Panics
    ///
    /// As for [`scoped_task_group`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let count = Cell::new(0);
    /// let group = anyrt::GroupOptions::new().name("counters").run_local(async |tg| {
    ///     tg.spawn(async { count.set(count.get() + 1) });
    /// });
    /// group.await.unwrap();
    /// assert_eq!(count.get(), 1);
    /// # });
    /// ```
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
