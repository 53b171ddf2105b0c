//! The values of context variables that a task or a thread carries (rule G14).
//!
//! The record of a task owns its map; the module `context` defines the variables themselves.

use std::any::Any;
use std::cell::Cell;
use std::fmt;

use crate::engine::poll_state::{may_have_context, note_contexts, with_task};
use crate::loom::{Arc, thread_local};

/// The values of a task's context variables, or of a run's variables. There are few, so this is a list. It is
/// in the order in which variables were set first, and dropped in this order. The ids would not do: they
/// follow the order in which the *process* has first used the variables.
#[derive(Clone, Default)]
pub(crate) struct ContextMap {
    values: Vec<(u64, Arc<dyn Any + Send + Sync>)>,
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

thread_local! {
    /// The context outside of every task.
    static OF_THREAD: Cell<Option<Arc<ContextMap>>> = const { Cell::new(None) };
}

/// The values of all context variables at one moment.
///
/// A task starts with a snapshot of its spawner's context (rule G14).
#[derive(Clone, Default)]
pub struct Context {
    map: Option<Arc<ContextMap>>,
}

impl Context {
    /// Creates a context in which no variable is set.
    pub fn new() -> Context {
        Context::default()
    }

    /// Returns the context of the caller.
    pub fn current() -> Context {
        Context {
            map: Context::snapshot(),
        }
    }

    /// Runs `f` with this context in place of the caller's. Changes by `f` are discarded afterwards.
    pub fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<ContextMap>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                replace(self.0.take());
            }
        }
        let _restore = Restore(replace(self.map.clone()));
        f()
    }

    #[inline]
    pub(crate) fn snapshot() -> Option<Arc<ContextMap>> {
        // Every spawn calls this, and few programs set any variable.
        if may_have_context() {
            Context::look_up()
        } else {
            None
        }
    }

    fn look_up() -> Option<Arc<ContextMap>> {
        with_task(|task| task.map(|task| task.context())).unwrap_or_else(|| {
            // While the thread's locals are being destroyed, no variable is set.
            // Taken out, cloned and put back, since a `Cell` gives no reference.
            let of_thread = OF_THREAD.try_with(|cell| {
                let map = cell.take();
                cell.set(map.clone());
                map
            });
            of_thread.ok().flatten()
        })
    }

    pub(crate) fn map(&self) -> Option<Arc<ContextMap>> {
        self.map.clone()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.map.as_ref().map_or(0, |map| map.values.len());
        f.debug_struct("Context").field("variables", &set).finish()
    }
}

/// Replaces the context of the current task or, outside of every task, of this thread. Returns the old one.
pub(crate) fn replace(map: Option<Arc<ContextMap>>) -> Option<Arc<ContextMap>> {
    if map.is_some() {
        note_contexts();
    }
    // Left in `map` if there is no task: then it becomes the context of the thread.
    let mut map = Some(map);
    let of_task = with_task(|task| task.map(|task| task.replace_context(map.take().flatten())));
    of_task.unwrap_or_else(|| {
        let of_thread = OF_THREAD.try_with(|cell| cell.replace(map.flatten()));
        of_thread.ok().flatten()
    })
}
