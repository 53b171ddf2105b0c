//! Worker processes: PR-11 to PR-15, W1 to W17.
//!
//! The workers of these tests are processes of this test program, which run one test: that calls `serve`
//! first. The behaviour of a whole process is checked from outside, through the test `child`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use anyrt::sync::CapacityLimiter;
use anyrt::to_process::{self, Options, WorkerError};
use anyrt::{Backend, CancelScope};
use anyrt_conformance::support::children;
use rustix::process::{Pid, Signal, getpgid, kill_process, test_kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the condition holds.
async fn until(mut so: impl FnMut() -> bool) {
    let wait = async {
        while !so() {
            anyrt::sleep(Duration::from_millis(1)).await;
        }
    };
    anyrt::fail_after(PATIENCE, wait).await.expect("it comes");
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.try_into().unwrap()).unwrap()
}

/// Returns whether a process has ended; it may be a zombie.
fn has_ended(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    test_kill_process(pid(id)).is_err() || stat.contains(") Z ")
}

#[anyrt::process_fn]
fn process((): ()) -> u32 {
    std::process::id()
}

#[anyrt::process_fn]
fn echo(text: String) -> String {
    text
}

#[anyrt::process_fn]
fn divide((dividend, divisor): (u32, u32)) -> Result<u32, String> {
    dividend
        .checked_div(divisor)
        .ok_or_else(|| "by zero".to_owned())
}

/// Creates one file when it has begun, and waits for another one.
#[anyrt::process_fn]
fn wait_for((begun, go): (PathBuf, PathBuf)) -> u32 {
    fs::write(&begun, std::process::id().to_string()).unwrap();
    while !go.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    std::process::id()
}

#[anyrt::process_fn]
fn spin(begun: PathBuf) {
    let partial = begun.with_extension("partial");
    fs::write(&partial, std::process::id().to_string()).unwrap();
    fs::rename(partial, begun).unwrap();
    loop {
        std::hint::spin_loop();
    }
}

#[anyrt::process_fn]
fn end(how: u32) {
    match how {
        0 => exit(7),
        1 => std::process::abort(),
        _ => {
            kill_process(pid(std::process::id()), Signal::KILL).unwrap();
            loop {
                thread::park();
            }
        }
    }
}

#[anyrt::process_fn]
fn panics(text: String) {
    assert!(text.is_empty(), "{text}");
}

/// PR-11, W4, W8: the function runs in another process, and the next call uses the same one. The process
/// leads a group.
#[anyrt::test]
async fn an_idle_worker_is_reused() {
    let first = to_process::run(process, ()).await.unwrap();
    assert_ne!(first, std::process::id());
    assert!(!to_process::is_worker());
    assert_eq!(getpgid(Some(pid(first))).unwrap(), pid(first));
    for _ in 0..10 {
        assert_eq!(to_process::run(process, ()).await.unwrap(), first);
    }
}

/// PR-11, W10: values and errors are returned unchanged; the function can still be called directly.
#[anyrt::test]
async fn values_and_errors_come_back() {
    assert_eq!(divide((6, 2)), Ok(3));
    let divided = to_process::run(divide, (6, 2)).await.unwrap();
    assert_eq!(divided, Ok(3));
    let divided = to_process::run(divide, (6, 0)).await.unwrap();
    assert_eq!(divided, Err("by zero".to_owned()));
}

/// Checks that a function of a library can be called.
#[anyrt::test]
async fn libraries_have_functions_too() {
    assert_eq!(to_process::run(anyrt_apps::doubled, 21).await.unwrap(), 42);
}

/// W10: a panic continues in the caller, with its text; the worker stays usable.
#[anyrt::test]
async fn panics_continue_in_the_caller() {
    let worker = to_process::run(process, ()).await.unwrap();
    let mut call = pin!(to_process::run(panics, "as it should".to_owned()));
    let payload = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(_)) => panic!("it panics"),
            Err(payload) => Poll::Ready(payload),
        }
    });
    let payload = payload.await;
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "as it should");
    assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
}

/// PR-14, W12: a worker that dies during a call is an error of that call.
#[anyrt::test]
async fn a_worker_that_dies_is_an_error_of_one_call() {
    for how in 0..3 {
        let Err(WorkerError::Broken(Some(status))) = to_process::run(end, how).await else {
            panic!("it ended");
        };
        let expected = [(Some(7), None), (None, Some(6)), (None, Some(9))][how as usize];
        assert_eq!((status.code(), status.signal()), expected);
        assert_eq!(to_process::run(divide, (4, 2)).await.unwrap(), Ok(2));
    }
}

