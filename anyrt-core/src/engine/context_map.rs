//! The values of context variables that a task or a thread carries (rule G14).
//!
//! The record of a task owns its map; the module `context` defines the variables themselves.

use std::any::Any;

use crate::loom::Arc;

/// The values of a task's context variables, or of a run's variables. There are few, so this is a list. It is
/// in the order in which variables were set first, and dropped in this order. The ids would not do: they
/// follow the order in which the *process* has first used the variables.
#[derive(Clone, Default)]
pub(crate) struct ContextMap {
    pub(super) values: Vec<(u64, Arc<dyn Any + Send + Sync>)>,
}

impl ContextMap {
    pub(crate) fn get(&self, id: u64) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.position(id).map(|at| &self.values[at].1)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.values.iter().position(|(known, _)| *known == id)
    }

    pub(crate) fn set(
        &mut self,
        id: u64,
        value: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        // The old value is returned, since its drop may run foreign code.
        match (self.position(id), value) {
            (Some(at), Some(value)) => Some(std::mem::replace(&mut self.values[at].1, value)),
            (Some(at), None) => Some(self.values.remove(at).1),
            (None, Some(value)) => {
                self.values.push((id, value));
                None
            }
            (None, None) => None,
        }
    }
}
