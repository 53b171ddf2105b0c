//! A hook that is called before operations begin, for tools that explore cancellation.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::thread::THREAD;
use crate::loom::thread_local;

type Hook = Rc<dyn Fn()>;

thread_local! {
    /// The hook of this thread. The mark of the thread says whether there is one: operations test it together
    /// with the dirty mark.
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Calls `hook` before each operation of anyrt that begins on this thread, until the returned guard is
/// dropped. For tools that explore cancellation.
///
/// Operations are the cancel points of rule [C4](crate::rules#c4): waits and other functions of anyrt that a
/// cancelled scope refuses, and checkpoints. The hook is called in the poll in which the operation would begin,
/// where the operation is neither cancelled nor out of budget. It may cancel scopes: the operation then sees
/// the cancellation, and is refused as if it had come earlier. A refused operation that is polled after its
/// cancellation was taken back begins again, with another call.
///
/// Operations that begin inside the hook are not observed. Guards must be dropped in the reverse order of
/// their creation; the earlier hook is then in use again.
#[must_use = "operations are observed until the guard is dropped"]
pub fn observe(hook: impl Fn() + 'static) -> Observed {
    Observed {
        outer: replace(Some(Rc::new(hook))),
    }
}

/// Calls `hook` in addition to the hook that this thread has, until the returned guard is dropped.
pub(crate) fn observe_too(hook: impl Fn() + 'static) -> Observed {
    let outer = HOOK.with(|cell| cell.borrow().clone());
    observe(move || {
        if let Some(outer) = &outer {
            outer();
        }
        hook();
    })
}

/// The guard of [`observe`].
pub struct Observed {
    outer: Option<Hook>,
}

impl Drop for Observed {
    fn drop(&mut self) {
        drop(replace(self.outer.take()));
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}

fn replace(hook: Option<Hook>) -> Option<Hook> {
    mark(hook.is_some());
    HOOK.with(|cell| cell.replace(hook))
}

fn mark(on: bool) {
    THREAD.with(|thread| thread.marks.set_observed(on));
}

/// Returns whether operations on this thread are observed.
#[inline]
pub(crate) fn is_observed() -> bool {
    THREAD.with(|thread| thread.marks.is_observed())
}

/// Calls the hook of this thread.
#[cold]
pub(crate) fn call_hook() {
    /// Observes again, also after a panic, if there is a hook by then.
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            mark(HOOK.with(|cell| cell.borrow().is_some()));
        }
    }
    if let Some(hook) = HOOK.with(|cell| cell.borrow().clone()) {
        mark(false);
        let _again = Again;
        hook();
    }
}