/// PR-12, W14: with `kill_on_cancel`, the worker is killed and reaped before the caller continues.
#[anyrt::test]
async fn a_cancelled_call_may_kill_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let scope = CancelScope::new();
    let handle = scope.handle();
    let call = Options::new().kill_on_cancel(true).run(spin, begun.clone());
    let cancel = async {
        until(|| begun.exists()).await;
        handle.cancel();
    };
    let (outcome, ()) = anyrt::gather((scope.run(call), cancel)).await;
    assert!(outcome.is_err());
    let killed: u32 = fs::read_to_string(&begun).unwrap().parse().unwrap();
    assert!(test_kill_process(pid(killed)).is_err(), "it is reaped");
    assert_ne!(to_process::run(process, ()).await.unwrap(), killed);
}

/// PR-13, W14: otherwise the call waits, gets its value, and the worker is reused.
#[anyrt::test]
async fn a_cancelled_call_waits_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, go) = (folder.path().join("begun"), folder.path().join("go"));
    let scope = CancelScope::new();
    let handle = scope.handle();
    let call = to_process::run(wait_for, (begun.clone(), go.clone()));
    let cancel = async {
        until(|| begun.exists()).await;
        handle.cancel();
        anyrt::sleep(Duration::from_millis(20)).await;
        fs::write(&go, "").unwrap();
    };
    let (outcome, ()) = anyrt::gather((scope.run(call), cancel)).await;
    let worker = outcome.expect("the value is delivered").unwrap();
    assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
}

/// W15: dropped while the function runs, the worker is killed.
#[anyrt::test]
async fn a_dropped_call_kills_its_worker() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    {
        let mut call = pin!(to_process::run(spin, begun.clone()));
        let mut begins = pin!(until(|| begun.exists()));
        poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            begins.as_mut().poll(cx)
        })
        .await;
    }
    let killed: u32 = fs::read_to_string(&begun).unwrap().parse().unwrap();
    until(|| test_kill_process(pid(killed)).is_err()).await;
    assert_ne!(to_process::run(process, ()).await.unwrap(), killed);
}

/// PR-15, W13: concurrent calls use as many workers as the limiter allows.
#[anyrt::test]
async fn calls_at_once_use_as_many_workers_as_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let processors = thread::available_parallelism().unwrap().get();
    let limiter = to_process::current_default_limiter().unwrap();
    assert_eq!(limiter.total(), processors);
    limiter.set_total(3);
    let calls = (0..5).map(|number| {
        let begun = folder.path().join(format!("begun-{number}"));
        to_process::run(wait_for, (begun, go.clone()))
    });
    let calls: Vec<_> = calls.collect();
    let begun = || fs::read_dir(folder.path()).unwrap().count();
    let watch = async {
        until(|| begun() == 3).await;
        until(|| limiter.statistics().waiting == 2).await;
        anyrt::sleep(Duration::from_millis(20)).await;
        assert_eq!(begun(), 3);
        fs::write(&go, "").unwrap();
    };
    let (workers, ()) = anyrt::gather((anyrt::gather(calls), watch)).await;
    let workers: BTreeSet<_> = workers.into_iter().map(Result::unwrap).collect();
    assert_eq!(workers.len(), 3);
}

/// W13: with an explicit limiter; when cancelled on entry, nothing is started and no token is used.
#[anyrt::test]
async fn nothing_is_begun_for_a_cancelled_call() {
    let limiter = Arc::new(CapacityLimiter::new(0));
    let options = Options::new().limiter(&limiter);
    let scope = CancelScope::new();
    scope.handle().cancel();
    let call = async {
        let outcome = options.run(process, ()).await;
        drop(outcome);
    };
    assert!(scope.run(call).await.is_err());
    assert_eq!(limiter.statistics().waiting, 0);

    let options = Options::new().limiter(&limiter);
    let mut call = pin!(options.run(process, ()));
    let mut waits = pin!(until(|| limiter.statistics().waiting == 1));
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        waits.as_mut().poll(cx)
    })
    .await;
    limiter.set_total(1);
    assert!(call.await.is_ok());
    assert_eq!(limiter.statistics().borrowed, 0);
}

