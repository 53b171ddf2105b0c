//! What is around a task: its own cancellation, and the scopes outside of it.

use crate::engine::{Node, Own, Record, TaskRecord};
use crate::instant::Instant;
use crate::loom::Arc;

impl TaskRecord {
    /// The cancellation of the task as a whole, as of now.
    #[inline]
    pub(crate) fn own(&self) -> Own {
        self.own_in(self.group().node.own())
    }

    /// Whether nothing concerns a poll of the task, as of now.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        Record::is_plain(self) && self.group().node.own() == Own::No
    }

    /// Visits what is around the task, from the inside out, up to the first shield.
    pub(crate) fn walk_outwards(&self, mut visit: impl FnMut(Around<'_>)) {
        let mut group = self.group().clone();
        loop {
            let mut node = group.node.clone();
            loop {
                visit(Around::Node(&node));
                if node.is_shielded() {
                    return;
                }
                match node.parent() {
                    Some(parent) => node = parent,
                    None => break,
                }
            }
            // Nodes are linked one by one on the way out of the poll in which the group opens.
            let reaches_task = match &group.host {
                Some(host) => host.root().is_some_and(|root| Arc::ptr_eq(&root, &node)),
                None => !Arc::ptr_eq(&node, &group.node),
            };
            if !reaches_task {
                visit(Around::Deadline(group.around()));
            }
            match group.host.as_ref().map(|host| host.group().clone()) {
                Some(outer) => group = outer,
                None => return,
            }
        }
    }
}

/// What is found on the way out from a task.
pub(crate) enum Around<'a> {
    Node(&'a Arc<Node>),
    /// What a group saw around it when it opened, as long as it is not in the tree up to its task.
    Deadline(Instant),
}
