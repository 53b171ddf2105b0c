//! Inspection of tasks: the current task, and all others that are alive.

use anyrt_core::task;

pub use anyrt_core::task::{GroupNode, RunToken, ScopeNode, TaskId, TaskNode, TaskRef, Tree, Wait};

/// Returns the calling task, or `None` outside of every task of anyrt.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// assert!(anyrt::task::current().is_none());
/// let name = anyrt::run(async { anyrt::task::current().unwrap().name() });
/// assert_eq!(&*name, "main");
/// ```
#[inline]
pub fn current() -> Option<TaskRef> {
    task::current()
}

/// Returns the run that the caller is part of, or `None` outside of every run.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let first = anyrt::run(async { anyrt::task::current_run() });
/// let second = anyrt::run(async { anyrt::task::current_run() });
/// assert_ne!(first, second);
/// ```
#[inline]
pub fn current_run() -> Option<RunToken> {
    task::current_run()
}

/// Returns the tasks, groups and scopes of the caller's run, as they are now.
///
/// Returns `None` outside of every run. It takes one lock at a time, so that a task that ends meanwhile
/// may or may not be in the result. A scope is listed if something in it has unfinished business.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let picture = anyrt::run(anyrt::task_group(async |tg| {
///     tg.task().name("worker").spawn(anyrt::sleep_forever());
///     let picture = anyrt::task::tree().unwrap().to_string();
///     tg.cancel();
///     Ok::<_, std::io::Error>(picture)
/// }));
/// assert!(picture.unwrap().contains("task `worker`"));
/// ```
#[inline]
pub fn tree() -> Option<Tree> {
    task::tree()
}

/// Returns the tasks that are alive in the caller's run, in the order of their ids.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// assert_eq!(anyrt::run(async { anyrt::task::all().len() }), 1);
/// ```
#[inline]
pub fn all() -> Vec<TaskRef> {
    task::all()
}