/// W12: a worker that is killed while it is idle does not fail a call.
#[anyrt::test]
async fn an_idle_worker_may_be_killed() {
    for _ in 0..20 {
        let worker = to_process::run(process, ()).await.unwrap();
        kill_process(pid(worker), Signal::KILL).unwrap();
        until(|| has_ended(worker)).await;
        assert_ne!(to_process::run(process, ()).await.unwrap(), worker);
    }
}

/// W12: nor does a worker that is killed while a request is sent to it.
#[anyrt::test]
async fn a_worker_may_be_killed_while_a_request_is_written() {
    let worker = to_process::run(process, ()).await.unwrap();
    kill_process(pid(worker), Signal::STOP).unwrap();
    let text = "some text".repeat(1 << 20);
    let call = to_process::run(echo, text.clone());
    let kill = async {
        // More than the socket holds.
        anyrt::sleep(Duration::from_millis(50)).await;
        kill_process(pid(worker), Signal::KILL).unwrap();
    };
    let (answer, ()) = anyrt::gather((call, kill)).await;
    assert_eq!(answer.unwrap(), text);
    assert_ne!(to_process::run(process, ()).await.unwrap(), worker);
}

/// Polls a future up to `times` times, unless it completes before.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Cancels a scope after `times` polls of its body.
async fn cancelled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let mut polls = 0;
    let mut future = pin!(future);
    let counted = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        polls += 1;
        if polls == times {
            handle.cancel();
        }
        polled
    });
    scope.run(counted).await.ok()
}

/// W15: cancelled or dropped at each poll, with a new worker and an idle one, with a request that is sent
/// in pieces: the next call gets its own answer, and the token is returned.
#[anyrt::test]
async fn the_next_call_gets_its_own_answer() {
    let filler = "x".repeat(1 << 20);
    let limiter = to_process::current_default_limiter().unwrap();
    for idle in [false, true] {
        for method in 0..3 {
            let mut completed = false;
            for times in 1.. {
                if completed {
                    break;
                }
                let worker = to_process::run(process, ()).await.unwrap();
                if !idle {
                    kill_process(pid(worker), Signal::KILL).unwrap();
                    until(|| has_ended(worker)).await;
                }
                let text = format!("{method} {times} {filler}");
                let options = Options::new().kill_on_cancel(method == 1);
                let call = options.run(echo, text.clone());
                let outcome = match method {
                    0 => polled(times, call).await,
                    _ => cancelled(times, call).await,
                };
                completed = outcome.is_some();
                if let Some(answer) = outcome {
                    assert!(answer.unwrap() == text);
                }
                let next = format!("next {times}");
                assert_eq!(to_process::run(echo, next.clone()).await.unwrap(), next);
                assert_eq!(limiter.statistics().borrowed, 0);
            }
        }
    }
}

/// Sends values of 100 MiB, and receives them.
#[anyrt::test]
async fn large_values_go_through() {
    let text = "0123456789abcdef".repeat(100 << 16);
    assert_eq!(text.len(), 100 << 20);
    let answer = to_process::run(echo, text.clone()).await.unwrap();
    assert!(answer == text);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
enum Adjacent {
    Number(u64),
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Both { number: i64, text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    kept: Option<u8>,
    #[serde(default)]
    other: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shapes {
    tagged: Vec<Tagged>,
    adjacent: Vec<Adjacent>,
    untagged: Vec<Untagged>,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
    some: Option<String>,
    none: Option<String>,
    unit: (),
    wide: (u128, i128, char, f32),
    keys: BTreeMap<u32, Vec<u8>>,
}

#[anyrt::process_fn]
fn same_shapes(shapes: Shapes) -> Shapes {
    shapes
}

#[anyrt::process_fn]
fn same_option(option: Option<Option<u8>>) -> Option<Option<u8>> {
    option
}

/// W10: each shape of serde's data model.
#[anyrt::test]
async fn shapes_go_through() {
    let rest = [
        (
            "a".to_owned(),
            serde_json::json!({ "b": [1, 2.5, null, "c"] }),
        ),
        ("d".to_owned(), serde_json::json!(true)),
    ];
    for left_out in [None, Some(1)] {
        let shapes = Shapes {
            tagged: vec![Tagged::Circle { radius: 1.5 }, Tagged::Square { side: 2.0 }],
            adjacent: vec![Adjacent::Number(u64::MAX), Adjacent::Nothing],
            untagged: vec![
                Untagged::Number(-3),
                Untagged::Text("text".to_owned()),
                Untagged::Both {
                    number: 4,
                    text: "both".to_owned(),
                },
            ],
            inner: Inner {
                left_out,
                kept: None,
                other: 9,
            },
            rest: rest.clone().into(),
            some: Some("some".to_owned()),
            none: None,
            unit: (),
            wide: (u128::MAX, i128::MIN, '\u{10ffff}', 0.5),
            keys: [(1, vec![0, 255]), (2, vec![])].into(),
        };
        let answer = to_process::run(same_shapes, shapes.clone()).await.unwrap();
        assert_eq!(answer, shapes);
    }
    // As documented.
    for (sent, back) in [(Some(Some(1)), Some(Some(1))), (Some(None), None)] {
        assert_eq!(to_process::run(same_option, sent).await.unwrap(), back);
    }
}

/// A value that cannot be sent if it is negative, or received if it is odd.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Picky(i32);

impl Serialize for Picky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0.. => serializer.serialize_i32(self.0),
            _ => Err(serde::ser::Error::custom("it is negative")),
        }
    }
}

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Picky, D::Error> {
        match i32::deserialize(deserializer)? {
            odd if odd % 2 == 1 => Err(serde::de::Error::custom("it is odd")),
            even => Ok(Picky(even)),
        }
    }
}

