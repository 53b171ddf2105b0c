//! The links between nodes, and the count of the holds below each node, up to the root.

use std::task::Context;

use super::HOLDS;
use super::LEFT;
use super::PARENT;
use super::PROBED;
use super::PROPAGATED;
use super::REFUSED;
use super::State;
use crate::engine::{Node, poll_state};
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};
use crate::wake::wake_all;

impl Node {
    pub(super) fn children(&self) -> Vec<Arc<Node>> {
        lock(&self.state)
            .children
            .iter()
            .filter_map(|(_, child)| child.upgrade())
            .collect()
    }

    /// Visits all nodes below. `descend` decides whether to continue below a node.
    pub(super) fn walk_below(&self, mut descend: impl FnMut(&Arc<Node>) -> bool) {
        // Lists of children are copied, so that no lock is held while `descend` runs.
        let mut rest = self.children();
        // Ends: a tree has no cycle, and each node is pushed by its one parent.
        while let Some(node) = rest.pop() {
            if descend(&node) {
                rest.append(&mut node.children());
            }
        }
    }

    /// Returns whether a hold below this node counts.
    pub(crate) fn is_held(&self) -> bool {
        // Most nodes never have children, and need no lock.
        self.has(PARENT) && lock(&self.state).holding > 0
    }

    /// Returns whether there is a holder below this node. Unlike [`is_held`](Node::is_held), this counts a hold
    /// that has lapsed: the holder was not polled any more at its old place, and counts again where it is polled.
    pub(crate) fn has_holders(&self) -> bool {
        if !self.has(PARENT) {
            return false;
        }
        let mut found = false;
        self.walk_below(|node| {
            found |= node.has(HOLDS);
            !found
        });
        found
    }

