use std::fmt;
use std::panic::Location;
use std::task::Waker;

use crate::error::NoRuntime;

/// Starts tasks: the facet that every other one builds on.
///
/// The implementing type is a marker without data; everything is an associated function, so
/// calls are dispatched statically and nothing is boxed.
///
/// # Contract
///
/// 1. [`spawn`](Spawn::spawn) MUST return without running any of the future on the calling thread
///    if the runtime has only one thread, and MUST poll it soon, on a thread of the runtime.
/// 2. A spawned future MUST go on although nobody holds anything that refers to it. It MUST be
///    dropped by the time the runtime itself is gone, and MAY be dropped at any await before.
/// 3. [`current`](Spawn::current) MUST succeed on every thread that polls a task of the runtime,
///    and on the threads that [`Blocking`](super::Blocking) runs functions on.
/// 4. A handle MUST work on any thread, for as long as the runtime lives. Spawning with the handle
///    of a runtime that has ended drops the future; it MUST NOT panic.
/// 5. Any waker that a task was polled with MUST go on waking it, until it has ended: core keeps that
///    of one poll, and asks for no other.
/// 6. [`choose`](Spawn::choose) MUST return a number below `n`, and SHOULD cost a few nanoseconds.
/// 7. A task that is woken with [`yield_turn`](Spawn::yield_turn) MUST be polled again soon, but not
///    before other tasks, timers and I/O have had their turn.
///
/// # Implementing
///
/// The smallest correct implementation hands the future to the runtime and detaches the task:
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
/// - *Dropping what the runtime returns.* On smol that cancels the task, which breaks rule 2.
/// - *Catching panics.* There is nothing to catch: core does it before the runtime sees one.
pub trait Spawn: Copy + fmt::Debug + Send + Sync + 'static {
    /// A handle with which any thread can start tasks in a run.
    type Handle: Clone + fmt::Debug + Send + Sync + 'static;

    /// The handle of the runtime that this thread works for.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] if this thread works for no runtime of this kind; its message names the fix.
    fn current() -> Result<Self::Handle, NoRuntime>;

    /// Starts a task.
    fn spawn<F>(handle: &Self::Handle, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Any number below `n`: how core decides wherever several outcomes are equally good.
    ///
    /// Core never draws from a source of chance of its own, so a simulated runtime can replay.
    fn choose(n: usize) -> usize;

    /// Wakes a task that gives up its turn in the poll that is about to end (rule C11).
    ///
    /// Called on a thread of the runtime. The default wakes at once, which is right where a task that has
    /// woken itself comes after all others and does not keep the runtime from looking for events.
    #[inline]
    fn yield_turn(waker: &Waker) {
        waker.wake_by_ref();
    }

    /// The name of the runtime behind this handle, in lower case, such as `"tokio"`.
    fn name(handle: &Self::Handle) -> &'static str;

    /// A small number that core keeps with the tasks it starts from this handle, and gives back
    /// in [`current_tag`](super::current_tag) while one of them is polled.
    ///
    /// A marker that stands for several runtimes finds the right one by it. Zero means no tag.
    #[inline]
    fn tag(_handle: &Self::Handle) -> u8 {
        0
    }
}

/// What is known of a task when it is spawned, for runtimes that can show it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TaskInfo<'a> {
    /// The name that the task was given, if any.
    pub name: Option<&'a str>,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
}

impl TaskInfo<'static> {
    /// A task without a name, spawned where this is called. For tests of backends.
    #[track_caller]
    pub fn unnamed() -> TaskInfo<'static> {
        TaskInfo {
            name: None,
            location: Location::caller(),
        }
    }
}
