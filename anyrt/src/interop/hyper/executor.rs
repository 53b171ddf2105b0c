use std::fmt;

use hyper::rt::Executor;

use crate::TaskGroup;

/// Starts hyper's tasks in a group.
///
/// The group waits for them as for all its children, so none is left behind. What that means for
/// each kind:
///
/// - The tasks of an HTTP/2 server are its requests. They end with the connection.
/// - The task of an HTTP/2 client is its connection. It ends when all of its senders and bodies are
///   gone, and the group does not end before.
/// - `hyper_util`'s client keeps connections that are idle until its pool drops them. Drop the
///   client, or cancel the group.
///
/// They are named `hyper`, as [`task::tree`](crate::task::tree) shows. What a task returns is
/// dropped. If the group is cancelled, a task runs up to its first wait; if it has ended, the task
/// is dropped at once. In both cases hyper finds a connection that is closed.
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
    /// Starts tasks in this group.
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
        // hyper does not ask what became of it; it notices that the task's end of things is gone.
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
