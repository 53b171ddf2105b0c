//! The host that a thread works for at the moment.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::host::Incarnation;
use crate::shared::Shared;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Incarnation>>> = const { RefCell::new(None) };
    /// The address of that host, and of its run; zero if there is none. Compared, never followed: reading
    /// it needs neither a borrow nor a destructor.
    static ADDRESSES: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Returns whether this thread works for a host of this run.
#[inline]
pub(crate) fn is_inside(shared: &Shared) -> bool {
    ADDRESSES.get().1 == std::ptr::from_ref(shared).addr()
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
pub(crate) fn enter(host: &Arc<Incarnation>) -> Entered {
    let addresses = addresses(host);
    let outer = ADDRESSES.get();
    if outer == addresses {
        return Entered(None);
    }
    let previous = CURRENT.replace(Some(host.clone()));
    ADDRESSES.set(addresses);
    Entered(Some(Outer {
        host: previous,
        addresses: outer,
    }))
}

fn addresses(host: &Arc<Incarnation>) -> (usize, usize) {
    (Arc::as_ptr(host).addr(), Arc::as_ptr(&host.shared).addr())
}

/// A guard that restores the previous host of the thread, if it was another one.
pub(crate) struct Entered(Option<Outer>);

/// The previous host of a thread, and its addresses.
struct Outer {
    host: Option<Arc<Incarnation>>,
    addresses: (usize, usize),
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if let Some(outer) = self.0.take() {
            ADDRESSES.set(outer.addresses);
            let entered = CURRENT.replace(outer.host);
            // Outside of the borrow: the last reference to a run may drop much.
            drop(entered);
        }
    }
}
