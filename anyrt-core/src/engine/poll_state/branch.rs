//! The branch that is being polled: whether its waker leads to the current task alone.

use std::ptr;
use std::task::Waker;

use super::task::with_task;
use super::thread::{Identity, THREAD};
use crate::engine::TaskRecord;

/// Returns whether a waker is the current task's own, or belongs to a branch that is polled with it. Children
/// that are polled in place do not count: their host is another poller.
pub(super) fn leads_to_task(waker: &Waker) -> bool {
    let is_own = |task: &TaskRecord| !task.group().is_in_place() && task.is_woken_by(waker);
    THREAD.with(|thread| thread.branch.get()) == Some(identity(waker))
        || with_task(|task| task.is_some_and(is_own))
}

/// Runs `f`, which polls branches that wake this waker, and nothing else.
pub(crate) fn polling_branches<T>(waker: &Waker, f: impl FnOnce() -> T) -> T {
    with_branch(leads_to_task(waker).then_some(NEXT_BRANCH), f)
}

/// Runs `f`, which polls one of these branches with this waker.
pub(crate) fn polling_branch<T>(waker: &Waker, f: impl FnOnce() -> T) -> T {
    let leads_to_task = THREAD.with(|thread| thread.branch.get()) == Some(NEXT_BRANCH);
    with_branch(leads_to_task.then(|| identity(waker)), f)
}

fn with_branch<T>(branch: Option<Identity>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Identity>);
    impl Drop for Restore {
        fn drop(&mut self) {
            THREAD.with(|thread| thread.branch.set(self.0));
        }
    }
    let _restore = Restore(THREAD.with(|thread| thread.branch.replace(branch)));
    f()
}

/// A placeholder for the waker of the branch that is polled next.
const NEXT_BRANCH: Identity = (0, 0);

fn identity(waker: &Waker) -> Identity {
    (waker.data().addr(), ptr::from_ref(waker.vtable()).addr())
}