#[anyrt::process_fn]
fn minus((from, number): (i32, Picky)) -> Picky {
    Picky(from - number.0)
}

/// W11: values that cannot be sent are errors, and the worker stays usable.
#[anyrt::test]
async fn values_that_cannot_be_sent_are_errors() {
    let worker = to_process::run(process, ()).await.unwrap();
    let call = async |from, number| to_process::run(minus, (from, Picky(number))).await;
    assert_eq!(call(10, 2).await.unwrap(), Picky(8));
    for (number, expected) in [(-1, "negative"), (1, "odd")] {
        let Err(WorkerError::Argument(error)) = call(10, number).await else {
            panic!("it cannot be sent");
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    for (from, expected) in [(0, "negative"), (3, "odd")] {
        let Err(WorkerError::ReturnValue(error)) = call(from, 2).await else {
            panic!("it cannot be sent");
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
}

/// Checks that a function without the attribute is not called.
#[anyrt::test]
async fn functions_have_to_be_marked() {
    fn unmarked((): ()) {}
    let error = to_process::run(unmarked, ()).await.unwrap_err();
    assert!(matches!(error, WorkerError::NotRegistered(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("unmarked") && text.contains("process_fn"),
        "{text}"
    );
}

#[anyrt::process_fn]
fn use_standard_input((): ()) -> String {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    rustix::stdio::dup2_stdin(File::open("/dev/zero").unwrap()).unwrap();
    text
}

/// Checks that functions cannot access the socket.
#[anyrt::test]
async fn functions_may_use_their_standard_input() {
    for _ in 0..2 {
        let worker = to_process::run(process, ()).await.unwrap();
        assert_eq!(to_process::run(use_standard_input, ()).await.unwrap(), "");
        assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
        kill_process(pid(worker), Signal::KILL).unwrap();
        until(|| has_ended(worker)).await;
    }
}

#[anyrt::process_fn]
fn use_workers(backend: String) -> String {
    anyrt::run_on(backend.parse().unwrap(), async {
        let error = to_process::run(process, ()).await.unwrap_err();
        error.to_string()
    })
}

/// W3: a function may start a run, and no workers.
#[anyrt::test]
async fn workers_start_no_workers() {
    let backend = Backend::current().unwrap().to_string();
    let error = to_process::run(use_workers, backend).await.unwrap();
    assert!(
        error.contains("a worker process starts no workers"),
        "{error}"
    );
}

/// The case that the test `child` runs, its backend, and a folder.
const CASE: &str = "ANYRT_WORKERS_CASE";
const BACKEND: &str = "ANYRT_WORKERS_BACKEND";
const FOLDER: &str = "ANYRT_WORKERS_FOLDER";

/// Runs one case. The other tests start this one, which does nothing by itself. It has no `#[anyrt::test]`,
/// so cases set workers up, or not.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let backend: Backend = std::env::var(BACKEND).unwrap().parse().unwrap();
    match &*case {
        "forgotten" => forgotten(backend),
        "late" => late(backend),
        "orphan" => orphan(&folder),
        "ends" => ends(backend),
        "grandparent" => grandparent(backend),
        "spins" => spins(backend, &folder),
        other => panic!("no case {other}"),
    }
    assert_eq!(children(), BTreeSet::new(), "children are left");
}

fn set_up() {
    anyrt::__private::serve_in_test(concat!(module_path!(), "::child"));
}

fn command(backend: Backend, case: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]);
    command.env(BACKEND, backend.to_string());
    command.env(CASE, case).env(FOLDER, folder.path());
    command
}

fn start(backend: Backend, case: &str) -> ExitStatus {
    command(backend, case, &tempfile::tempdir().unwrap())
        .status()
        .unwrap()
}

fn on_each(case: &str) {
    for &backend in Backend::ALL {
        let status = start(backend, case);
        assert!(status.success(), "{case} on {backend}: {status}");
    }
}

/// Checks that without set-up nothing is started.
fn forgotten(backend: Backend) {
    anyrt::run_on(backend, async {
        for _ in 0..3 {
            let error = to_process::run(process, ()).await.unwrap_err();
            assert!(matches!(error, WorkerError::NotSetUp), "{error}");
            assert!(error.to_string().contains("anyrt::to_process::serve();"));
        }
    });
    // Not even a child that has ended meanwhile.
    assert_eq!(children(), BTreeSet::new());
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let faults_of_children = stat.rsplit(") ").next().unwrap().split(' ').nth(8);
    assert_eq!(faults_of_children, Some("0"));
}

/// Enters a run before `serve`: the worker exits at that.
fn late(backend: Backend) {
    anyrt::run_on(backend, async {});
    set_up();
    anyrt::run_on(backend, async {
        let error = to_process::run(process, ()).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, WorkerError::Start(_)), "{text}");
        assert!(text.contains("exit status: 70"), "{text}");
        assert!(text.contains("anyrt::to_process::serve();"), "{text}");
    });
}

/// W2, W3.
#[test]
fn set_up_may_be_forgotten_and_nothing_is_started() {
    on_each("forgotten");
}

/// W3, W6.
#[test]
fn set_up_may_be_late() {
    on_each("late");
}

fn orphan(folder: &Path) {
    set_up();
    fs::write(folder.join("main"), "ran").unwrap();
}

/// W4: a worker does not run the main program if the program that started it has ended already. A process
/// that has only inherited the environment is not a worker.
#[test]
fn an_orphan_does_not_run_the_program() {
    for is_orphan in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        // No process has this number.
        let marker = "anyrt worker 4294967295 1";
        ours.write_all(marker.as_bytes()).unwrap();
        if is_orphan {
            drop(ours);
        }
        let mut orphan = command(Backend::Tokio, "orphan", &folder);
        orphan.env("ANYRT_WORKER", marker).process_group(0);
        let status = orphan.stdin(OwnedFd::from(theirs)).status().unwrap();
        assert_eq!(folder.path().join("main").exists(), !is_orphan);
        assert_eq!(status.success(), !is_orphan);
    }
}

