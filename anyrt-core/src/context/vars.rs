use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project::pin_project;

use super::{may_have_context, next_serial, note_contexts, with_task};
use crate::loom::{Arc, OnceLock, thread_local};

/// The values of a task's context variables: few, so a sorted list.
#[derive(Clone, Default)]
pub(crate) struct ContextMap {
    values: Vec<(u64, Arc<dyn Any + Send + Sync>)>,
}

impl ContextMap {
    fn get(&self, id: u64) -> Option<&Arc<dyn Any + Send + Sync>> {
        let at = self.values.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.values[at].1)
    }

    fn set(
        &mut self,
        id: u64,
        value: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        match (self.values.binary_search_by_key(&id, |(id, _)| *id), value) {
            (Ok(at), Some(value)) => Some(std::mem::replace(&mut self.values[at].1, value)),
            (Ok(at), None) => Some(self.values.remove(at).1),
            (Err(at), Some(value)) => {
                self.values.insert(at, (id, value));
                None
            }
            (Err(_), None) => None,
        }
    }
}

thread_local! {
    /// The context outside of every task.
    static OF_THREAD: Cell<Option<Arc<ContextMap>>> = const { Cell::new(None) };
}

/// The context variables that were set, as they were at one moment.
///
/// A task starts with a snapshot of its spawner's (rule G14).
#[derive(Clone, Default)]
pub struct Context {
    map: Option<Arc<ContextMap>>,
}

impl Context {
    /// No variable is set.
    pub fn new() -> Context {
        Context::default()
    }

    /// What is set where this is called.
    pub fn current() -> Context {
        Context {
            map: Context::snapshot(),
        }
    }

    /// Runs `f` with this context in place of the caller's; what `f` sets is gone afterwards.
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
        // Spawning asks this, and few programs set anything.
        if may_have_context() {
            Context::look_up()
        } else {
            None
        }
    }

    fn look_up() -> Option<Arc<ContextMap>> {
        with_task(|task| task.map(|task| task.context())).unwrap_or_else(|| {
            OF_THREAD.with(|cell| {
                let map = cell.take();
                cell.set(map.clone());
                map
            })
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

fn replace(map: Option<Arc<ContextMap>>) -> Option<Arc<ContextMap>> {
    if map.is_some() {
        note_contexts();
    }
    let mut map = Some(map);
    let of_task = with_task(|task| task.map(|task| task.replace_context(map.take().flatten())));
    of_task.unwrap_or_else(|| OF_THREAD.with(|cell| cell.replace(map.flatten())))
}

/// A variable with a value per task: declared as a `static`, inherited as a snapshot at spawn, by
/// worker threads too (rule G14).
///
/// Changes stay in the task that makes them.
pub struct ContextVar<T: 'static> {
    id: OnceLock<u64>,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// A variable that nobody has set.
    #[expect(
        clippy::new_without_default,
        reason = "a variable is declared as a static"
    )]
    pub const fn new() -> ContextVar<T> {
        ContextVar {
            id: OnceLock::new(),
            value: PhantomData,
        }
    }

    fn id(&'static self) -> u64 {
        *self.id.get_or_init(next_serial)
    }

    /// The value in the current task, or, outside of every task, on this thread.
    pub fn get(&'static self) -> Option<T> {
        let map = Context::snapshot()?;
        map.get(self.id())?.downcast_ref::<T>().cloned()
    }

    /// Sets the value for the current task, or, outside of every task, for this thread.
    pub fn set(&'static self, value: T) {
        drop(self.put(Some(Arc::new(value))));
    }

    /// Removes the value.
    pub fn unset(&'static self) {
        drop(self.put(None));
    }

    /// Sets the value for as long as a future is polled, and nowhere else.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops `future`.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> WithContextVar<T, F> {
        WithContextVar {
            var: self,
            value: Some(Arc::new(value)),
            future,
        }
    }

    fn put(
        &'static self,
        value: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        let id = self.id();
        let mut map = replace(None);
        let old = Arc::make_mut(map.get_or_insert_default()).set(id, value);
        drop(replace(map));
        old
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar")
            .field("type", &std::any::type_name::<T>())
            .finish()
    }
}

/// The future of [`ContextVar::scope`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct WithContextVar<T: 'static, F> {
    var: &'static ContextVar<T>,
    value: Option<Arc<dyn Any + Send + Sync>>,
    #[pin]
    future: F,
}

impl<T: Clone + Send + Sync + 'static, F: Future> Future for WithContextVar<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        /// Swaps the values again, also when unwinding; what the future set is kept for its next
        /// poll.
        struct Swap<'a, T: Clone + Send + Sync + 'static> {
            var: &'static ContextVar<T>,
            inner: &'a mut Option<Arc<dyn Any + Send + Sync>>,
            outer: Option<Arc<dyn Any + Send + Sync>>,
        }
        impl<T: Clone + Send + Sync + 'static> Drop for Swap<'_, T> {
            fn drop(&mut self) {
                *self.inner = self.var.put(self.outer.take());
            }
        }
        let this = self.project();
        let outer = this.var.put(this.value.take());
        let _swap = Swap {
            var: this.var,
            inner: this.value,
            outer,
        };
        this.future.poll(cx)
    }
}

impl<T, F> fmt::Debug for WithContextVar<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithContextVar")
            .field("var", self.var)
            .finish_non_exhaustive()
    }
}
