use std::pin::pin;
use std::task::{Context, Waker};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};

use crate::Tokio;

/// A handle of a tokio runtime, with which any thread can start tasks in it.
///
/// It converts from and into tokio's own handle.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) tokio::runtime::Handle);

impl From<tokio::runtime::Handle> for Handle {
    fn from(native: tokio::runtime::Handle) -> Handle {
        Handle(native)
    }
}

impl From<Handle> for tokio::runtime::Handle {
    fn from(handle: Handle) -> tokio::runtime::Handle {
        handle.0
    }
}

impl Spawn for Tokio {
    type Handle = Handle;

    fn current() -> Result<Handle, NoRuntime> {
        match tokio::runtime::Handle::try_current() {
            Ok(native) => Ok(Handle(native)),
            Err(_) => Err(NoRuntime::new(NO_RUNTIME)),
        }
    }

    #[inline]
    fn spawn<F>(handle: &Handle, _task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Dropping tokio's handle detaches the task.
        drop(handle.0.spawn(future));
    }

    #[inline]
    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn yield_turn(waker: &Waker) {
        // A task that wakes itself is polled again before timers and sockets are looked at, up to sixty
        // times. What tokio's own future is polled with is woken after that.
        let polled = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
        debug_assert!(polled.is_pending(), "it yields once");
    }

    fn name(_handle: &Handle) -> &'static str {
        "tokio"
    }
}

pub(crate) const NO_RUNTIME: &str = "no tokio runtime on this thread: call `anyrt::run`, \
     use `#[anyrt::main]`, or enter a tokio runtime first";
