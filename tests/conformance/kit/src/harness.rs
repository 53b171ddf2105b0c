//! Runs a case on a fresh runtime, on a separate thread, with a time limit.
//!
//! Some cases run in a separate process: they measure the process, fork it, or must leave nothing in it. A
//! forked child keeps all descriptors until it executes another program, so a port or a path that another
//! case has closed would still be in use. So no process is started while a case with sockets is running,
//! not even that of another case.

use std::any::Any;
use std::panic::resume_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use std::{env, fmt, fs, io, process, thread};

use anyrt_core::RunOptions;
use anyrt_core::runtime::Enter;
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;

use crate::capability::{self, Capability, Needs};
use crate::erased::Backend;
#[cfg(any(unix, windows))]
use crate::erased::OsBackend;
use crate::left;
use crate::support::message_of;

/// The number of seconds a case may take; none needs a tenth of it.
const WATCHDOG: u64 = 60;

/// The variable that sets another limit, in seconds, for cases that are made to take long.
const LIMIT: &str = "ANYRT_CONFORMANCE_LIMIT";

/// The variable that sets how often every case is run, to look for a rare failure.
const REPEAT: &str = "ANYRT_CONFORMANCE_REPEAT";

/// The variable that is set in the process of a case that runs alone.
const ALONE: &str = "ANYRT_CONFORMANCE_ALONE";

/// The variable that makes cases take all their steps, if it is 1.
const LONG_TESTS: &str = "ANYRT_LONG_TESTS";

/// The number of unexpected hangs after which the remaining cases of the program are not run. A case that
/// hangs may have taken the threads that all cases share, and each remaining case would wait for its time
/// limit.
const MOST_HANGS: usize = 5;

/// The number of cases of this program that were expected to pass and have hung.
static HANGS: AtomicUsize = AtomicUsize::new(0);

/// Locked for writing while a process is started, and for reading while a case with sockets runs.
static STARTING: RwLock<()> = RwLock::new(());

/// One case of the suite, for the backend `B`.
pub struct Case<B> {
    /// `module::function`, as in the names of the tests.
    pub name: &'static str,
    /// The capabilities of the backend without which the case is skipped.
    pub needs: Needs,
    place: Place,
    run: Run<B>,
}

/// The place where a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the lists of cases name them")]
pub enum Place {
    /// In the process of the test program, concurrently with other cases.
    Anywhere,
    /// In a separate process. The case may leave nothing in it, nor in its temporary folder.
    Process,
    /// While no process is started: the case may close a socket, and then expect it to be closed.
    Sockets,
}

/// The function of a case, by the parameter that it takes.
enum Run<B> {
    Generic(fn(&B)),
    Erased(fn(&Backend)),
    #[cfg(any(unix, windows))]
    Descriptors(fn(&OsBackend)),
}

impl<B: Enter> Case<B> {
    /// Creates a case that is compiled for each backend.
    pub fn generic(needs: Needs, place: Place, run: fn(&B)) -> Case<B> {
        Case::new(needs, place, Run::Generic(run))
    }

    /// Creates a case that was compiled once, for all backends.
    pub fn erased(needs: Needs, place: Place, run: fn(&Backend)) -> Case<B> {
        Case::new(needs, place, Run::Erased(run))
    }

    /// Creates a case that was compiled once, for all backends with sockets that are descriptors.
    #[cfg(any(unix, windows))]
    pub fn descriptors(needs: Needs, place: Place, run: fn(&OsBackend)) -> Case<B> {
        Case::new(needs, place, Run::Descriptors(run))
    }

    fn new(needs: Needs, place: Place, run: Run<B>) -> Case<B> {
        let name = needs.case;
        Case {
            name,
            needs,
            place,
            run,
        }
    }

    /// Runs the case, and panics if the backend fails.
    pub fn run(&self, backend: &B) {
        match self.run {
            Run::Generic(run) => run(backend),
            Run::Erased(run) => run(&Backend::new(backend.clone())),
            #[cfg(any(unix, windows))]
            Run::Descriptors(run) => run(&OsBackend::new(backend.clone())),
        }
    }
}

impl<B> Clone for Case<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Case<B> {}

impl<B> Clone for Run<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Run<B> {}

impl<B> fmt::Debug for Case<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// How a case ended.
#[expect(clippy::exhaustive_enums, reason = "there is no fourth way")]
pub enum Outcome {
    /// The case returned.
    Passed,
    /// The case panicked.
    Failed(Box<dyn Any + Send>),
    /// The case was still running when its time was up.
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

/// Runs a case on a separate thread, for as long as `limit`.
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

/// Cases that do not pass yet. Each has a reason.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "`suite!` makes it where it is used"
)]
pub struct Failures {
    /// Cases that fail or hang. A case that passes has to be removed from this list.
    pub known: &'static [(&'static str, &'static str)],
    /// Cases that may pass or fail, because chance decides whether the fault shows.
    pub flaky: &'static [(&'static str, &'static str)],
}

