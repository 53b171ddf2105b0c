//! Whole processes that set workers up, or not, and how workers end with them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyrt::Backend;
use anyrt::to_process::{self, WorkerError};
use anyrt_conformance::support::children;
use rustix::process::{Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::{PATIENCE, command, has_ended, on_each, pid, process, set_up, spin, start};

/// Checks that without set-up nothing is started.
pub(super) fn forgotten(backend: Backend) {
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
pub(super) fn late(backend: Backend) {
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

pub(super) fn orphan(folder: &Path) {
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
pub(super) fn ends(backend: Backend) {
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

pub(super) fn grandparent(backend: Backend) {
    set_up();
    let call = to_process::run(start_grandchild, backend.to_string());
    assert!(anyrt::run_on(backend, call).unwrap());
}

/// W4: a process that a worker starts is a program, which can use workers itself.
#[test]
fn a_grandchild_may_use_workers() {
    on_each("grandparent");
}

pub(super) fn spins(backend: Backend, folder: &Path) {
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
    for backend in anyrt_apps::REAL {
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
