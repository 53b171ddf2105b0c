//! How a node gets into the tree, and how the holds in it are counted up to the root.

use std::task::Context;

use super::ASKED;
use super::HOLDS;
use super::LEFT;
use super::PARENT;
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

    /// Visits what is below; `descend` says whether to go on below what it was given.
    pub(super) fn walk_below(&self, mut descend: impl FnMut(&Arc<Node>) -> bool) {
        let mut rest = self.children();
        while let Some(node) = rest.pop() {
            if descend(&node) {
                rest.append(&mut node.children());
            }
        }
    }

    /// Whether something below has unfinished business.
    pub(crate) fn is_held(&self) -> bool {
        self.has(PARENT) && lock(&self.state).holding > 0
    }

    /// Changes this node, and tells its ancestors if its hold changed by that.
    pub(super) fn update(&self, change: impl FnOnce(&mut State)) {
        let mut parent;
        let mut delta;
        {
            let mut state = lock(&self.state);
            let before = state.holds();
            change(&mut state);
            delta = isize::from(state.holds()) - isize::from(before);
            parent = state.parent.as_ref().map(|(parent, _)| parent.clone());
        }
        while delta != 0 {
            let Some(node) = parent else { return };
            let waker;
            {
                let mut state = lock(&node.state);
                let before = state.holds();
                state.holding += delta;
                let after = state.holds();
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

    /// Puts a child below this node.
    pub(super) fn adopt(self: &Arc<Self>, child: &Arc<Node>) {
        self.raise(PARENT);
        let key = lock(&self.state).children.insert(Arc::downgrade(child));
        let holds = {
            let mut state = lock(&child.state);
            debug_assert!(state.parent.is_none(), "a node has one parent");
            state.parent = Some((self.clone(), key));
            state.holds()
        };
        if holds {
            self.update(|state| state.holding += 1);
        }
    }

    /// Takes the node out of its parent's list; what it held there is released.
    pub(crate) fn unlink(&self) {
        if self.linked.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
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

    /// Links the node to the frame around, unless it is linked to that. Only the owner does, in a poll or
    /// right after it: two threads never link one node.
    pub(crate) fn link(self: &Arc<Self>) {
        let around = poll_state::surroundings().serial;
        if self.linked.load(Ordering::Relaxed) == around {
            return;
        }
        self.unlink();
        if let Some(parent) = poll_state::innermost_node() {
            self.linked.store(around, Ordering::Relaxed);
            parent.adopt(self);
        }
    }

    /// Links a frame's node if something below makes it worth it: a hold, or what was refused there because
    /// of a cancellation further out, and has to hear of the end of that.
    pub(crate) fn link_if_needed(self: &Arc<Self>) {
        if self.has(PARENT | REFUSED) || self.linked.load(Ordering::Relaxed) != 0 {
            self.link();
        }
    }

    /// Holds, as of the end of this poll.
    pub(crate) fn hold(self: &Arc<Self>, cx: &Context<'_>) {
        if self.has(ASKED) {
            self.lower(ASKED);
        }
        self.register(cx);
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
        self.link();
        poll_state::count_held();
    }

    /// The future is gone: nothing is held, nobody is told any more, what was refused may start. What
    /// was moved out of it has to be polled to find where it is now.
    pub(crate) fn leave(&self) {
        self.raise(LEFT);
        self.release_if_held();
        self.unlink();
        // Handles may keep the node; it must not keep the task.
        let kept = {
            let mut state = lock(&self.state);
            (state.waker.take(), state.probe.take())
        };
        drop(kept);
        self.wake_refused();
        self.wake_below_left();
    }

    /// Wakes what is still linked below a node that has left, and what was refused there: it finds out what
    /// holds where it is now. Frames in between may have been forgotten, and pass nothing on.
    fn wake_below_left(&self) {
        if self.has(PARENT) {
            let mut wakers = Vec::new();
            self.walk_below(|node| {
                wakers.extend(node.take_waker());
                node.take_refused(&mut wakers);
                true
            });
            wake_all(wakers.into_iter());
        }
    }

    /// Wakes what is linked to this node, to find out what holds where it is now. Each of them does the
    /// same for what is below it, if a cancellation does not hold any more.
    pub(super) fn wake_children(&self) {
        if self.has(PARENT) {
            let wakers = self.children().into_iter().map(|child| child.take_waker());
            wake_all(wakers.collect::<Vec<_>>().into_iter().flatten());
        }
    }

    pub(crate) fn release(&self) {
        self.lower(ASKED | HOLDS);
        self.update(|state| state.own_hold = false);
    }

    #[inline]
    pub(crate) fn release_if_held(&self) {
        if self.has(HOLDS) {
            self.release();
        }
    }

    /// The enclosing node, while it is known.
    pub(crate) fn parent(&self) -> Option<Arc<Node>> {
        lock(&self.state)
            .parent
            .as_ref()
            .map(|(parent, _)| parent.clone())
    }

    /// Returns the way outwards from this node, this one included, as far as it is linked.
    pub(crate) fn outwards(self: &Arc<Self>) -> Outwards {
        Outwards {
            next: Some(self.clone()),
            is_shielded: false,
        }
    }

    /// Whether nothing that happens to `outer` comes here through the tree any more, because something
    /// in between is gone, or because the node is in no tree and its task has ended.
    pub(crate) fn was_left_behind(&self, outer: &Arc<Node>, task_ended: bool) -> bool {
        let Some(mut node) = self.parent() else {
            return task_ended;
        };
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

    /// Visits the scopes below, those that stand for a group left out.
    pub(crate) fn walk_scopes(&self, mut visit: impl FnMut(&Node)) {
        self.walk_below(|node| {
            if node.group.get().is_none() {
                visit(node);
            }
            true
        });
    }
}

/// The way outwards from a node: each node, and whether there is a shield on the way to it.
///
/// A frame that has turned out to be a shield marks its node before it links it. So what is outside a shield is
/// never seen without the shield, if each node's parent is read before its mark. Looking the other way round,
/// another thread may do both in between.
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
        self.next = node.parent();
        let shielded = self.is_shielded;
        self.is_shielded |= node.is_shielded();
        Some((node, shielded))
    }
}