/// The deviations of a backend, as `suite!` was given them.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "`suite!` makes it where it is used"
)]
pub struct Deviations {
    /// The capabilities that the backend lacks. A case that needs one of them is skipped.
    pub lacks: &'static [Capability],
    /// The cases that fail, or may fail.
    pub failures: &'static [Failures],
}

/// How a failure of a case is judged.
#[derive(Clone, Copy)]
enum Expected {
    Passes,
    Fails(&'static str),
    MayFail(&'static str),
}

fn expected(name: &str, failures: &[Failures]) -> Expected {
    let find = |list: &[(&'static str, &'static str)]| {
        let found = list.iter().find(|(known, _)| *known == name);
        found.map(|(_, why)| *why)
    };
    for failures in failures {
        if let Some(why) = find(failures.known) {
            return Expected::Fails(why);
        }
        if let Some(why) = find(failures.flaky) {
            return Expected::MayFail(why);
        }
    }
    Expected::Passes
}

/// Runs a case as a test of [`suite!`](crate::suite), or prints a line if the backend lacks a capability that
/// it needs.
///
/// # Panics
///
/// If the case fails or hangs, or if too many cases before it have hung. Also if it passes although it is a
/// known failure, so that the list of known failures stays up to date.
#[doc(hidden)]
pub fn run_case<B: Enter>(case: Case<B>, deviations: Deviations, backend: fn() -> B) {
    capability::declare(deviations.lacks);
    if capability::skips(&case, deviations.lacks) {
        return;
    }
    let name = case.name;
    let limit = Duration::from_secs(number(LIMIT).unwrap_or(WATCHDOG));
    let expected = expected(name, deviations.failures);
    let alone = number(ALONE).is_some();
    if let (Expected::Passes, Place::Process, false) = (expected, case.place, alone) {
        if let Some(test) = current_test(name) {
            return run_in_a_process(&test);
        }
    }
    let hangs = HANGS.load(Ordering::Relaxed);
    assert!(
        hangs < MOST_HANGS,
        "{name} was not run: {hangs} cases before it hang"
    );
    let _no_forks = (case.place == Place::Sockets).then(no_forks);
    for _ in 0..number(REPEAT).unwrap_or(1) {
        let outcome = watch(name, limit, move || {
            if alone {
                warm_up(&backend());
                left::nothing_is_left(|| case.run(&backend()));
            } else {
                case.run(&backend());
            }
        });
        match (outcome, expected) {
            (Outcome::Passed, Expected::Passes | Expected::MayFail(_)) => {}
            (Outcome::Passed, Expected::Fails(_)) => {
                panic!("{name} passes: remove it from `known_failures`")
            }
            (outcome, Expected::Fails(why) | Expected::MayFail(why)) => {
                eprintln!("{name} fails, as is known ({why}): {outcome:?}");
                return;
            }
            (Outcome::Failed(payload), Expected::Passes) => resume_unwind(payload),
            (Outcome::Hung, Expected::Passes) => {
                HANGS.fetch_add(1, Ordering::Relaxed);
                panic!("{name} hangs: it was still running after {limit:?}")
            }
        }
    }
}

/// Returns the name of the test that runs the case, if it is known.
fn current_test(name: &str) -> Option<String> {
    // A test that is the only one to run is on the main thread.
    let test = thread::current().name()?.to_owned();
    test.ends_with(name).then_some(test)
}

/// Makes the runtime start its resources that last for the rest of the process: some runtimes share threads
/// and a reactor between all of their runs.
fn warm_up<B: Enter>(backend: &B) {
    let entered = anyrt_core::run(backend, RunOptions::new(), async {
        to_thread::run::<B::Runtime, _, _>(|| ()).await;
        sleep::<B::Runtime>(Duration::from_millis(1)).await;
    });
    entered.expect("the runtime starts");
}

/// Starts a process while no case with sockets is running. When this returns, the child no longer has the
/// descriptors of this process.
///
/// # Errors
///
/// Returns the error of the operating system.
pub fn start(command: &mut Command) -> io::Result<Child> {
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

fn no_forks() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test again, in a separate process with a separate temporary folder.
fn run_in_a_process(test: &str) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("anyrt-{}-{number}", process::id()));
    fs::create_dir(&folder).expect("a folder for the case");
    let program = env::current_exe().expect("the path of this program");
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ALONE, "1").env("TMPDIR", &folder);
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = start(&mut command).expect("a process for the case");
    let output = child.wait_with_output();
    let output = output.expect("the output of the case");
    let left = left::in_folder(&folder);
    let removed = fs::remove_dir_all(&folder);
    assert!(
        output.status.success(),
        "{test}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(left.is_empty(), "{test} has left {left:?}");
    removed.expect("the folder can be removed");
}

/// Returns how often a case repeats its steps: `full` times in long tests, and otherwise `full / share`
/// times.
#[must_use]
pub fn repeats(full: usize, share: usize) -> usize {
    match number(LONG_TESTS) {
        Some(1) => full,
        _ => full / share,
    }
}

/// Returns the number in an environment variable, or `None` if it is not set.
///
/// # Panics
///
/// If the variable has a value that is not a number.
pub fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number, not `{text}`")),
    )
}
