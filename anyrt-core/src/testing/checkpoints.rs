//! Assertions about checkpoints: whether a future gives cancellation and other tasks a chance.
//!
//! Two things are counted in each poll of the future:
//!
//! - *cancel points*: operations that begin, which the hook of [`observe_too`] reports, and polls that end pending
//!   outside of a shield (rules C1 and C4);
//! - *turns* for other tasks: polls that end pending, and units of the task's budget that operations use up (rule C11).

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use crate::engine::poll_state::{self, observe_too};

/// Runs a future, and panics when it completes without having observed cancellation and let other tasks run.
///
/// An operation that is ready at once does both (rules C4 and C11), and so does a future of another crate where it is
/// pending outside of a shield. Operations of spawned tasks do not count.
///
/// # Cancel safety
///
/// As cancel safe as the future.
///
/// # Panics
///
/// See above; the message has the location of the caller.
#[track_caller]
pub fn assert_checkpoints<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    async move {
        let mut seen = Seen::default();
        let mut future = pin!(future);
        let output = poll_fn(|cx| seen.count(|| future.as_mut().poll(cx))).await;
        let missing = match (seen.cancel_points, seen.turns) {
            (0, 0) => "observe cancellation, and let no other task run",
            (0, _) => "observe cancellation",
            (_, 0) => "let other tasks run",
            _ => return output,
        };
        panic!(
            "the future of `assert_checkpoints` at {place} completed without a checkpoint: it did not {missing}"
        );
    }
}

/// Runs a future, and panics as soon as it observes cancellation or lets other tasks run. See [`assert_checkpoints`].
///
/// # Cancel safety
///
/// As cancel safe as the future.
///
/// # Panics
///
/// See above; the message has the location of the caller.
#[track_caller]
pub fn assert_no_checkpoints<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    async move {
        let mut seen = Seen::default();
        let mut future = pin!(future);
        poll_fn(|cx| {
            let polled = seen.count(|| future.as_mut().poll(cx));
            let done = match (seen.cancel_points, seen.turns) {
                (0, 0) => return polled,
                (_, 0) => "it observed cancellation",
                (0, _) => "it let other tasks run",
                _ => "it observed cancellation, and let other tasks run",
            };
            panic!("the future of `assert_no_checkpoints` at {place} passed a checkpoint: {done}");
        })
        .await
    }
}

/// The counts of a future.
#[derive(Default)]
struct Seen {
    cancel_points: u64,
    turns: u64,
}

impl Seen {
    /// Counts in one poll of the future.
    fn count<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let begun = Rc::new(Cell::new(0));
        let counter = begun.clone();
        let observed = observe_too(move || counter.set(counter.get() + 1));
        let (budget, shielded) = (poll_state::budget(), poll_state::shielded());
        let polled = poll();
        drop(observed);
        let is_pending = polled.is_pending();
        let is_shielded = poll_state::shielded() != shielded;
        self.cancel_points += begun.get() + u64::from(is_pending && !is_shielded);
        self.turns += u64::from(is_pending || poll_state::budget() < budget);
        polled
    }
}
