//! What a call of `to_thread` and the thread that works for it share.
//!
//! ```text
//!   calling task                      worker thread
//!   ToThread ──── Arc<Call<T>> ────── Arc<dyn Caller>, in a thread-local
//!      polls ◀──── request ────────── from_thread::run
//!            ───── cancelled ───────▶ from_thread::check_cancelled
//!            ◀──── outcome ────────── the function's end
//! ```
//!
//! 1. The task is the only one that takes a request or the outcome, and that sets `cancelled`.
//! 2. The thread sends one request at a time, since it blocks for the answer; and the outcome
//!    last.
//! 3. `gone` is final: from then on the thread gets back what it brings, and drops it. Unless the call
//!    was abandoned on purpose, the run waits for that: a task that leaves puts an `Owed` in here, and
//!    the thread drops it last.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use crate::engine::{Cancelled, Owed};
use crate::loom::{Arc, Mutex, lock, thread_local};
use crate::wake::{WakerSlot, poll_locked};

/// Something that the calling task is to poll for its thread.
pub(super) struct Request {
    /// Answers by itself.
    pub(super) future: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Without an answer, the thread is released when this is dropped.
    pub(super) open: Box<dyn Send>,
}

/// The calling task, as its thread sees it.
pub(super) trait Caller: Send + Sync {
    /// Asks the task to poll this; gives it back if the task is gone.
    fn ask(&self, request: Request) -> Result<(), Request>;

    /// Why the task is cancelled where it waits for the thread, if it is.
    fn cancellation(&self) -> Option<Cancelled>;
}

pub(super) struct Call<T>(Mutex<State<T>>);

struct State<T> {
    waker: WakerSlot,
    request: Option<Request>,
    outcome: Option<thread::Result<T>>,
    cancelled: Option<Cancelled>,
    gone: bool,
    owed: Option<Owed>,
}

/// An outcome that the other side does not take.
pub(super) struct Leftover<T> {
    pub(super) outcome: thread::Result<T>,
    /// Dropped after the outcome.
    pub(super) owed: Option<Owed>,
}

/// What the thread has brought.
pub(super) enum Brought<T> {
    Request(Request),
    Outcome(thread::Result<T>),
}

impl<T> Call<T> {
    pub(super) fn new() -> Arc<Call<T>> {
        Arc::new(Call(Mutex::new(State {
            waker: WakerSlot::new(),
            request: None,
            outcome: None,
            cancelled: None,
            gone: false,
            owed: None,
        })))
    }

    // ---- the task's side ----

    /// Takes what the thread has brought; what comes later wakes the waker.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Brought<T>> {
        poll_locked(&self.0, cx.waker(), |state| {
            if let Some(outcome) = state.outcome.take() {
                return Ok(Brought::Outcome(outcome));
            }
            if let Some(request) = state.request.take() {
                return Ok(Brought::Request(request));
            }
            Err(&mut state.waker)
        })
    }

    /// Tells the thread whether the task is cancelled.
    pub(super) fn tell(&self, cancelled: Option<Cancelled>) {
        let old = std::mem::replace(&mut lock(&self.0).cancelled, cancelled);
        drop(old);
    }

    /// The task waits no longer. What the thread has brought and nobody took is returned; what it
    /// still brings is `owed`.
    pub(super) fn leave(
        &self,
        why: impl FnOnce() -> Cancelled,
        owed: Option<Owed>,
    ) -> Option<Leftover<T>> {
        let mut state = lock(&self.0);
        state.gone = true;
        let left = (state.waker.take(), state.request.take());
        let leftover = match state.outcome.take() {
            Some(outcome) => Some(Leftover { outcome, owed }),
            None => {
                state.cancelled.get_or_insert_with(why);
                state.owed = owed;
                None
            }
        };
        drop(state);
        drop(left);
        leftover
    }

    // ---- the thread's side ----

    /// Brings the outcome; gives it back if the task is gone.
    pub(super) fn deliver(&self, outcome: thread::Result<T>) -> Option<Leftover<T>> {
        let mut state = lock(&self.0);
        if state.gone {
            let owed = state.owed.take();
            return Some(Leftover { outcome, owed });
        }
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }
}

impl<T: Send> Caller for Call<T> {
    fn ask(&self, request: Request) -> Result<(), Request> {
        let mut state = lock(&self.0);
        if state.gone {
            return Err(request);
        }
        debug_assert!(
            state.request.is_none(),
            "a thread asks for one thing at a time"
        );
        state.request = Some(request);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn cancellation(&self) -> Option<Cancelled> {
        lock(&self.0).cancelled.clone()
    }
}

/// What a thread knows while it works for a call.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) caller: Arc<dyn Caller>,
    pub(super) name: Option<Arc<str>>,
}

thread_local! {
    static WORKER: Cell<Option<Worker>> = const { Cell::new(None) };
}

impl Worker {
    /// The call that this thread works for.
    pub(super) fn current() -> Option<Worker> {
        WORKER.with(|cell| {
            let worker = cell.take();
            cell.set(worker.clone());
            worker
        })
    }

    /// Runs `f` as the work for a call.
    pub(super) fn run<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Worker>);
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKER.with(|cell| cell.set(self.0.take()));
            }
        }
        let _restore = Restore(WORKER.with(|cell| cell.replace(Some(self))));
        f()
    }
}
