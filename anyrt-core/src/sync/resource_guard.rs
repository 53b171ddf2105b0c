//! [`ResourceGuard`]: a flag that detects concurrent use. It has no queue and wakes no task.

use std::fmt;

use crate::error::Busy;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::const_fn;

/// A detector of concurrent use, for a resource with one user at a time.
///
/// A second user does not wait: it gets an error that names the action of the first.
///
/// # Examples
///
/// ```
/// use anyrt::sync::ResourceGuard;
///
/// let reading = ResourceGuard::new("reading from");
/// let first = reading.enter().unwrap();
/// assert_eq!(reading.enter().unwrap_err().action(), "reading from");
/// drop(first);
/// assert!(reading.enter().is_ok());
/// ```
pub struct ResourceGuard {
    action: &'static str,
    /// Set by `enter`, cleared by the drop of [`ResourceUse`], read by both and by `is_busy`.
    busy: AtomicBool,
}

impl ResourceGuard {
    const_fn! {
        /// Creates a guard that is not in use. The action is a phrase such as "reading from".
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::ResourceGuard;
        ///
        /// let guard = ResourceGuard::new("writing to");
        /// let _in_use = guard.enter().unwrap();
        /// assert!(guard.enter().unwrap_err().to_string().contains("writing to"));
        /// ```
        pub const fn new(action: &'static str) -> ResourceGuard {
            ResourceGuard {
                action,
                busy: AtomicBool::new(false),
            }
        }
    }

    /// Enters the guard, until the returned value is dropped.
    ///
    /// # Errors
    ///
    /// [`Busy`] if the guard is in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::ResourceGuard;
    ///
    /// let reading = ResourceGuard::new("reading from");
    /// let first = reading.enter().unwrap();
    /// assert_eq!(reading.enter().unwrap_err().action(), "reading from");
    /// drop(first);
    /// assert!(reading.enter().is_ok());
    /// ```
    pub fn enter(&self) -> Result<ResourceUse<'_>, Busy> {
        // Acquire: pairs with the release in the drop of `ResourceUse`, so that this user sees everything the
        // last one did. The swap finds and sets the flag in one step, so of two users one is refused.
        if self.busy.swap(true, Ordering::Acquire) {
            return Err(Busy::new(self.action.into()));
        }
        Ok(ResourceUse { guard: self })
    }

    /// Returns whether the guard is in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::ResourceGuard;
    ///
    /// let reading = ResourceGuard::new("reading from");
    /// let _in_use = reading.enter().unwrap();
    /// assert!(reading.is_busy());
    /// ```
    pub fn is_busy(&self) -> bool {
        // Relaxed: the result is only a hint, and nothing is read because of it.
        self.busy.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for ResourceGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceGuard")
            .field("action", &self.action)
            .field("busy", &self.is_busy())
            .finish()
    }
}

/// The use of a [`ResourceGuard`], until this value is dropped.
#[must_use = "it is left when this is dropped"]
#[derive(Debug)]
pub struct ResourceUse<'a> {
    guard: &'a ResourceGuard,
}

impl Drop for ResourceUse<'_> {
    fn drop(&mut self) {
        // Release: pairs with the acquire in `enter`.
        self.guard.busy.store(false, Ordering::Release);
    }
}
