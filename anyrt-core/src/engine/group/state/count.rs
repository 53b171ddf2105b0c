//! The number of children of a group, and the end of the group. Both are in one word.

use std::mem;

use super::Surrounding;
use crate::engine::{Cancelled, Cause, GroupState};
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

/// The group has ended: no child can enter. Set by `try_end`, only while no other bit but `ORPHANED` is set.
const ENDED: u64 = 1;
/// The host is gone: the last child ends the group. Set by the drop of the host.
const ORPHANED: u64 = 1 << 1;
/// The group around counts this one. Set by the thread that counted it in there; cleared by the thread that
/// will count it out. Set only while a task lives here.
const COUNTED: u64 = 1 << 2;
/// One thread that is counting the group out of the one around. Several can at once; the group cannot end
/// meanwhile. The count has bits 3 to 9.
const LEAVING: u64 = 1 << 3;
/// One child that the host polls in place. The count has bits 10 to 33.
const IN_PLACE: u64 = 1 << 10;
/// One child that is a task of its own, or a group inside in which tasks live. The count has bits 34 to 63.
const TASK: u64 = 1 << 34;

impl GroupState {
    /// Counts a child in. Returns false if the group has ended.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        if self.in_place {
            self.enter_in_place()
        } else {
            self.enter_as_task()
        }
    }

    /// Counts a child out. Its future must have been dropped.
    #[inline]
    pub(crate) fn leave(&self) {
        self.count_out(if self.in_place { IN_PLACE } else { TASK });
    }

    fn enter_in_place(&self) -> bool {
        let came = self.living.fetch_add(IN_PLACE, Ordering::SeqCst) & ENDED == 0;
        if !came {
            self.living.fetch_sub(IN_PLACE, Ordering::SeqCst);
        }
        came
    }

    /// Counts a task in, and the group in each group around that had no task. Returns false if the group or
    /// the run has ended.
    #[inline]
    pub(crate) fn enter_as_task(&self) -> bool {
        match self.count_in() {
            Some(true) => self.enter_around(),
            Some(false) => true,
            None => false,
        }
    }

    /// Counts a task in here. Returns whether the group around has to count this one now, or `None` if this
    /// one has ended.
    #[inline]
    fn count_in(&self) -> Option<bool> {
        let before = self.living.fetch_add(TASK, Ordering::SeqCst);
        if before & ENDED != 0 {
            self.living.fetch_sub(TASK, Ordering::SeqCst);
            return None;
        }
        // If it still counts there, the thread that is about to count it out sees this task and does not.
        Some(before / TASK == 0 && before & COUNTED == 0)
    }

    /// Counts a group with its first task in the group around. If the run is over, counts the task out again
    /// and returns false.
    #[cold]
    fn enter_around(&self) -> bool {
        let entered = self.try_enter_around();
        if !entered {
            self.leave_as_task();
        }
        entered
    }

    fn try_enter_around(&self) -> bool {
        // Ends at the outermost group: each round counts in one group further out, or moves a group out of
        // one that has ended.
        let mut inner: Option<Arc<GroupState>> = None;
        loop {
            let group = inner.as_deref().unwrap_or(self);
            let around = match &*lock(&group.enclosing) {
                Surrounding::None => return true,
                Surrounding::Over => return false,
                Surrounding::Group(around, _) => around.clone(),
            };
            let Some(first) = around.count_in() else {
                group.move_out_of(&around);
                continue;
            };
            group.living.fetch_or(COUNTED, Ordering::SeqCst);
            if !first {
                return true;
            }
            inner = Some(around);
        }
    }

    /// Counts a task out. Its future must have been dropped.
    #[inline]
    pub(crate) fn leave_as_task(&self) {
        self.count_out(TASK);
    }

    #[inline]
    fn count_out(&self, one: u64) {
        let before = self.living.fetch_sub(one, Ordering::SeqCst);
        if before / one == 1 {
            self.left_by_last();
        }
    }

    /// Counts the group out of the one around after its last child or task has left. If that one has no other
    /// task, it is counted out as well, and so on. Then wakes the hosts, from the outside in.
    #[cold]
    fn left_by_last(&self) {
        // 1. Go outwards. Ends at the outermost group, or at the first that has another task or child
        //    group.
        let mut left: Vec<Arc<GroupState>> = Vec::new();
        let mut leaving = self.begin_to_leave();
        while let Some(around) = &leaving {
            let before = around.living.fetch_sub(TASK, Ordering::SeqCst);
            if before / TASK != 1 {
                break;
            }
            let next = around.begin_to_leave();
            left.extend(mem::replace(&mut leaving, next));
        }
        // 2. Come back inwards. Each but the last began to leave the next one; the last may have.
        let mut has_left = leaving.is_some();
        while let Some(group) = left.pop() {
            group.finish_leaving(has_left);
            has_left = true;
        }
        self.finish_leaving(has_left);
    }

    /// Clears `COUNTED` if the group has no task. Returns the group around in that case, for the caller to
    /// count this one out there.
    fn begin_to_leave(&self) -> Option<Arc<GroupState>> {
        if self.is_orphaned() && self.living() == 0 {
            // While the group around certainly exists.
            self.pass_on_panic();
        }
        let left = |living| {
            let leaves = living / TASK == 0 && living & COUNTED != 0;
            leaves.then_some((living & !COUNTED) + LEAVING)
        };
        let living = &self.living;
        let leaves = living.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        leaves.ok().and_then(|_| self.around_it())
    }

    /// Ends the group or wakes its host if no child is left. Called after the group has been counted out, if
    /// it had to be.
    fn finish_leaving(&self, has_left: bool) {
        let left = if has_left { LEAVING } else { 0 };
        let living = self.living.fetch_sub(left, Ordering::SeqCst) - left;
        if living & !ORPHANED != 0 {
            return;
        }
        if living & ORPHANED != 0 {
            self.end_orphaned();
        } else {
            self.node.wake();
        }
    }

    /// Returns whether the group has no children, and the group around does not count it.
    pub(crate) fn is_empty(&self) -> bool {
        self.living.load(Ordering::SeqCst) & !ORPHANED == 0
    }

    pub(crate) fn living(&self) -> usize {
        let living = self.living.load(Ordering::SeqCst);
        ((living % TASK) / IN_PLACE + living / TASK) as usize
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ENDED != 0
    }

    /// Ends the group if no child is in it.
    pub(crate) fn try_end(&self) -> bool {
        let living = &self.living;
        let ended = living.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |living| {
            (living & !ORPHANED == 0).then_some(living | ENDED)
        });
        if ended.is_ok() {
            self.children.clear();
        }
        ended.is_ok()
    }

    /// Handles the drop of the host before the end: the children are cancelled, and the last one ends the
    /// group.
    pub(crate) fn orphan(&self) {
        self.node.cancel(Cancelled::new(Cause::HostDropped));
        self.node.take_over_abort_at();
        // Either the last child sees the flag, or its departure is seen here.
        let before = self.living.fetch_or(ORPHANED, Ordering::SeqCst);
        if before & !ORPHANED == 0 {
            self.end_orphaned();
        }
    }

    pub(crate) fn is_orphaned(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ORPHANED != 0
    }

    /// Ends the group in place of its host. If the group was counted in the one around, its panic has been
    /// passed on before it was counted out.
    fn end_orphaned(&self) {
        if self.try_end() {
            self.pass_on_panic();
            self.detach();
        }
    }
}
