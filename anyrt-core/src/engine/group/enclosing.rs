//! The surroundings of a task: its own cancellation, and the scopes outside of it.

use super::record::{CALLER_ABORTED, CALLER_CANCELLED};
use crate::engine::{Caller, CancelState, Node, Record, TaskRecord};
use crate::instant::Instant;
use crate::loom::Arc;

impl TaskRecord {
    /// Returns the cancellation of the task as a whole, as of now.
    #[inline]
    pub(crate) fn cancel_state(&self) -> CancelState {
        self.cancel_state_in(self.group().node.cancel_state())
    }

    /// Returns whether nothing concerns a poll of the task, as of now.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        Record::is_plain(self) && self.group().node.cancel_state() == CancelState::No
    }

    /// Visits the nodes around the task, from the inside out, up to the first shield.
    pub(crate) fn walk_outwards(&self, mut visit: impl FnMut(Enclosing<'_>)) {
        let mut task = Some(self.clone());
        // Each round visits the nodes outwards from the task's group, or from the call of `start` that is
        // pending, and continues with the host or the caller. Ends at a shield or at a run's main task.
        while let Some(inner) = task {
            let caller = inner.caller().filter(|_| inner.is_starting());
            let group = inner.group();
            let (first, host) = match caller {
                Some(Caller { task, node }) => (node, task),
                None => (group.node.clone(), group.host.clone()),
            };
            let (mut way, mut outermost) = (first.outwards(), first.clone());
            for (node, _) in way.by_ref().take_while(|(_, shielded)| !shielded) {
                visit(Enclosing::Node(&node));
                outermost = node;
            }
            // True as well if the outermost node itself is the shield, and no node was left out.
            if way.is_shielded() {
                return;
            }
            // Nodes are linked one by one at the end of the poll in which the group opens.
            let reaches_task = match &host {
                Some(host) => host
                    .root()
                    .is_some_and(|root| Arc::ptr_eq(&root, &outermost)),
                None => !Arc::ptr_eq(&outermost, &first),
            };
            if !reaches_task && Arc::ptr_eq(&first, &group.node) {
                visit(Enclosing::Deadline(group.around()));
            }
            task = host;
        }
    }
}

impl Record {
    /// Returns the cancellation of the caller of a task that is starting, as of now, whether or not the
    /// caller was polled since (rule G9). It is final: a cancellation that was found once is noted.
    #[cold]
    pub(super) fn callers_cancel_state(&self) -> CancelState {
        let mut own = self.noted_of_caller();
        let Some(caller) = self.caller() else {
            return own;
        };
        let (mut way, mut outermost) = (caller.node.outwards(), caller.node);
        for (node, shielded) in way.by_ref() {
            // An abort passes through shields, so the walk goes on to the root.
            own = match node.cancel_state() {
                CancelState::Aborted => CancelState::Aborted,
                _ if !shielded && node.is_cancelled_now() => own.max(CancelState::Cancelled),
                _ => own,
            };
            outermost = node;
        }
        // Until the poll in which `start` was called is over, the path outwards may be incomplete, and a
        // shield on it unknown.
        if let Some(task) = caller.task {
            if task
                .root()
                .is_some_and(|root| Arc::ptr_eq(&root, &outermost))
            {
                own = match task.cancel_state() {
                    CancelState::Cancelled if way.is_shielded() => own,
                    found => own.max(found),
                };
            }
        }
        match own {
            CancelState::No => None,
            CancelState::Cancelled => self.note_caller(CALLER_CANCELLED),
            CancelState::Aborted => self.note_caller(CALLER_CANCELLED | CALLER_ABORTED),
        };
        own
    }
}

/// An element on the way outwards from a task.
pub(crate) enum Enclosing<'a> {
    Node(&'a Arc<Node>),
    /// The deadline around a group when it opened, as long as it is not linked up to its task.
    Deadline(Instant),
}
