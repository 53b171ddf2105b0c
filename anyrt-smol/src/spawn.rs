use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};
use smol::Executor;

use crate::Smol;

/// A handle of a run's executor, or of smol's global one, with which any thread can start tasks.
#[derive(Clone)]
pub struct Handle(Inner);

#[derive(Clone)]
enum Inner {
    Global,
    /// Weak, because tasks hold handles: they would keep the executor alive that holds them.
    Run(Weak<Executor<'static>>),
}

impl Handle {
    /// The handle of smol's global executor, the one behind `smol::spawn`. It never ends.
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
        // No handle can be read while the thread's locals are being destroyed; no task is polled
        // there either.
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
    /// The run that this thread works for.
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Makes this the handle that the thread finds, until what is returned is dropped.
pub(crate) fn enter(handle: Handle) -> Entered {
    Entered(CURRENT.replace(Some(handle)))
}

/// Holds what the thread found before.
pub(crate) struct Entered(Option<Handle>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
