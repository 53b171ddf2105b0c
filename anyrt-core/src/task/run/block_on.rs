//! Blocking waits on threads that poll no task, used by handles of runs and by calls from threads.

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use crate::engine::poll_state::IN_TASK;
use crate::engine::{Run, poll_state};
use crate::error::CallError;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Runtime, Unparker, park};

struct Unpark(Unparker);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// A function that blocks the thread until tasks of a runtime have made progress, without the runtime's type.
#[derive(Clone)]
pub(crate) struct InPlace(Arc<BlockInPlace>);

type BlockInPlace = dyn Fn(&mut dyn FnMut()) + Send + Sync;

impl InPlace {
    pub(crate) fn of<R: Runtime>(runtime: &R::Handle) -> InPlace {
        let runtime = runtime.clone();
        InPlace(Arc::new(move |wait| R::block_in_place(&runtime, wait)))
    }

    /// Calls `f`, which waits for tasks of the runtime. Returns `None` if this thread is needed to poll them.
    pub(crate) fn block<T>(&self, f: impl FnOnce() -> T) -> Option<T> {
        let (mut f, mut output) = (Some(f), None);
        (self.0)(&mut || output = f.take().map(|f| f()));
        output
    }
}

/// Drives a future on this thread; other threads complete it. If a task calls this, the scopes around the
/// call do not concern the future: they cannot interrupt a blocked thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(Unparker::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match poll_state::outside(|| future.as_mut().poll(&mut cx)) {
            Poll::Ready(output) => return output,
            // A wake-up that came meanwhile is kept by the thread: `park` then returns at once.
            Poll::Pending => park(),
        }
    }
}

/// Returns whether this thread polls a task of the run, so that it must not wait for another task. That is an
/// anyrt task, or a native task of the runtime on the thread that has entered it.
pub(crate) fn polls_a_task_of(run: Option<&Arc<Run>>) -> bool {
    if run.is_some_and(|run| run.is_driven_here()) {
        return true;
    }
    let around = poll_state::surroundings();
    match (Run::current(), run) {
        (Some(here), Some(run)) => around.has(IN_TASK) && Arc::ptr_eq(&here, run),
        // The runtime was entered natively, so its tasks are unknown. A thread that polls an anyrt future may
        // run one of them, and may be the only thread of the runtime.
        (None, None) => around.is_busy(),
        _ => false,
    }
}

/// Returns whether the end of the run waits for this thread, which polls one of its tasks or is its worker.
pub(crate) fn is_part_of(run: &Arc<Run>) -> bool {
    run.is_driven_here() || Run::current().is_some_and(|here| Arc::ptr_eq(&here, run))
}

/// Returns an error if this thread polls tasks of any run.
pub(crate) fn refuse_inside() -> Result<(), CallError> {
    if poll_state::surroundings().has(IN_TASK) || Run::drives_any() {
        return Err(CallError::Inside);
    }
    Ok(())
}

/// Creates a pair to pass a value, which may never be sent, to the current thread.
pub(crate) fn reply<T>() -> (Replier<T>, Reply<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            value: None,
            closed: false,
        }),
        waiter: Unparker::current(),
    });
    (Replier(Arc::new(Close(shared.clone()))), Reply(shared))
}

/// The state of a pair. The lock orders the value and the wake-up: the sender unparks after it has stored.
struct Shared<T> {
    state: Mutex<State<T>>,
    waiter: Unparker,
}

struct State<T> {
    value: Option<T>,
    closed: bool,
}

/// The sending half of a pair. When all clones are dropped, no value will be sent.
pub(crate) struct Replier<T>(Arc<Close<T>>);

impl<T> Replier<T> {
    pub(crate) fn send(&self, value: T) {
        let shared = &self.0.0;
        lock(&shared.state).value = Some(value);
        shared.waiter.unpark();
    }
}

impl<T> Clone for Replier<T> {
    fn clone(&self) -> Self {
        Replier(self.0.clone())
    }
}

struct Close<T>(Arc<Shared<T>>);

impl<T> Drop for Close<T> {
    fn drop(&mut self) {
        lock(&self.0.state).closed = true;
        self.0.waiter.unpark();
    }
}

/// The receiving half of a pair, used on the thread that created it.
pub(crate) struct Reply<T>(Arc<Shared<T>>);

impl<T> Reply<T> {
    /// Waits for the value. Returns `None` if the sending half was dropped without one.
    pub(crate) fn wait(self) -> Option<T> {
        // Ends when the value is sent or the sender is dropped; both unpark this thread afterwards.
        loop {
            let mut state = lock(&self.0.state);
            if state.value.is_some() || state.closed {
                return state.value.take();
            }
            drop(state);
            park();
        }
    }
}
