//! The propagation of a cancellation to everything below a scope, and the walk over the groups in it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{ABORTED, CANCELLED, INHERITED, PROPAGATED};
use crate::engine::{Cancelled, Cause, GroupState, Node};
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};
use crate::wake::wake_all;

impl Node {
    /// Notifies this node and everything in it of its cancellation.
    pub(super) fn propagate_all(&self) {
        // If a waker panics, the rest is still notified: nothing else does it.
        let own = catch_unwind(AssertUnwindSafe(|| self.wake_own()));
        self.propagate();
        if let Err(payload) = own {
            resume_unwind(payload);
        }
    }

    /// Wakes this node and, if it belongs to a group, the group's children.
    pub(super) fn wake_own(&self) {
        let own = catch_unwind(AssertUnwindSafe(|| self.wake()));
        if let Some(group) = self.group() {
            group.wake_children();
            if self.is_cancelled() {
                group.cancel_left_behind();
            }
        }
        if let Err(payload) = own {
            resume_unwind(payload);
        }
    }

    /// Notifies everything below, down to shields, that a cancellation holds here: wakes it, and cancels the
    /// groups in it. Nodes with `PROPAGATED` are not descended into, so each node is visited once even if
    /// several frames propagate to it.
    fn propagate(&self) {
        self.wake_below(|node| {
            if let Some(group) = node.group() {
                node.raise_inherited(CANCELLED, &group);
            }
            node.raise(PROPAGATED)
        });
    }

    /// Wakes everything below, down to shields. `descend` decides whether to continue below a node.
    pub(super) fn wake_below(&self, mut descend: impl FnMut(&Node) -> bool) {
        let mut wakers = Vec::new();
        self.walk_below(|node| {
            if node.is_shielded() {
                return false;
            }
            wakers.extend(node.take_waker());
            descend(node)
        });
        wake_all(wakers.into_iter());
    }

    /// Cancels or aborts a group because an enclosing scope is. The group's children are tasks of their own,
    /// so they are woken here. Returns whether a flag was new.
    fn raise_inherited(&self, flags: u32, group: &GroupState) -> bool {
        lock(&self.state)
            .cause
            .get_or_insert_with(|| Cancelled::new(Cause::Enclosing));
        let old = self.flags.fetch_or(flags, Ordering::SeqCst);
        if old & CANCELLED == 0 {
            self.raise(INHERITED);
        }
        let first = old & flags != flags;
        if first {
            group.wake_children();
            group.cancel_left_behind();
        }
        first
    }

    /// Aborts the groups below; shields do not stop this. Everything below a group that was aborted before
    /// has been visited already, so each node is visited once.
    pub(crate) fn abort_groups(self: &Arc<Self>) {
        self.walk_groups(|node, group| {
            let first = node.raise_inherited(CANCELLED | ABORTED, group);
            first || Arc::ptr_eq(node, self)
        });
    }

    /// Visits the group of this node and the groups below, including those in their tasks. `descend` decides
    /// whether to continue below a group.
    pub(super) fn walk_groups(
        self: &Arc<Self>,
        mut descend: impl FnMut(&Arc<Node>, &Arc<GroupState>) -> bool,
    ) {
        let mut rest = vec![self.clone()];
        while let Some(node) = rest.pop() {
            if let Some(group) = node.group() {
                if !descend(&node, &group) {
                    continue;
                }
                // Groups that lost their host have left the tree of nodes, but not that of groups.
                rest.extend(group.nested().iter().map(|nested| nested.node.clone()));
            }
            rest.append(&mut node.children());
        }
    }

    /// Propagates the cancellation to everything below, if that has not happened yet. Called when the owner
    /// is polled under effective cancellation. Returns true the first time.
    pub(crate) fn propagate_once(&self) -> bool {
        let first = self.raise(PROPAGATED);
        if first {
            self.propagate();
        }
        first
    }

    /// Notes that everything below was notified of a cancellation already.
    pub(crate) fn note_propagated(&self) {
        if !self.has(PROPAGATED) {
            self.raise(PROPAGATED);
        }
    }

    /// Returns whether a cancellation was propagated to what is below.
    pub(crate) fn was_propagated(&self) -> bool {
        self.has(PROPAGATED)
    }

    /// Ends the propagation. Called when the owner is polled without cancellation: refused operations here
    /// and below may start now.
    pub(crate) fn reset_propagated(&self) {
        if self.has(PROPAGATED) && self.lower(PROPAGATED) {
            self.wake_refused();
            self.wake_children();
        }
    }
}
