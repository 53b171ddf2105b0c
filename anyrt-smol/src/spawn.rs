//! Starting tasks on smol.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};
use smol::Executor;

use crate::Smol;

/// A handle of the executor of a run, or of smol's global one, with which any thread can start tasks.
#[derive(Clone)]
pub struct Handle(Inner);

#[derive(Clone)]
enum Inner {
    Global,
    /// Weak, because tasks hold handles: strong ones would keep the executor alive that owns the tasks.
    Run(Weak<Executor<'static>>),
}

impl Handle {
    /// Returns a handle of smol's global executor, which `smol::spawn` uses. It never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::runtime::Spawn;
    /// use anyrt_smol::{Handle, Smol};
    ///
    /// assert_eq!(Smol::name(&Handle::global()), "smol");
    /// ```
    pub fn global() -> Handle {
        Handle(Inner::Global)
    }

    pub(crate) fn of(executor: &Arc<Executor<'static>>) -> Handle {
        Handle(Inner::Run(Arc::downgrade(executor)))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Global => f.write_str("Handle(global)"),
            Inner::Run(executor) if executor.strong_count() == 0 => f.write_str("Handle(ended)"),
            Inner::Run(executor) => write!(f, "Handle({:p})", executor.as_ptr()),
        }
    }
}

impl Spawn for Smol {
    type Handle = Handle;

    fn current() -> Result<Handle, NoRuntime> {
        // While the thread's locals are being destroyed, no handle can be read, and no task is polled.
        let handle = CURRENT.try_with(|current| current.borrow().clone());
        Ok(handle.ok().flatten().unwrap_or_else(Handle::global))
    }

    #[inline]
    fn spawn<F>(handle: &Handle, _task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Dropping smol's handle would cancel the task.
        match &handle.0 {
            Inner::Global => smol::spawn(future).detach(),
            Inner::Run(executor) => {
                if let Some(executor) = executor.upgrade() {
                    executor.spawn(future).detach();
                }
            }
        }
    }

    #[inline]
    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn name(_handle: &Handle) -> &'static str {
        "smol"
    }
}

thread_local! {
    /// The handle of the run that this thread belongs to.
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Makes this the current handle of the thread, until the returned guard is dropped.
pub(crate) fn enter(handle: Handle) -> Entered {
    Entered(CURRENT.replace(Some(handle)))
}

/// A guard that restores the previous handle of the thread.
pub(crate) struct Entered(Option<Handle>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
