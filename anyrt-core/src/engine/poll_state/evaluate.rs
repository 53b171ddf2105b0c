//! What holds where the caller is, looked up instead of remembered.

use crate::engine::poll_state::{AT_ROOT, LOCAL_CANCELLED, each_visible, surroundings, with_task};
use crate::engine::{Around, Cancelled, Cause, Node, Own};
use crate::instant::Instant;
use crate::loom::Arc;

/// What holds here, as of now.
pub(crate) struct Evaluation {
    pub(crate) cancelled: bool,
    pub(crate) deadline: Instant,
    /// The innermost cancellation that was found.
    pub(crate) by: Option<By>,
}

/// Whose cancellation it is.
pub(crate) enum By {
    /// A plain scope's, whose deadline has passed.
    Plain,
    /// That of a scope with a handle, or of a group.
    Node(Arc<Node>),
    /// The task's own.
    Task(Option<Cancelled>),
}

impl Evaluation {
    fn found(&mut self, by: impl FnOnce() -> By) {
        self.cancelled = true;
        self.by.get_or_insert_with(by);
    }

    fn look_at(&mut self, node: &Arc<Node>) {
        if node.is_cancelled() {
            self.found(|| By::Node(node.clone()));
        }
        self.deadline = self.deadline.min(node.deadline());
    }
}

/// The earliest deadline of the plain scopes around: those have no node that could be looked at.
pub(crate) fn plain_deadline() -> Instant {
    let here = surroundings();
    let mut deadline = here.local_deadline;
    each_visible(here.base, |node, outer| {
        if node.is_shielded() {
            return false;
        }
        deadline = deadline.min(outer.local_deadline);
        true
    });
    deadline
}

/// Looks at the nodes themselves, from the inside out, instead of what the frames noted.
pub(crate) fn evaluate() -> Evaluation {
    let here = surroundings();
    let mut found = Evaluation {
        cancelled: false,
        deadline: here.local_deadline,
        by: None,
    };
    if here.has(LOCAL_CANCELLED) {
        found.found(|| By::Plain);
    }
    // A deadline that has passed is carried out by whoever finds it first, so that everybody
    // agrees from then on.
    let mut expired = Vec::new();
    let open = each_visible(here.base, |node, outer| {
        if !node.is_cancelled() && node.is_cancelled_now() {
            found.found(|| By::Node(node.clone()));
            expired.push(node.clone());
        }
        found.look_at(node);
        if node.is_shielded() {
            return false;
        }
        if outer.has(LOCAL_CANCELLED) {
            found.found(|| By::Plain);
        }
        found.deadline = found.deadline.min(outer.local_deadline);
        true
    });
    if open && here.has(AT_ROOT) {
        with_task(|task| {
            if let Some(task) = task {
                // Whether the task is cancelled is in its record and its group, here as in the next
                // poll; what is further out says why, and gives the deadline.
                let cancelled = found.cancelled || task.own() != Own::No;
                if task.is_cancelling() {
                    found.found(|| By::Task(task.cause()));
                }
                task.walk_outwards(|around| match around {
                    Around::Node(node) => found.look_at(node),
                    Around::Deadline(deadline) => found.deadline = found.deadline.min(deadline),
                });
                found.cancelled = cancelled;
            }
        });
    }
    for node in expired {
        node.cancel(Cancelled::new(Cause::Deadline));
    }
    found
}
