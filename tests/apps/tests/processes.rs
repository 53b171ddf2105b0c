//! Processes, with checks of the whole program: its descriptors and children, and the signals that it
//! ignores.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use anyrt::Backend;
use anyrt::process::{Command, Stdio, open_process, run_process};
use anyrt_apps::REAL;
use anyrt_conformance::support::children;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The case that the test `child` runs, and its backend.
const CASE: &str = "ANYRT_PROCESSES_CASE";
const BACKEND: &str = "ANYRT_PROCESSES_BACKEND";

/// Runs one case. The other tests start this one, which does nothing by itself.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let backend: Backend = std::env::var(BACKEND).unwrap().parse().unwrap();
    match &*case {
        "cancelled" => cancelled(backend),
        "no descriptors" => no_descriptors(backend),
        "no pidfd" => no_pidfd(backend),
        "ignored" => anyrt::run_on(backend, ignored()),
        "tokio" => anyrt::run_on(backend, beside_tokio()),
        other => panic!("no case {other}"),
    }
    assert_eq!(children(), BTreeSet::new(), "children are left");
}

/// Starts the test `child` through `env` with an option.
fn start(backend: Backend, option: &str, case: &str) -> ExitStatus {
    let mut command = std::process::Command::new("env");
    command.arg(option).arg(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]);
    command.env(BACKEND, backend.to_string());
    command.env(CASE, case);
    command.status().unwrap()
}

fn on_each(option: &str, case: &str) {
    for backend in REAL {
        let status = start(backend, option, case);
        assert!(status.success(), "{case} on {backend}: {status}");
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Returns the number of `sleep` processes with that argument, of any parent.
fn running(argument: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap();
    let lines = processes.map(|process| {
        let path = process.unwrap().path().join("cmdline");
        fs::read_to_string(path).unwrap_or_default()
    });
    lines
        .filter(|line| line.starts_with(&format!("sleep\0{argument}\0")))
        .count()
}

fn pipeline(argument: &str) -> Command {
    let line = Command::shell(format!("sleep {argument} | cat"));
    line.group().input(vec![0; 256 * 1024])
}

/// Returns the moments at which a pipeline is cancelled or dropped: 300 in long tests.
fn moments() -> impl Iterator<Item = Duration> {
    let long = std::env::var_os("ANYRT_LONG_TESTS").is_some_and(|value| value == "1");
    let step = if long { 20 } else { 80 };
    (0..6_000).step_by(step).map(Duration::from_micros)
}

/// Cancels and drops a pipeline at each of the moments.
fn cancelled(backend: Backend) {
    // No other process has this argument.
    let argument = format!("30.{}", std::process::id());
    anyrt::run_on(backend, async {
        run_process(["true"]).await.unwrap();
        let before = descriptors();
        for limit in moments() {
            let ended = anyrt::move_on_after(limit, run_process(pipeline(&argument))).await;
            assert!(ended.is_none());
            assert_eq!(children(), BTreeSet::new(), "after {limit:?}");
        }
        wait_for(before, &argument).await;
        for limit in moments() {
            let mut running = Box::pin(run_process(pipeline(&argument)));
            let polled = anyrt::move_on_after(limit, &mut running).await;
            assert!(polled.is_none());
            drop(running);
        }
        wait_for(before, &argument).await;
    });
}

/// Waits until dropped processes are reaped, which happens in the background.
async fn wait_for(before: usize, argument: &str) {
    let all = async {
        while descriptors() != before || !children().is_empty() || running(argument) > 0 {
            anyrt::sleep(Duration::from_millis(1)).await;
        }
    };
    anyrt::fail_after(Duration::from_secs(30), all)
        .await
        .expect("everything goes");
}

/// Limits the descriptors to the current number, plus `more`.
///
/// A child inherits the limit, and needs a few for itself: so gaps are filled up to a number that is enough
/// for it.
fn limit_descriptors(more: u64) -> Limited {
    const ENOUGH_FOR_A_CHILD: i32 = 32;
    let mut fillers = Vec::new();
    let lowest = loop {
        let filler = fs::File::open("/dev/null").unwrap();
        let descriptor = filler.as_raw_fd();
        if descriptor >= ENOUGH_FOR_A_CHILD {
            break descriptor;
        }
        fillers.push(filler);
    };
    let before = getrlimit(Resource::Nofile);
    let current = Some(u64::try_from(lowest).unwrap() + more);
    setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    Limited {
        before,
        _fillers: fillers,
    }
}

/// A limit of descriptors, which is lifted when this is dropped.
struct Limited {
    before: Rlimit,
    _fillers: Vec<fs::File>,
}

impl Drop for Limited {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.before).unwrap();
    }
}

