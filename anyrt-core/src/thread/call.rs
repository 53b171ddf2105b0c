//! The state that a call of `to_thread` shares with its worker thread.
//!
//! ```text
//!   calling task                      worker thread
//!   ToThread ──── Arc<Call<T>> ────── Arc<dyn Caller>, in a thread-local
//!      polls ◀──── request ────────── from_thread::run
//!            ───── cancelled ───────▶ from_thread::check_cancelled
//!            ◀──── outcome ────────── end of the function
//! ```
//!
//! One mutex protects all of it. The rules:
//!
//! 1. Only the task takes a request or the outcome, and only the task sets `cancelled`.
//! 2. The thread sends one request at a time, since it blocks until the answer, and it sends the outcome
//!    last. So the task never finds both.
//! 3. `gone` is final: afterwards the thread gets its requests and its outcome back, and drops them. Unless
//!    the call was abandoned on purpose, the run waits for that: a task that leaves puts an `Owed` in here,
//!    and the thread drops it last.
//!
//! ```text
//!   working ──ask──▶ request ──poll_take──▶ working       (any number of times)
//!   working ──deliver──▶ outcome ──poll_take──▶ done
//!   working ──leave──▶ gone ──deliver──▶ returned to the thread, with `owed`
//!   outcome ──leave──▶ returned to the task, with `owed`
//! ```
//!
//! Wakers, requests and outcomes run foreign code when they are woken or dropped, so that happens only after
//! the unlock.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use crate::engine::{Cancelled, Owed};
use crate::loom::{Arc, Mutex, lock, thread_local};
use crate::wake::{WakerSlot, poll_locked};

/// A future that the calling task must poll for its thread.
pub(super) struct Request {
    /// Sends its own answer to the thread when it completes.
    pub(super) future: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Releases the thread when it is dropped. Without an answer from `future`, the thread gets an error.
    pub(super) open: Box<dyn Send>,
}

/// The calling task, as seen from the worker thread.
pub(super) trait Caller: Send + Sync {
    /// Sends a request to the task. Returns it if the task is gone.
    fn ask(&self, request: Request) -> Result<(), Request>;

    /// Returns the cancellation of the task at its wait for the thread, if it is cancelled.
    fn cancellation(&self) -> Option<Cancelled>;
}

/// The shared state of one call. The task and the thread have an `Arc` each.
pub(super) struct Call<T>(Mutex<State<T>>);

struct State<T> {
    /// The waker of the task while it waits; taken by the thread, which wakes it.
    waker: WakerSlot,
    /// Written by the thread, taken by the task.
    request: Option<Request>,
    /// Written by the thread at the end, taken by the task.
    outcome: Option<thread::Result<T>>,
    /// Written by the task when it changes, and by `leave`; read by the thread.
    cancelled: Option<Cancelled>,
    /// Set once, when the task leaves.
    gone: bool,
    /// Left by a departing task, taken by `deliver`.
    owed: Option<Owed>,
}

/// An outcome that the task does not receive.
pub(super) struct Leftover<T> {
    pub(super) outcome: thread::Result<T>,
    /// The run waits until this is dropped, so it is dropped after the outcome.
    pub(super) owed: Option<Owed>,
}

/// A message of the thread to the task.
pub(super) enum Reply<T> {
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

    // ---- called by the task ----

    /// Waits for the next message of the thread.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Reply<T>> {
        poll_locked(&self.0, cx.waker(), |state| {
            // The outcome is the last message (rule 2), and a request cannot be left behind it.
            if let Some(outcome) = state.outcome.take() {
                return Ok(Reply::Outcome(outcome));
            }
            if let Some(request) = state.request.take() {
                return Ok(Reply::Request(request));
            }
            Err(&mut state.waker)
        })
    }

    /// Sets whether the task is cancelled, for the thread to see.
    pub(super) fn tell(&self, cancelled: Option<Cancelled>) {
        // The lock is released at the end of the first statement, and the old value is dropped after that.
        let old = std::mem::replace(&mut lock(&self.0).cancelled, cancelled);
        drop(old);
    }

    /// Ends the task's side. Returns the outcome if it is there already. Otherwise `owed` stays here until
    /// the thread delivers it.
    pub(super) fn leave(
        &self,
        why: impl FnOnce() -> Cancelled,
        owed: Option<Owed>,
    ) -> Option<Leftover<T>> {
        // 1. From now on `ask` and `deliver` return their arguments.
        let mut state = lock(&self.0);
        state.gone = true;
        // 2. A pending request is dropped below, which releases the thread.
        let left = (state.waker.take(), state.request.take());
        // 3. Either the outcome is here and returned, or the function still runs: then it sees the call as
        //    cancelled, and the run waits for it through `owed`.
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

    // ---- called by the worker thread ----

    /// Delivers the outcome, and wakes the task. Returns the outcome if the task is gone.
    pub(super) fn deliver(&self, outcome: thread::Result<T>) -> Option<Leftover<T>> {
        let mut state = lock(&self.0);
        if state.gone {
            // The thread drops the outcome, and `owed` after it: until then the run waits.
            let owed = state.owed.take();
            return Some(Leftover { outcome, owed });
        }
        // The slot is emptied, so the task is woken once; its next poll stores the waker again.
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
        // The thread blocks until the answer, so the task takes this before the next request.
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

/// The call that a worker thread is working for, kept in a thread-local.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) caller: Arc<dyn Caller>,
    pub(super) name: Option<Arc<str>>,
}

thread_local! {
    static WORKER: Cell<Option<Worker>> = const { Cell::new(None) };
}

impl Worker {
    /// Returns the call that the current thread is working for.
    pub(super) fn current() -> Option<Worker> {
        // A `Cell` with a clone, so no borrow of the thread-local is alive while foreign code runs.
        WORKER.with(|cell| {
            let worker = cell.take();
            cell.set(worker.clone());
            worker
        })
    }

    /// Runs `f` with this call as the current one, and restores the previous one afterwards, also after a
    /// panic.
    pub(super) fn run<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Worker>);
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKER.with(|cell| cell.set(self.0.take()));
            }
        }
        // Restored after a panic too, since the thread goes on to other jobs.
        let _restore = Restore(WORKER.with(|cell| cell.replace(Some(self))));
        f()
    }
}
