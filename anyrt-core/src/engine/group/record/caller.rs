//! [`Caller`].

use crate::engine::{Node, TaskRecord};
use crate::loom::Arc;

/// The place where a task was started.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) task: Option<TaskRecord>,
    /// The node of the call in the tree; it carries the deadlines of plain scopes around the call.
    pub(crate) node: Arc<Node>,
}
