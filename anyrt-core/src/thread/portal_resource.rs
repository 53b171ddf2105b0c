//! A resource that is kept open in a run for a thread outside.

use std::fmt;
use std::ops::Deref;

use super::portal_task::PortalTask;
use crate::engine::Wait;
use crate::error::CallError;
use crate::loom::Arc;
use crate::sync::Event;
use crate::task::Started;

/// The signal to close a resource.
#[derive(Clone, Debug)]
pub(super) struct Release(Arc<Event>);

impl Release {
    pub(super) fn new() -> Release {
        Release(Arc::default())
    }
}

/// The resource's side of [`BlockingPortal::hold`](super::BlockingPortal::hold), in the run.
#[must_use = "nothing is held open before `until_released`"]
pub struct ResourceScope<V> {
    started: Started<V>,
    release: Release,
}

impl<V> ResourceScope<V> {
    pub(super) fn new(started: Started<V>, release: Release) -> ResourceScope<V> {
        ResourceScope { started, release }
    }

    /// Reports that the resource is open, passes the value to the waiting thread, and waits until the thread
    /// releases the resource.
    ///
    /// # Cancel safety
    ///
    /// If the future is cancelled or dropped, the resource must be closed nevertheless: put the closing code
    /// into a `finally`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Builder, ResourceScope, start_blocking_portal};
    ///
    /// async fn connection(holding: ResourceScope<&'static str>) -> &'static str {
    ///     // Open it here.
    ///     holding.until_released("connected").await;
    ///     "closed" // Close it here.
    /// }
    ///
    /// let ended = start_blocking_portal(&Builder::new(), |portal| {
    ///     portal.hold(connection).unwrap().close()
    /// });
    /// assert_eq!(ended.unwrap(), Ok("closed"));
    /// ```
    pub async fn until_released(self, value: V) {
        self.started.started(value);
        self.release.0.wait_as(Wait::Portal).await;
    }
}

impl<V> fmt::Debug for ResourceScope<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceScope").finish_non_exhaustive()
    }
}

/// A resource that is kept open in a run; derefs to the value that its task passed.
///
/// Dropping it releases the resource and waits until it has been closed.
#[must_use = "dropping this closes what is held open"]
pub struct PortalResource<V, T> {
    value: V,
    release: Release,
    task: Option<PortalTask<T>>,
}

impl<V, T> PortalResource<V, T> {
    pub(super) fn new(value: V, release: Release, task: PortalTask<T>) -> PortalResource<V, T> {
        PortalResource {
            value,
            release,
            task: Some(task),
        }
    }

    /// Releases the resource, waits until it has been closed, and returns the output of its task.
    ///
    /// # Blocking
    ///
    /// Blocks this thread until the task has ended.
    ///
    /// # Errors
    ///
    /// As [`PortalTask::wait`].
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
    /// let ended = start_blocking_portal(&Builder::new(), |portal| {
    ///     let file = portal.hold(async |holding| {
    ///         holding.until_released(3).await;
    ///         "flushed"
    ///     });
    ///     file.unwrap().close()
    /// });
    /// assert_eq!(ended.unwrap(), Ok("flushed"));
    /// ```
    pub fn close(mut self) -> Result<T, CallError> {
        self.release.0.set();
        match self.task.take() {
            Some(task) => task.wait(),
            None => unreachable!("taken here and on drop alone"),
        }
    }
}

impl<V, T> Deref for PortalResource<V, T> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V, T> Drop for PortalResource<V, T> {
    fn drop(&mut self) {
        self.release.0.set();
        if let Some(task) = self.task.take() {
            // Inside the run, waiting would never end: this thread is needed to close the resource.
            if !task.is_inside() {
                task.wait_for_end();
            }
        }
    }
}

impl<V: fmt::Debug, T> fmt::Debug for PortalResource<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PortalResource").field(&self.value).finish()
    }
}