/// Starts a process that outlives the call.
#[anyrt::process_fn]
fn start_sleeper((): ()) -> u32 {
    Command::new("sleep").arg("60").spawn().unwrap().id()
}

#[anyrt::process_fn]
fn folder((): ()) -> PathBuf {
    std::env::current_dir().unwrap()
}

/// Checks that the end of a run ends its workers, and that concurrent runs have separate workers, which
/// start in the current folder.
fn ends(backend: Backend) {
    set_up();
    let run = || {
        anyrt::run_on(backend, async {
            let sleeper = to_process::run(start_sleeper, ()).await.unwrap();
            let worker = to_process::run(process, ()).await.unwrap();
            assert!(!has_ended(sleeper) && !has_ended(worker));
            (worker, sleeper)
        })
    };
    let gone = |(worker, sleeper)| {
        assert!(test_kill_process(pid(worker)).is_err(), "it is reaped");
        let start = Instant::now();
        while !has_ended(sleeper) {
            assert!(start.elapsed() < PATIENCE, "the sleeper is killed");
            thread::sleep(Duration::from_millis(1));
        }
    };
    let first = run();
    gone(first);
    let (second, third) = thread::scope(|scope| {
        let second = scope.spawn(run);
        (run(), second.join().unwrap())
    });
    assert_ne!(second.0, third.0);
    gone(second);
    gone(third);
    assert_eq!(children(), BTreeSet::new());
    std::env::set_current_dir("/").unwrap();
    let found = anyrt::run_on(backend, to_process::run(folder, ()));
    assert_eq!(found.unwrap(), Path::new("/"));
}

