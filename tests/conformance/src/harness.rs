//! Runs a case: on a fresh runtime, on a thread of its own, and not for ever.

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyrt_core::runtime::Enter;

use crate::support::message_of;

/// How many seconds a case may take; none needs a tenth of it.
const WATCHDOG: u64 = 60;

/// Another limit, in seconds: for those who make a case take long.
const LIMIT: &str = "ANYRT_CONFORMANCE_LIMIT";

/// Runs every case so many times, if set: for those who look for a rare failure.
const REPEAT: &str = "ANYRT_CONFORMANCE_REPEAT";

/// One case of the suite.
pub struct Case<B> {
    /// `module::function`, as in the names of the tests.
    pub name: &'static str,
    /// The case itself: it panics if the backend fails.
    pub run: fn(&B),
}

impl<B> fmt::Debug for Case<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// How a case ended.
#[expect(clippy::exhaustive_enums, reason = "there is no fourth way")]
pub enum Outcome {
    /// It returned.
    Passed,
    /// It panicked.
    Failed(Box<dyn Any + Send>),
    /// It was still running when its time was up.
    Hung,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Passed => f.write_str("Passed"),
            Outcome::Failed(payload) => f
                .debug_tuple("Failed")
                .field(&message_of(&**payload))
                .finish(),
            Outcome::Hung => f.write_str("Hung"),
        }
    }
}

/// Runs a case on a thread of its own, for as long as `limit`.
///
/// A case that hangs keeps its thread.
///
/// # Panics
///
/// If the thread cannot be started.
pub fn watch(name: &str, limit: Duration, case: impl FnOnce() + Send + 'static) -> Outcome {
    let (alive, ended) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _alive = alive;
        case();
    });
    let thread = thread.expect("a thread for the case");
    match ended.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => Outcome::Hung,
        _ => match thread.join() {
            Ok(()) => Outcome::Passed,
            Err(payload) => Outcome::Failed(payload),
        },
    }
}

/// What each test of [`suite!`](crate::suite) does.
///
/// # Panics
///
/// If the case fails or hangs; and if it passes although it is a known failure, so that nobody
/// forgets to remove it from that list.
#[doc(hidden)]
pub fn run_case<B: Enter + 'static>(
    name: &'static str,
    known_failures: &[(&str, &str)],
    backend: fn() -> B,
    case: fn(&B),
) {
    let limit = Duration::from_secs(number(LIMIT).unwrap_or(WATCHDOG));
    for _ in 0..number(REPEAT).unwrap_or(1) {
        let outcome = watch(name, limit, move || case(&backend()));
        let known = known_failures.iter().find(|(known, _)| *known == name);
        match (outcome, known) {
            (Outcome::Passed, None) => {}
            (Outcome::Passed, Some(_)) => panic!("{name} passes: remove it from `known_failures`"),
            (outcome, Some((_, why))) => {
                eprintln!("{name} fails, as is known ({why}): {outcome:?}");
                return;
            }
            (Outcome::Failed(payload), None) => resume_unwind(payload),
            (Outcome::Hung, None) => {
                panic!("{name} hangs: it was still running after {limit:?}")
            }
        }
    }
}

/// A number from the environment.
///
/// # Panics
///
/// If something else is there.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number, not `{text}`")),
    )
}
