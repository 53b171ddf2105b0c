//! Limits in real time, for cases that would hang or spin where a rule is broken.
//!
//! They do not depend on the runtime: each watchdog is a thread that sleeps.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyrt_core::runtime::Time;
use futures_util::future::{Either, select};

use crate::erased::R;
use crate::harness::{Outcome, watch};
use crate::support::Gate;

/// A thread that opens a gate after some time, unless this is dropped before.
///
/// Futures that would never end wait for that gate or check it, so that a case that fails still ends.
#[derive(Debug)]
pub struct Watchdog {
    gate: Gate,
    /// Dropping this ends the thread early: its channel is closed before the time is over.
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    /// Starts the watchdog.
    pub fn new(limit: Duration) -> Watchdog {
        let gate = Gate::new();
        let (alive, dropped) = mpsc::channel::<()>();
        let opens = gate.clone();
        thread::spawn(move || {
            if dropped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                opens.open();
            }
        });
        Watchdog {
            gate,
            _alive: alive,
        }
    }

    /// Returns the gate that opens when the time is over.
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Returns whether the time is over.
    pub fn has_expired(&self) -> bool {
        self.gate.is_open()
    }
}

/// Awaits a future for at most `limit`, and drops it if it is still pending then.
///
/// # Errors
///
/// `TimedOut`.
pub async fn try_within<F: Future>(limit: Duration, future: F) -> Result<F::Output, TimedOut> {
    let watchdog = Watchdog::new(limit);
    let gate = watchdog.gate();
    match select(pin!(future), pin!(gate.opened())).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(TimedOut),
    }
}

/// The error of a future that was still pending when its time was over.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "it has no more to say")]
pub struct TimedOut;

/// Awaits a future, and panics if it takes longer than `limit`.
pub async fn within<F: Future>(limit: Duration, what: &str, future: F) -> F::Output {
    match try_within(limit, future).await {
        Ok(output) => output,
        Err(TimedOut) => panic!("{what}: still pending after {limit:?}"),
    }
}

/// Runs a function on a separate thread, and panics if it takes longer than `limit`. The thread is left
/// behind then, so the function must not spin.
pub fn ends_within(limit: Duration, what: &str, f: impl FnOnce() + Send + 'static) {
    match watch(what, limit, f) {
        Outcome::Passed => {}
        Outcome::Failed(payload) => resume_unwind(payload),
        Outcome::Hung => panic!("{what}: still running after {limit:?}"),
    }
}

/// Calls a function on a thread with enough stack for deeply nested futures.
pub fn with_deep_stack(f: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(512 << 20);
        let thread = thread
            .spawn_scoped(scope, f)
            .expect("a thread for the case");
        if let Err(payload) = thread.join() {
            resume_unwind(payload);
        }
    });
}

/// Waits for a timer of the runtime, as a foreign future that is not a cancel point.
pub async fn foreign_sleep(length: Duration) {
    R::timer(R::now() + length).await;
}

/// Keeps the thread busy.
pub fn busy(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

/// Measures up to `times` times, for as long as the result is above `limit`, and returns the smallest
/// result. Other work on the machine makes a result larger, never smaller.
pub fn least_of<T: PartialOrd + Copy>(times: usize, limit: T, mut measure: impl FnMut() -> T) -> T {
    let mut least = measure();
    for _ in 1..times {
        if least <= limit {
            break;
        }
        let next = measure();
        if next < least {
            least = next;
        }
    }
    least
}