/// W16, W17: two runs at once, and one after the other.
#[test]
fn workers_end_with_their_run() {
    on_each("ends");
}

/// Starts this program from a worker; it inherits the marker.
#[anyrt::process_fn]
fn start_grandchild(backend: String) -> bool {
    assert!(std::env::var_os("ANYRT_WORKER").is_some());
    let status = start(backend.parse().unwrap(), "ends");
    status.success()
}

fn grandparent(backend: Backend) {
    set_up();
    let call = to_process::run(start_grandchild, backend.to_string());
    assert!(anyrt::run_on(backend, call).unwrap());
}

/// W4: a process that a worker starts is a program, which can use workers itself.
#[test]
fn a_grandchild_may_use_workers() {
    on_each("grandparent");
}

fn spins(backend: Backend, folder: &Path) {
    set_up();
    let call = to_process::run(spin, folder.join("begun"));
    anyrt::run_on(backend, call).unwrap();
}

/// Starts a program with a worker that spins, and returns both.
fn start_spinning(backend: Backend, folder: &TempDir) -> (Child, u32) {
    let program = command(backend, "spins", folder).spawn().unwrap();
    let start = Instant::now();
    while !folder.path().join("begun").exists() {
        assert!(start.elapsed() < PATIENCE, "it begins");
        thread::sleep(Duration::from_millis(1));
    }
    let worker = fs::read_to_string(folder.path().join("begun")).unwrap();
    (program, worker.parse().unwrap())
}

/// W7: workers end when the program is killed, or stopped and killed.
#[test]
fn workers_end_with_the_program() {
    for &backend in Backend::ALL {
        for is_stopped in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (mut program, worker) = start_spinning(backend, &folder);
            assert!(!has_ended(worker));
            if is_stopped {
                kill_process(pid(program.id()), Signal::STOP).unwrap();
            }
            program.kill().unwrap();
            program.wait().unwrap();
            let start = Instant::now();
            while !has_ended(worker) {
                assert!(start.elapsed() < PATIENCE, "{backend}: the worker ends");
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_workers"))
}

/// W1, W9: the output of a function has been written when the call has ended.
#[test]
fn functions_print_before_they_return() {
    for &backend in Backend::ALL {
        let mut command = Command::new(program());
        let command = command.arg("print").stdin(Stdio::null());
        let output = command.env("ANYRT_BACKEND", backend.to_string()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let expected = "from the worker, ".repeat(100_000) + "from the program";
        assert!(output.stdout == expected.as_bytes());
        assert_eq!(output.stderr, b"and to standard error");
    }
}

/// W6: without its executable the program cannot start a worker.
#[test]
fn a_program_may_be_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    fs::copy(program(), &copy).unwrap();
    let output = Command::new(&copy).arg("deleted").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("cannot start a worker process: "),
        "{text}"
    );
}

/// W8: Ctrl-C at a terminal reaches the program, but not its workers.
#[test]
fn ctrl_c_passes_workers_by() {
    for &backend in Backend::ALL {
        let folder = tempfile::tempdir().unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let terminal = openpt(flags).unwrap();
        unlockpt(&terminal).unwrap();
        let side = ioctl_tiocgptpeer(&terminal, flags).unwrap();
        // In a separate session with that terminal.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(program());
        command.arg("interrupted").arg(folder.path());
        command.env("ANYRT_BACKEND", backend.to_string());
        command.stdin(side.try_clone().unwrap());
        command.stdout(side.try_clone().unwrap()).stderr(side);
        let mut child = command.spawn().unwrap();
        // This closes its ends of the terminal.
        drop(command);
        wait_for_file(&folder.path().join("begun"));
        let worker = fs::read_to_string(folder.path().join("begun")).unwrap();
        File::from(terminal.try_clone().unwrap())
            .write_all(b"\x03")
            .unwrap();
        wait_for_file(&folder.path().join("signalled"));
        assert!(!has_ended(worker.parse().unwrap()), "{backend}");
        fs::write(folder.path().join("go"), "").unwrap();
        assert!(child.wait().unwrap().success(), "{backend}");
    }
}

fn wait_for_file(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < PATIENCE, "there is no {}", path.display());
        thread::sleep(Duration::from_millis(1));
    }
}
