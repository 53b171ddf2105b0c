//! Operations that did not start because of a cancellation. The cancelled frame keeps their wakers until it
//! is left, or until its cancellation no longer holds.
//!
//! An operation owns its entry through a [`Refusal`], so that entries do not outlive operations. All entries
//! are accessed under the node's lock; wakers are cloned and dropped without it.

use std::mem;
use std::task::Waker;

use super::{Node, REFUSED};
use crate::loom::{Arc, lock};
use crate::wake::wake_all;

/// The entry of one refused operation.
#[derive(Debug)]
pub(crate) struct Refusal {
    node: Arc<Node>,
    key: usize,
}

impl Refusal {
    pub(crate) fn new(node: Arc<Node>, waker: &Waker) -> Refusal {
        let waker = waker.clone();
        // In this order: without the flag readers skip the lock, and with it they find the waker.
        let key = lock(&node.state).refused.insert(Some(waker));
        node.raise(REFUSED);
        Refusal { node, key }
    }

    /// Returns whether the entry is in this node.
    pub(crate) fn is_in(&self, node: &Arc<Node>) -> bool {
        Arc::ptr_eq(&self.node, node)
    }

    /// Replaces the waker, which a wake-up may have taken.
    pub(crate) fn update(&self, waker: &Waker) {
        let wakes = |kept: &Option<Waker>| kept.as_ref().is_some_and(|kept| kept.will_wake(waker));
        // The key is valid: wake-ups empty an entry, and only the drop of its `Refusal` removes it.
        if wakes(&lock(&self.node.state).refused[self.key]) {
            return;
        }
        let waker = Some(waker.clone());
        let old = mem::replace(&mut lock(&self.node.state).refused[self.key], waker);
        drop(old);
    }
}

impl Drop for Refusal {
    fn drop(&mut self) {
        let waker = lock(&self.node.state).refused.remove(self.key);
        drop(waker);
    }
}

impl Node {
    /// Stores the waker of a structural future that was interrupted, unless it is stored already.
    pub(crate) fn keep_interrupted(&self, waker: &Waker) {
        let has_it = |kept: &[Waker]| kept.iter().any(|kept| kept.will_wake(waker));
        if has_it(&lock(&self.state).interrupted) {
            return;
        }
        let waker = waker.clone();
        lock(&self.state).interrupted.push(waker);
        self.raise(REFUSED);
    }

    pub(crate) fn wake_refused(&self) {
        let mut wakers = Vec::new();
        self.take_refused(&mut wakers);
        wake_all(wakers.into_iter());
    }

    /// Moves the wakers of what was refused here to a caller that wakes several at once.
    pub(super) fn take_refused(&self, wakers: &mut Vec<Waker>) {
        if !self.has(REFUSED) {
            return;
        }
        let mut state = lock(&self.state);
        let refused = state.refused.iter_mut();
        wakers.extend(refused.filter_map(|(_, waker)| waker.take()));
        wakers.append(&mut state.interrupted);
    }
}
