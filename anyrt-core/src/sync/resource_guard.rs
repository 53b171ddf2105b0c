use std::fmt;

use crate::error::Busy;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::const_fn;

/// Finds out that two tasks use what only one at a time may use.
///
/// It does not make anybody wait: the second gets an error that names what the first is doing.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::ResourceGuard;
///
/// let reading = ResourceGuard::new("reading from");
/// let first = reading.enter().unwrap();
/// assert_eq!(reading.enter().unwrap_err().action(), "reading from");
/// drop(first);
/// assert!(reading.enter().is_ok());
/// ```
pub struct ResourceGuard {
    action: &'static str,
    busy: AtomicBool,
}

impl ResourceGuard {
    const_fn! {
        /// A guard that nobody has entered; the action is in words such as "reading from".
        pub const fn new(action: &'static str) -> ResourceGuard {
            ResourceGuard {
                action,
                busy: AtomicBool::new(false),
            }
        }
    }

    /// Enters it, until what comes back is dropped.
    ///
    /// # Errors
    ///
    /// [`Busy`] if somebody is inside.
    pub fn enter(&self) -> Result<ResourceUse<'_>, Busy> {
        // Pairs with the release by the last one inside: what it did is seen.
        if self.busy.swap(true, Ordering::Acquire) {
            return Err(Busy::new(self.action.into()));
        }
        Ok(ResourceUse { guard: self })
    }

    /// Whether somebody is inside.
    pub fn is_busy(&self) -> bool {
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

/// Somebody is inside a [`ResourceGuard`], until this is dropped.
#[must_use = "it is left when this is dropped"]
#[derive(Debug)]
pub struct ResourceUse<'a> {
    guard: &'a ResourceGuard,
}

impl Drop for ResourceUse<'_> {
    fn drop(&mut self) {
        self.guard.busy.store(false, Ordering::Release);
    }
}
