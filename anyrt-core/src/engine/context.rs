//! The context of the caller: that of its task or, outside of every task, that of its thread (rule G14).

use std::cell::Cell;
use std::fmt;

use crate::engine::ContextMap;
use crate::engine::poll_state::{may_have_context, note_contexts, with_task};
use crate::loom::{Arc, thread_local};

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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Context, ContextVar};
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// assert_eq!(Context::new().run(|| REQUEST.get()), None);
    /// # });
    /// ```
    pub fn new() -> Context {
        Context::default()
    }

    /// Returns the context of the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Context, ContextVar};
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// let context = Context::current();
    /// REQUEST.set(8);
    /// assert_eq!(context.run(|| REQUEST.get()), Some(7));
    /// # });
    /// ```
    pub fn current() -> Context {
        Context {
            map: Context::snapshot(),
        }
    }

    /// Runs `f` with this context in place of the caller's. Changes by `f` are discarded afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{Context, ContextVar};
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// let inside = Context::current().run(|| {
    ///     REQUEST.set(7);
    ///     REQUEST.get()
    /// });
    /// assert_eq!(inside, Some(7));
    /// assert_eq!(REQUEST.get(), None);
    /// # });
    /// ```
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
