//! Starting tasks on tokio.

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

/// Returns whether a task whose future has `size` bytes takes less memory with the future in a box, by
/// half a [`STEP`] or more.
///
/// The future of a child is 16 bytes larger than the spawned one. For one size in eight, these bytes
/// make tokio's allocation a step larger. A box then takes less memory.
const fn is_smaller_boxed(size: usize) -> bool {
    let in_place = (BESIDE_FUTURE + size).next_multiple_of(STEP);
    let boxed = (BESIDE_FUTURE + size_of::<usize>()).next_multiple_of(STEP) + size + PER_ALLOCATION;
    in_place >= boxed + STEP / 2
}

/// The bytes that tokio allocates for a task in addition to its future, on 64-bit platforms. A test of
/// `anyrt-bench` notices a change: `a_child_takes_at_most_128_bytes_beyond_the_backend`.
const BESIDE_FUTURE: usize = 104;

/// The alignment of tokio's allocation for a task, a multiple of which is its size.
const STEP: usize = 128;

/// The approximate overhead of a separate allocation.
const PER_ALLOCATION: usize = 16;

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
        if const { is_smaller_boxed(size_of::<F>()) } {
            drop(handle.0.spawn(Box::pin(future)));
        } else {
            drop(handle.0.spawn(future));
        }
    }

    #[inline]
    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn yield_turn(waker: &Waker) {
        // A task that wakes itself is polled again, up to sixty times, before timers and sockets are
        // checked. A waker that was passed to tokio's `yield_now` is woken after the check.
        let polled = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
        debug_assert!(polled.is_pending(), "it yields once");
    }

    fn name(_handle: &Handle) -> &'static str {
        "tokio"
    }
}

pub(crate) const NO_RUNTIME: &str = "no tokio runtime on this thread: call `anyrt::run`, \
     use `#[anyrt::main]`, or enter a tokio runtime first";
