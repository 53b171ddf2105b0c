//! Starting tasks on async-std.

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};

use crate::AsyncStd;

/// A handle of async-std's global executor, with which any thread can start tasks.
#[derive(Clone, Debug)]
pub struct Handle(());

impl Handle {
    /// Returns a handle of async-std's global executor, which `task::spawn` uses. It never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_async_std::{AsyncStd, Handle};
    /// use anyrt_core::runtime::Spawn;
    ///
    /// assert_eq!(AsyncStd::name(&Handle::global()), "async-std");
    /// ```
    pub fn global() -> Handle {
        Handle(())
    }

    /// Returns the handle if this thread is polling a task of async-std.
    ///
    /// [`Spawn::current`] returns a handle on every thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_async_std::Handle;
    ///
    /// assert!(Handle::try_current().is_none());
    /// let inside = async_std::task::block_on(async { Handle::try_current().is_some() });
    /// assert!(inside);
    /// ```
    pub fn try_current() -> Option<Handle> {
        async_std::task::try_current().map(|_task| Handle::global())
    }
}

impl Spawn for AsyncStd {
    type Handle = Handle;

    fn current() -> Result<Handle, NoRuntime> {
        Ok(Handle::global())
    }

    #[inline]
    fn spawn<F>(_handle: &Handle, _task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Dropping async-std's handle detaches the task.
        drop(async_std::task::spawn(future));
    }

    #[inline]
    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn name(_handle: &Handle) -> &'static str {
        "async-std"
    }
}
