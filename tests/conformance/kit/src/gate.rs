//! Waiting on tasks and threads alike, by means that are foreign to the library.

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use anyrt_core::task;
use anyrt_core::thread::from_thread;

use crate::capability::{Capability, has};
use crate::support::lock;

/// An event that happens once, and that any number of tasks and threads can wait for.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<GateInner>);

#[derive(Debug, Default)]
struct GateInner {
    state: Mutex<GateState>,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Creates a closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Opens the gate permanently, and wakes all tasks and threads that wait for it.
    pub fn open(&self) {
        // Wakers run code of the executor, so they are woken after the lock is released.
        let waiting = {
            let mut state = lock(&self.0.state);
            state.open = true;
            std::mem::take(&mut state.waiting)
        };
        self.0.opened.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        lock(&self.0.state).open
    }

    /// Waits until the gate is open, as a foreign future.
    pub async fn opened(&self) {
        poll_fn(|cx| {
            let mut state = lock(&self.0.state);
            if state.open {
                return Poll::Ready(());
            }
            // Checked and registered under one lock, so `open` cannot happen in between. A task that polls
            // again with an equal waker is not registered twice.
            if !state.waiting.iter().any(|w| w.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Blocks the thread until the gate is open.
    pub fn wait_blocking(&self) {
        // Where threads run one at a time, nothing else runs while a worker thread waits for a `Condvar`.
        while !has(Capability::OsThreads) && is_worker_thread() {
            if self.is_open() {
                return;
            }
            give_way();
        }
        let mut state = lock(&self.0.state);
        while !state.open {
            state = self
                .0
                .opened
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Returns whether this thread works for a call of `to_thread`.
fn is_worker_thread() -> bool {
    task::current_run().is_some() && task::current().is_none()
}

/// Lets other threads and tasks run, on a thread that waits for something that no waker reports.
///
/// A runtime that runs one thread at a time runs another one when a function calls `check_cancelled`.
pub fn give_way() {
    if is_worker_thread() {
        let _ = from_thread::check_cancelled();
    }
    if has(Capability::OsThreads) {
        thread::yield_now();
    }
}

/// Keeps a function on a worker thread running for a while: for `length`, or for some turns of other threads
/// and tasks where threads run one at a time.
pub fn linger(length: Duration) {
    if has(Capability::OsThreads) {
        thread::sleep(length);
    } else {
        (0..10).for_each(|_| give_way());
    }
}