    /// Changes this node and, if its hold changed, the counts of its ancestors.
    pub(super) fn update(&self, change: impl FnOnce(&mut State)) {
        // The change and the parent are read in one critical section: `adopt` and `unlink` set the parent in
        // theirs, so a change of the hold is counted by them or here, and never by both. The lock is
        // released before that of the parent is taken.
        let mut parent;
        let mut delta;
        {
            let mut state = lock(&self.state);
            let before = state.holds();
            change(&mut state);
            delta = isize::from(state.holds()) - isize::from(before);
            parent = state.parent.as_ref().map(|(parent, _)| parent.clone());
        }
        // Ends at the root, or at the first ancestor whose own hold does not change by this.
        while delta != 0 {
            let Some(node) = parent else { return };
            let waker;
            {
                let mut state = lock(&node.state);
                let before = state.holds();
                state.holding += delta;
                let after = state.holds();
                // The waker is taken in the critical section that lowers the count; see the orderings of the
                // module.
                // A scope that waits for its last hold has to be polled.
                let waits = before && !after && node.has(PROPAGATED);
                waker = if waits { state.waker.take() } else { None };
                delta = isize::from(after) - isize::from(before);
                parent = state.parent.as_ref().map(|(parent, _)| parent.clone());
            }
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Adds a child below this node.
    pub(super) fn adopt(self: &Arc<Self>, child: &Arc<Node>) {
        self.raise(PARENT);
        // In the list before the parent is set: a thread that finds this node as the parent can also find
        // the child from here.
        let key = lock(&self.state).children.insert(Arc::downgrade(child));
        let holds = {
            let mut state = lock(&child.state);
            debug_assert!(state.parent.is_none(), "a node has one parent");
            // Read together with the change of the parent: an earlier change of the hold is counted below,
            // and a later one is passed on by `update`.
            state.parent = Some((self.clone(), key));
            state.holds()
        };
        if holds {
            self.update(|state| state.holding += 1);
        }
    }

    /// Removes the node from its parent's list, and releases its hold there.
    pub(crate) fn unlink(&self) {
        if self.linked.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        // Read together, as in `adopt`: later changes of the hold find no parent to count them in.
        let (parent, holds) = {
            let mut state = lock(&self.state);
            (state.parent.take(), state.holds())
        };
        if let Some((parent, key)) = parent {
            lock(&parent.state).children.remove(key);
            if holds {
                let mut waker = None;
                parent.update(|state| {
                    state.holding -= 1;
                    if !state.holds() && parent.has(PROPAGATED) {
                        waker = state.waker.take();
                    }
                });
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Links the node to the surrounding frame, unless it is linked there already. Only the owner calls this,
    /// in a poll or right after it, so two threads never link one node.
    pub(crate) fn link(self: &Arc<Self>) {
        let around = poll_state::surroundings().serial;
        if self.linked.load(Ordering::Relaxed) == around {
            return;
        }
        self.unlink();
        // Without a node further out, `linked` stays zero, and the next poll tries again.
        if let Some(parent) = poll_state::innermost_node() {
            self.linked.store(around, Ordering::Relaxed);
            parent.adopt(self);
        }
    }

    /// Links a frame's node if something below requires it: a hold, or a refused operation that waits for the
    /// end of a cancellation further out.
    pub(crate) fn link_if_needed(self: &Arc<Self>) {
        if self.has(PARENT | REFUSED) || self.linked.load(Ordering::Relaxed) != 0 {
            self.link();
        }
    }

    /// Holds, as of the end of this poll.
    pub(crate) fn hold(self: &Arc<Self>, cx: &Context<'_>) {
        if self.has(PROBED) {
            self.lower(PROBED);
        }
        self.register(cx);
        // Usually nothing changes from poll to poll, and the walk to the root is skipped.
        let changes = {
            let state = lock(&self.state);
            !state.own_hold || state.lapsed
        };
        if changes {
            self.raise(HOLDS);
            self.update(|state| {
                state.own_hold = true;
                state.lapsed = false;
            });
        }
        // The hold is counted here first. If the node is not linked yet, `adopt` passes the hold on.
        self.link();
        poll_state::count_held();
    }

    /// Leaves the tree, since the future is gone: releases its hold, stops notifications, and wakes refused
    /// operations and all children. A child that was moved out of the future has to be polled to link itself
    /// where it is now.
    pub(crate) fn leave(&self) {
        // Before the node is unlinked: a walk outwards that cannot go on from here finds the reason.
        self.raise(LEFT);
        self.release_if_held();
        self.unlink();
        // Handles may keep the node, but the node must not keep the task.
        let kept = {
            let mut state = lock(&self.state);
            (state.waker.take(), state.probe.take())
        };
        drop(kept);
        self.wake_left();
    }

    /// Wakes what was refused here, and what is still linked below or was refused there: it finds out what
    /// holds where it is now. Frames in between may have been forgotten, and pass nothing on.
    fn wake_left(&self) {
        let mut wakers = Vec::new();
        self.take_refused(&mut wakers);
        if self.has(PARENT) {
            self.walk_below(|node| {
                wakers.extend(node.take_waker());
                node.take_refused(&mut wakers);
                true
            });
        }
        wake_all(wakers.into_iter());
    }

    /// Wakes the nodes that are linked to this one, so that they evaluate their state again. Each of them
    /// does the same for the nodes below it if its cancellation no longer holds.
    pub(super) fn wake_children(&self) {
        if self.has(PARENT) {
            let wakers = self.children().into_iter().map(|child| child.take_waker());
            wake_all(wakers.collect::<Vec<_>>().into_iter().flatten());
        }
    }

    pub(crate) fn release(&self) {
        self.lower(PROBED | HOLDS);
        self.update(|state| state.own_hold = false);
    }

    #[inline]
    pub(crate) fn release_if_held(&self) {
        if self.has(HOLDS) {
            self.release();
        }
    }

    /// Returns the enclosing node, while it is known.
    pub(crate) fn parent(&self) -> Option<Arc<Node>> {
        lock(&self.state)
            .parent
            .as_ref()
            .map(|(parent, _)| parent.clone())
    }

    /// Returns an iterator over this node and its ancestors, as far as they are linked.
    pub(crate) fn outwards(self: &Arc<Self>) -> Outwards {
        Outwards {
            next: Some(self.clone()),
            is_shielded: false,
        }
    }

    /// Returns whether notifications from `outer` no longer reach this node through the tree: a node in
    /// between is gone, or the node is in no tree and its task has ended.
    pub(crate) fn was_left_behind(&self, outer: &Arc<Node>, task_ended: bool) -> bool {
        let Some(mut node) = self.parent() else {
            return task_ended;
        };
        // Ends at `outer` or at the root.
        while !Arc::ptr_eq(&node, outer) {
            if node.has(LEFT) {
                return true;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return false,
            }
        }
        false
    }

    /// Visits the scopes below, except those of groups.
    pub(crate) fn walk_scopes(&self, mut visit: impl FnMut(&Node)) {
        self.walk_below(|node| {
            if node.group.get().is_none() {
                visit(node);
            }
            true
        });
    }
}

/// An iterator over a node and its ancestors, each with whether there is a shield between it and the start.
///
/// A frame that has turned out to be a shield marks its node before it links it. `next` reads a node's parent
/// before its mark, so nodes outside a shield are never returned as unshielded. In the opposite order,
/// another thread could do both steps in between.
pub(crate) struct Outwards {
    next: Option<Arc<Node>>,
    is_shielded: bool,
}

impl Outwards {
    /// Returns whether there is a shield among the nodes so far.
    pub(crate) fn is_shielded(&self) -> bool {
        self.is_shielded
    }
}

impl Iterator for Outwards {
    type Item = (Arc<Node>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.next.take()?;
        // The parent is read before the mark: see the type.
        self.next = node.parent();
        let shielded = self.is_shielded;
        self.is_shielded |= node.is_shielded();
        Some((node, shielded))
    }
}
