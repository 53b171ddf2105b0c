//! The program `workers`, whose `main` sets workers up.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

use super::{PATIENCE, has_ended};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_workers"))
}

/// W1, W9: the output of a function has been written when the call has ended.
#[test]
fn functions_print_before_they_return() {
    for backend in anyrt_apps::REAL {
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
    for backend in anyrt_apps::REAL {
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
