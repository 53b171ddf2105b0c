//! The facet that starts tasks.

use std::fmt;
use std::panic::Location;
use std::task::Waker;

use crate::error::NoRuntime;

/// Starts tasks. All other facets build on this one.
///
/// The implementing type is a marker without data. All functions are associated functions, so calls are
/// dispatched statically and nothing is boxed.
///
/// # Contract
///
/// 1. [`spawn`](Spawn::spawn) MUST return without running any part of the future on the calling thread if
///    the runtime has only one thread, and MUST poll it soon, on a thread of the runtime.
/// 2. A spawned future MUST continue without any reference to it. It MUST be dropped by the time the
///    runtime itself is gone, and MAY be dropped at any await before.
/// 3. [`current`](Spawn::current) MUST succeed on every thread that polls a task of the runtime, and on
///    the threads that [`Blocking`](super::Blocking) runs functions on.
/// 4. A handle MUST work on any thread, for as long as the runtime lives. Spawning with the handle of a
///    runtime that has ended drops the future; it MUST NOT panic.
/// 5. Any waker that a task was polled with MUST wake it until it has ended: core keeps the waker of one
///    poll, and uses no later one.
/// 6. [`choose`](Spawn::choose) MUST return a number below `n`, and SHOULD cost a few nanoseconds. On a thread
///    that works for no runtime it MAY return 0, or panic with a message that names the fix: futures can be
///    created anywhere, but a choice there decides nothing that runs.
/// 7. A task that is woken with [`yield_turn`](Spawn::yield_turn) MUST be polled again soon, but not
///    before other tasks, timers and I/O have had their turn.
///
/// # Implementing
///
/// The smallest correct implementation passes the future to the runtime and detaches the task:
///
/// ```ignore
/// fn spawn<F>(handle: &Self::Handle, _task: TaskInfo, future: F)
/// where
///     F: Future<Output = ()> + Send + 'static,
/// {
///     handle.executor.spawn(future).detach();
/// }
/// ```
///
/// # Common mistakes
///
/// - *Dropping the task that the runtime returns.* On smol that cancels it, which breaks rule 2.
/// - *Catching panics.* Core catches them before the runtime sees them.
pub trait Spawn: Copy + fmt::Debug + Send + Sync + 'static {
    /// A handle with which any thread can start tasks in a run.
    type Handle: Clone + fmt::Debug + Send + Sync + 'static;

    /// Returns the handle of the runtime that this thread works for.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] if this thread does not work for a runtime of this kind. Its message names the fix.
    fn current() -> Result<Self::Handle, NoRuntime>;

    /// Starts a task.
    fn spawn<F>(handle: &Self::Handle, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Returns any number below `n`. Core uses it to choose among outcomes that are equally good.
    ///
    /// Core has no other source of randomness, so a simulated runtime can replay. Core holds no lock when it calls
    /// this.
    fn choose(n: usize) -> usize;

    /// Wakes a task that yields in the poll that is about to end (rule [C11](crate::rules#c11)).
    ///
    /// Called on a thread of the runtime. The default wakes at once. That is correct if a task that has woken
    /// itself is polled after all others and does not keep the runtime from polling for events.
    #[inline]
    fn yield_turn(waker: &Waker) {
        waker.wake_by_ref();
    }

    /// Wakes by a waker that is not known to be the task's own, for a task that yields: in its first poll, or in a
    /// future that polls others with wakers of its own.
    ///
    /// It MUST wake before it returns, since the poller that owns the waker may wait for that. The default does
    /// nothing else. A runtime that does not poll in the order of wake-ups can note that the task yields.
    #[inline]
    fn wake_yielding(waker: &Waker) {
        waker.wake_by_ref();
    }

    /// Returns the name of the runtime behind this handle, in lower case, such as `"tokio"`.
    fn name(handle: &Self::Handle) -> &'static str;

    /// Returns a small number that core stores with the tasks it starts from this handle.
    /// [`current_tag`](super::current_tag) returns it while one of them is polled.
    ///
    /// A marker that represents several runtimes uses it to find the right one. Zero means no tag.
    #[inline]
    fn tag(_handle: &Self::Handle) -> u8 {
        0
    }
}

/// The known properties of a task when it is spawned, for runtimes that can show them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TaskInfo<'a> {
    /// The name that the task was given, if any.
    pub name: Option<&'a str>,
    /// The location where it was spawned.
    pub location: &'static Location<'static>,
}

impl TaskInfo<'static> {
    /// Creates the properties of a task without a name, spawned at the caller. For tests of backends.
    #[track_caller]
    pub fn unnamed() -> TaskInfo<'static> {
        TaskInfo {
            name: None,
            location: Location::caller(),
        }
    }
}
