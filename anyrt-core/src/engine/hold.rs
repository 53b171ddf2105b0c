//! The hold of an operation that is not a scope. Used by `start` and by calls of worker threads.

use std::task::Context;

use crate::engine::{Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// The hold of an operation without a frame: a `start`, a blocking call.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    node: Option<Arc<Node>>,
}

impl Hold {
    /// Creates a hold whose node is visible to others in the tree.
    pub(crate) fn of(node: Arc<Node>) -> Hold {
        Hold { node: Some(node) }
    }

    /// Sets the deadline of that node, if there is one.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        if let Some(node) = &self.node {
            node.init_deadline(deadline);
        }
    }

    /// Holds the enclosing scopes, as of the end of this poll (rule C6).
    pub(crate) fn keep(&mut self, cx: &Context<'_>) {
        // Outside of every frame there is no scope to hold.
        if self.node.is_some() || poll_state::surroundings().inside() {
            self.node.get_or_insert_with(Node::new).hold(cx);
        }
    }

    pub(crate) fn release(&mut self) {
        // Taken, since a node that has left the tree is not used again.
        if let Some(node) = self.node.take() {
            node.leave();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}
