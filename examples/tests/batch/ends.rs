//! Ends before the end of the list: time limits, failures, signals, and a closed output.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{batch, spawn};
use crate::support::{BACKENDS, Folder, signal, text};

/// Returns the number of processes that have this argument, or 0 where the system does not list them. The
/// system takes a moment to remove a process that was killed, if its parent does not wait for it.
fn running(argument: &str) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else {
        return 0;
    };
    let lines = processes.filter_map(|process| fs::read(process.ok()?.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            line.split(|&byte| byte == 0)
                .any(|word| word == argument.as_bytes())
        })
        .count()
}

/// Returns a unique argument for `sleep`: minutes, and the number of the test.
fn minutes(test: u32) -> String {
    format!("600.{}{test}", std::process::id())
}

/// Checks that the job's group gets SIGTERM, and SIGKILL after the grace: also a process that ignores
/// SIGTERM, and processes that the job has started.
#[test]
fn a_timeout_ends_all_that_a_job_started() {
    let minutes = minutes(1);
    let list =
        format!("trap '' TERM; sleep {minutes} & sleep {minutes}\nsleep {minutes} & exit 0\n");
    for backend in BACKENDS {
        let args = ["-j", "1", "--timeout", "0.2", "--grace", "0.2"];
        let output = batch(&Folder::new(), backend, &args, &list);
        assert_eq!(output.status.code(), Some(1));
        wait_until(|| running(&minutes) == 0);
        let errors = text(&output.stderr);
        assert!(errors.contains("0001 timed out ("), "{errors}");
        assert!(
            errors.contains("1 succeeded, 0 failed, 1 timed out"),
            "{errors}"
        );
    }
}

#[test]
fn a_failure_may_stop_everything() {
    let minutes = minutes(2);
    for backend in BACKENDS {
        let folder = Folder::new();
        let list = format!("sleep {minutes}\nexit 1\necho never\necho never\n");
        let list = folder.file("list", list);
        let args = ["-j", "2", "--halt", list.to_str().unwrap()];
        let output = batch(&folder, backend, &args, "");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "");
        wait_until(|| running(&minutes) == 0);
        let errors = text(&output.stderr);
        let counts = "0 succeeded, 1 failed, 0 timed out, 1 stopped, ";
        let all = errors.contains(&format!("{counts}2 not started"))
            || errors.contains(&format!("{counts}1 not started"));
        assert!(all, "{errors}");
    }
}

/// Checks that jobs that were running are distinguished from those that were not begun, also in the report.
#[test]
fn signals_end_it_in_good_order() {
    for (number, backend) in (3..).zip(BACKENDS) {
        for (name, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let minutes = minutes(number);
            let folder = Folder::new();
            let ready = "trap 'echo cleaned > cleaned; exit 1' TERM; echo > ready;";
            let list = folder.file(
                "list",
                format!("{ready} sleep {minutes} & wait\n{}", "true\n".repeat(5)),
            );
            let args = ["-j", "1", "--json", "report", list.to_str().unwrap()];
            let child = spawn(&folder, backend, &args);
            wait_until(|| folder.path().join("ready").exists());
            signal(&child, name);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            wait_until(|| running(&minutes) == 0);
            assert!(
                folder.path().join("cleaned").exists(),
                "it had time to clean up"
            );
            let errors = text(&output.stderr);
            assert!(errors.contains(&format!("SIG{name}: ")), "{errors}");
            assert!(errors.contains("1 stopped, 5 not started"), "{errors}");
            let report = fs::read_to_string(folder.path().join("report")).unwrap();
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["jobs"][0]["outcome"], "stopped");
            assert_eq!(report["not_started"], 5);
        }
    }
}

#[test]
fn a_second_signal_kills_at_once() {
    for (number, backend) in (6..).zip(BACKENDS) {
        let minutes = minutes(number);
        let folder = Folder::new();
        let mut child = spawn(&folder, backend, &["--grace", "600"]);
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "trap '' TERM; echo > ready; sleep {minutes}").unwrap();
        wait_until(|| folder.path().join("ready").exists());
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        signal(&child, "TERM");
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        assert!(line.contains("SIGTERM"), "{line}");
        signal(&child, "INT");
        errors.read_to_string(&mut line).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(143), "{line}");
        wait_until(|| running(&minutes) == 0);
        assert!(line.contains("the rest of the list was not read"), "{line}");
        drop(stdin);
    }
}

/// Checks that the program prints nothing more when the reader of its output is gone.
#[test]
fn a_closed_output_ends_it_quietly() {
    for backend in BACKENDS {
        let mut child = spawn(&Folder::new(), backend, &["-j", "2"]);
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        while stdin.write_all(b"echo\n").is_ok() {}
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let errors = text(&output.stderr);
        assert!(
            !errors.contains("pipe") && !errors.contains("timed out"),
            "{errors}"
        );
    }
}

/// Checks that the program can be stopped if its output is not read, while other jobs end.
#[test]
fn output_that_is_not_taken_holds_nothing_up() {
    for backend in BACKENDS {
        let folder = Folder::new();
        let list = "head -c 1000000 /dev/zero; echo > first\nuntil test -e first; do sleep 0.01; done; sleep 0.2\n";
        let list = folder.file("list", list);
        let mut child = spawn(&folder, backend, &["-j", "2", list.to_str().unwrap()]);
        wait_until(|| folder.path().join("first").exists());
        // Time for the other jobs to end, if they do.
        std::thread::sleep(Duration::from_millis(500));
        signal(&child, "INT");
        wait_until_ended(&mut child);
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
}

fn wait_until_ended(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it does not come"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
