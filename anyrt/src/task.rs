//! Inspection of tasks: the current task, and all others that are alive.
//!
//! [`tree`] is a snapshot. Other programs see a run live with the feature `monitor` (`serve_monitor`).
//!
//! # Spans and events
//!
//! With the feature `tracing`, each task has a span of the crate [tracing](https://docs.rs/tracing). All spans and
//! events here have the target `anyrt::task`. Without a subscriber that wants them, they cost a few instructions.
//!
//! | span or event | level | fields |
//! | --- | --- | --- |
//! | span `task`, entered while the task is polled | debug | `name`, `id`, `parent` (the id of the group's host), `group` |
//! | task spawned | trace | `task` |
//! | task ended | trace; debug if it failed | `task`, `end`: `finished`, `failed` or `cancelled` |
//! | task cancelled, by its handle | debug | `task`, `name`, `reason`, `by` |
//! | scope cancelled: a scope, or a group | debug | `group` or `scope`, `cause`, `reason`, `by`, `aborted` |
//! | deadline reached: the same, by a deadline | debug | `group` or `scope` |
//! | task panicked | error | `task`, `name`, `panic` |
//! | unhandled error | warn | `group`, `error` |
//! | unhandled panic | error | `group`, `panic` |
//!
//! The parent of a task's span is the span in which it was spawned: that of the spawning task, or one that is
//! entered inside. The span is closed when the task has ended, before its group ends. A group inside a cancelled
//! scope has no event of its own. `name` is the location of the spawn, if the task was given none.

#[cfg(all(feature = "monitor", unix))]
mod monitor;

use anyrt_core::task;

#[cfg(all(feature = "monitor", unix))]
pub use self::monitor::{monitor_folders, serve_monitor};
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
