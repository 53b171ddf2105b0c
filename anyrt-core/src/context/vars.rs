//! Context variables (rule [G14](crate::rules#g14)).

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project::pin_project;

use crate::engine::context::{Context, replace};
use crate::engine::poll_state::number_in_process;
use crate::loom::{Arc, OnceLock};

/// A variable with a value per task (rule [G14](crate::rules#g14)). Declare it as a `static`. Spawned tasks and
/// worker threads inherit a snapshot.
///
/// Changes stay in the task that makes them.
pub struct ContextVar<T: 'static> {
    id: OnceLock<u64>,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// Creates a variable without a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ContextVar;
    ///
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    /// assert_eq!(REQUEST.get(), None);
    /// ```
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
        *self.id.get_or_init(number_in_process)
    }

    /// Returns the value in the current task or, outside of every task, on this thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ContextVar;
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// let group = anyrt::task_group(async |tg| {
    ///     // A child starts with the values of its spawner.
    ///     tg.spawn(async { assert_eq!(REQUEST.get(), Some(7)) });
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn get(&'static self) -> Option<T> {
        let map = Context::snapshot()?;
        map.get(self.id())?.downcast_ref::<T>().cloned()
    }

    /// Sets the value for the current task or, outside of every task, for this thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ContextVar;
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(async { REQUEST.set(8) });
    /// });
    /// group.await.unwrap();
    /// assert_eq!(REQUEST.get(), Some(7), "the change of a child stays in the child");
    /// # });
    /// ```
    pub fn set(&'static self, value: T) {
        drop(self.put(Some(Arc::new(value))));
    }

    /// Removes the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ContextVar;
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// REQUEST.set(7);
    /// REQUEST.unset();
    /// assert_eq!(REQUEST.get(), None);
    /// # });
    /// ```
    pub fn unset(&'static self) {
        drop(self.put(None));
    }

    /// Sets the value while a future is polled, and nowhere else.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ContextVar;
    ///
    /// # anyrt::run(async {
    /// static REQUEST: ContextVar<u64> = ContextVar::new();
    ///
    /// let inside = REQUEST.scope(7, async { REQUEST.get() });
    /// assert_eq!(inside.await, Some(7));
    /// assert_eq!(REQUEST.get(), None);
    /// # });
    /// ```
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
        /// A guard that swaps the values back, also when unwinding. A value that the future has set is kept
        /// for its next poll.
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
