//! Waiting on a thread that polls no task.

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::engine::poll_state::IN_TASK;
use crate::engine::{Run, poll_state};
use crate::error::CallError;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks threads for what tasks of a runtime do, whichever that is.
#[derive(Clone)]
pub(crate) struct InPlace(Arc<BlockInPlace>);

type BlockInPlace = dyn Fn(&mut dyn FnMut()) + Send + Sync;

impl InPlace {
    pub(crate) fn of<R: Runtime>(runtime: &R::Handle) -> InPlace {
        let runtime = runtime.clone();
        InPlace(Arc::new(move |wait| R::block_in_place(&runtime, wait)))
    }

    /// Calls `f`, which waits for tasks of the runtime; none if this thread is needed to poll them.
    pub(crate) fn block<T>(&self, f: impl FnOnce() -> T) -> Option<T> {
        let (mut f, mut output) = (Some(f), None);
        (self.0)(&mut || output = f.take().map(|f| f()));
        output
    }
}

/// Drives a future that others complete, on this thread. Where this is called by a task, the scopes
/// around the call do not concern the future: they cannot interrupt a thread that is blocked.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match poll_state::outside(|| future.as_mut().poll(&mut cx)) {
            Poll::Ready(output) => return output,
            // A wake-up that came in between is kept by the thread.
            Poll::Pending => thread::park(),
        }
    }
}

/// Whether this thread polls a task of the run, so that it must not wait for another: one of ours, or one
/// of the runtime's own on the thread that has entered it.
pub(crate) fn polls_a_task_of(run: Option<&Arc<Run>>) -> bool {
    if run.is_some_and(|run| run.is_driven_here()) {
        return true;
    }
    let around = poll_state::surroundings();
    match (Run::current(), run) {
        (Some(here), Some(run)) => around.has(IN_TASK) && Arc::ptr_eq(&here, run),
        // The runtime was entered natively. What is its task cannot be seen; whoever polls something
        // of anyrt's may be, and may be the only thread that the runtime has.
        (None, None) => around.is_busy(),
        _ => false,
    }
}

/// Whether the end of the run waits for what this thread does, in a task of it or as its worker.
pub(crate) fn is_part_of(run: &Arc<Run>) -> bool {
    run.is_driven_here() || Run::current().is_some_and(|here| Arc::ptr_eq(&here, run))
}

/// Refuses to block a thread that polls tasks of any run.
pub(crate) fn refuse_inside() -> Result<(), CallError> {
    if poll_state::surroundings().has(IN_TASK) || Run::drives_any() {
        return Err(CallError::Inside);
    }
    Ok(())
}

/// A value that one thread waits for, and that may never come.
pub(crate) fn reply<T>() -> (Replier<T>, Reply<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            value: None,
            closed: false,
        }),
        waiter: thread::current(),
    });
    (Replier(Arc::new(Close(shared.clone()))), Reply(shared))
}

struct Shared<T> {
    state: Mutex<State<T>>,
    waiter: Thread,
}

struct State<T> {
    value: Option<T>,
    closed: bool,
}

/// Gives the value, or says, when all clones are gone, that there will be none.
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

/// Waits for the value, on the thread that made the pair.
pub(crate) struct Reply<T>(Arc<Shared<T>>);

impl<T> Reply<T> {
    pub(crate) fn wait(self) -> Option<T> {
        loop {
            let mut state = lock(&self.0.state);
            if state.value.is_some() || state.closed {
                return state.value.take();
            }
            drop(state);
            thread::park();
        }
    }
}
