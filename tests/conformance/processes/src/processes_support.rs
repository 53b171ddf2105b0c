//! Helpers for the cases about processes.

use std::fs;
use std::io;
use std::time::Duration;

use anyrt_core::process::{Command, Output, Process, ProcessError, open_process, run_process};

use crate::erased::OsR;

pub(crate) use crate::support::children;

/// Returns whether a process exists, also as a zombie.
pub(crate) fn exists(id: u32) -> bool {
    let id = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(id).is_ok()
}

/// Blocks until a process that is not a child of this one has gone.
pub(crate) fn wait_until_gone(id: u32) {
    for _ in 0..10_000 {
        // It stays as a zombie where no process reaps orphans.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if !exists(id) || stat.contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("process {id} is still there");
}

/// Returns a program that runs until it is killed.
pub(crate) fn sleeper() -> Command {
    Command::new("sleep").arg("60")
}

pub(crate) async fn open(command: impl Into<Command>) -> Process<OsR> {
    open_process::<OsR>(command).await.unwrap()
}

pub(crate) async fn output(command: impl Into<Command>) -> Output {
    run_process::<OsR>(command).await.unwrap()
}

pub(crate) async fn text(command: impl Into<Command>) -> String {
    String::from_utf8(output(command).await.stdout.unwrap()).unwrap()
}

pub(crate) async fn io_error(command: impl Into<Command>) -> io::Error {
    match run_process::<OsR>(command).await.unwrap_err() {
        ProcessError::Io(error) => error,
        other => panic!("{other:?}"),
    }
}
