//! The host that a thread works for at the moment.

use std::cell::RefCell;
use std::sync::Arc;

use crate::host::Incarnation;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Incarnation>>> = const { RefCell::new(None) };
}

/// Calls `f` with the host that this thread works for.
#[inline]
pub(crate) fn with_current<T>(f: impl FnOnce(Option<&Arc<Incarnation>>) -> T) -> T {
    // While the thread's locals are being destroyed, nothing can be read, and no task is polled.
    let mut f = Some(f);
    let found = CURRENT.try_with(|current| {
        let f = f.take().expect("called once");
        f(current.borrow().as_ref())
    });
    match found {
        Ok(value) => value,
        Err(_) => f.take().expect("not called")(None),
    }
}

/// Returns the host that this thread works for.
pub(crate) fn current() -> Option<Arc<Incarnation>> {
    with_current(|current| current.cloned())
}

/// Makes this the host that the thread works for, until the returned guard is dropped.
#[inline]
pub(crate) fn enter(host: Arc<Incarnation>) -> Entered {
    Entered(CURRENT.replace(Some(host)))
}

/// A guard that restores the previous host of the thread.
pub(crate) struct Entered(Option<Arc<Incarnation>>);

impl Drop for Entered {
    fn drop(&mut self) {
        let entered = CURRENT.replace(self.0.take());
        // Outside of the borrow: the last reference to a run may drop much.
        drop(entered);
    }
}
