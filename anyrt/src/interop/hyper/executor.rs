//! hyper's executor: its tasks are children of a group.

use std::fmt;

use hyper::rt::Executor;

use crate::TaskGroup;

/// An executor that starts hyper's tasks in a group.
///
/// The group waits for them as for all its children, so that no task is left behind:
///
/// - The tasks of an HTTP/2 server are its requests. They end with the connection.
/// - The task of an HTTP/2 client is its connection. It ends when all of its senders and bodies are
///   dropped, and the group does not end before.
/// - The client of `hyper_util` keeps idle connections until its pool drops them. To end them, drop the
///   client, or cancel the group.
///
/// The tasks are named `hyper` in [`task::tree`](crate::task::tree). The output of a task is dropped. If
/// the group is cancelled, a new task runs up to its first wait; if the group has ended, a new task is
/// dropped at once. In both cases hyper finds a closed connection.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::convert::Infallible;
///
/// use anyrt::interop::hyper::HyperExecutor;
/// use hyper::rt::Executor;
///
/// let late = anyrt::run(async {
///     let (sender, late) = std::sync::mpsc::channel();
///     let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
///         let executor = HyperExecutor::new(tg);
///         let sender = sender.clone();
///         executor.execute(async move {
///             assert_eq!(&*anyrt::task::current().unwrap().name(), "hyper");
///             sender.send("waited for").unwrap()
///         });
///         Ok(executor)
///     });
///     let executor = group.await.unwrap();
///     executor.execute(async move { sender.send("too late").unwrap() });
///     late
/// });
/// assert_eq!(late.iter().collect::<Vec<_>>(), ["waited for"]);
/// ```
pub struct HyperExecutor<E> {
    group: TaskGroup<E>,
}

impl<E> HyperExecutor<E> {
    /// Creates an executor that starts tasks in this group.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperExecutor;
    /// use hyper::rt::Executor;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// let group = anyrt::task_group(async |tg| {
    ///     let executor = HyperExecutor::new(tg);
    ///     executor.execute(async move { sender.try_send("from a task").unwrap() });
    /// });
    /// group.await.unwrap();
    /// assert_eq!(receiver.try_receive(), Ok("from a task"));
    /// # });
    /// ```
    pub const fn new(group: TaskGroup<E>) -> HyperExecutor<E> {
        HyperExecutor { group }
    }
}

impl<E, F> Executor<F> for HyperExecutor<E>
where
    E: Send + 'static,
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        let task = async { drop(future.await) };
        // hyper does not need the result: it notices that the task's end of its channels is dropped.
        drop(self.group.task().name("hyper").try_spawn(task));
    }
}

impl<E> Clone for HyperExecutor<E> {
    fn clone(&self) -> Self {
        HyperExecutor {
            group: self.group.clone(),
        }
    }
}

impl<E> fmt::Debug for HyperExecutor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HyperExecutor").field(&self.group).finish()
    }
}