/// Checks that without descriptors nothing is started, or nothing is left of it.
fn no_descriptors(backend: Backend) {
    anyrt::run_on(backend, async {
        // The runtime and the worker thread have opened their descriptors.
        run_process(["true"]).await.unwrap();
        let before = descriptors();
        let mut outcomes = Vec::new();
        for more in 0..12 {
            let limited = limit_descriptors(more);
            let outcome = run_process(Command::new("cat").input("some")).await;
            drop(limited);
            outcomes.push(outcome.is_ok());
            if let Ok(output) = outcome {
                assert_eq!(output.stdout.unwrap(), b"some");
            }
            assert_eq!(children(), BTreeSet::new());
        }
        assert!(!outcomes[0] && outcomes[11], "{outcomes:?}");
        assert_eq!(descriptors(), before);
    });
}

/// Checks that a thread waits for the process if there is no descriptor for it.
fn no_pidfd(backend: Backend) {
    let quiet = |command: Command| {
        let command = command.stdin(Stdio::Inherit).stdout(Stdio::Inherit);
        command.stderr(Stdio::Inherit)
    };
    anyrt::run_on(backend, async {
        run_process(["true"]).await.unwrap();
        let limited = limit_descriptors(0);
        let sleeps = open_process(quiet(Command::new("sleep").arg("60"))).await;
        let ends = open_process(quiet(Command::shell("exit 3"))).await;
        drop(limited);
        let (sleeps, ends) = (sleeps.unwrap(), ends.unwrap());
        while threads("waits for") == 0 {
            // A thread sets its name when it begins.
            anyrt::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(ends.wait().await.unwrap().code(), Some(3));
        let (first, second, ()) = anyrt::gather((sleeps.wait(), sleeps.wait(), async {
            anyrt::sleep(Duration::from_millis(10)).await;
            sleeps.terminate().unwrap();
        }))
        .await;
        assert_eq!(first.unwrap().signal(), Some(15));
        assert_eq!(second.unwrap().signal(), Some(15));
    });
}

/// Returns the number of threads with a name that begins with `name`.
fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")));
    names
        .filter(|found| found.as_ref().is_ok_and(|found| found.starts_with(name)))
        .count()
}

/// Checks that waiting is an error where SIGCHLD is ignored: the system reaps children, and their status is
/// lost.
async fn ignored() {
    for _ in 0..20 {
        for command in ["exit 3", "sleep 0.01"] {
            let process = open_process(Command::shell(command)).await.unwrap();
            let waited = anyrt::fail_after(Duration::from_secs(30), process.wait());
            let error = waited.await.expect("it does not hang").unwrap_err();
            assert!(error.to_string().contains("SIGCHLD"), "{error}");
            process.kill().unwrap();
        }
    }
}

/// Runs children of tokio and of anyrt at once, while tokio listens for SIGCHLD.
async fn beside_tokio() {
    let group = anyrt::task_group::<io::Error, _, _>(async |tg| {
        for number in 0..100 {
            let exit = format!("exit {number}");
            let line = exit.clone();
            tg.spawn(async move {
                let command = Command::shell(line).check(false);
                let output = run_process(command).await.map_err(io::Error::other)?;
                assert_eq!(output.status.code(), Some(number));
                Ok(())
            });
            tg.spawn(async move {
                let mut command = tokio::process::Command::new("/bin/sh");
                let status = command.args(["-c", &exit]).status().await?;
                assert_eq!(status.code(), Some(number));
                Ok(())
            });
        }
        Ok(())
    });
    group.await.unwrap();
}

/// PR-09, P9, P11, P12, P21: nothing is left of a pipeline that is cancelled or dropped, wherever that is.
#[test]
fn nothing_is_left() {
    on_each("--", "cancelled");
}

/// P12: failures between the start and the registration leave nothing.
#[test]
fn nothing_is_left_without_descriptors() {
    on_each("--", "no descriptors");
}

/// P15.
#[test]
fn a_thread_waits_where_there_is_no_descriptor() {
    on_each("--", "no pidfd");
}

/// P14.
#[test]
fn an_ignored_sigchld_is_an_error() {
    on_each("--ignore-signal=CHLD", "ignored");
}

/// P13, P14: tokio does not reap anyrt's children, nor anyrt tokio's.
#[test]
fn tokios_children_and_ours_get_along() {
    assert!(start(Backend::Tokio, "--", "tokio").success());
}
