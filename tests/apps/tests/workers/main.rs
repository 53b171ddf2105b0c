//! Worker processes: PR-11 to PR-15, W1 to W17.
//!
//! The workers of these tests are processes of this test program, which run one test: that calls `serve`
//! first. The behaviour of a whole process is checked from outside, through the test `child`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod calls;
mod cancellation;
mod processes;
mod program;
mod values;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyrt::Backend;
use anyrt_conformance::support::children;
use rustix::process::{Pid, test_kill_process};
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

#[anyrt::process_fn]
fn spin(begun: PathBuf) {
    let partial = begun.with_extension("partial");
    fs::write(&partial, std::process::id().to_string()).unwrap();
    fs::rename(partial, begun).unwrap();
    loop {
        std::hint::spin_loop();
    }
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
        "forgotten" => processes::forgotten(backend),
        "late" => processes::late(backend),
        "orphan" => processes::orphan(&folder),
        "ends" => processes::ends(backend),
        "grandparent" => processes::grandparent(backend),
        "spins" => processes::spins(backend, &folder),
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
    for backend in anyrt_apps::REAL {
        let status = start(backend, case);
        assert!(status.success(), "{case} on {backend}: {status}");
    }
}
