//! The program `batch`: order, output, retries, time limits, and processes that are left.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::support::{BACKENDS, BATCH, Folder, error_lines, is_long, signal, text};

/// Runs the program with a list at standard input.
fn batch(folder: &Folder, backend: &str, args: &[&str], list: impl AsRef<[u8]>) -> Output {
    let mut child = spawn(folder, backend, args);
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it has read everything.
    let _ = stdin.write_all(list.as_ref());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn spawn(folder: &Folder, backend: &str, args: &[&str]) -> Child {
    let mut command = BATCH.command(folder, ["--backend", backend]);
    command.args(args).stdin(Stdio::piped()).spawn().unwrap()
}

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

#[test]
fn one_at_a_time_run_in_order() {
    let list = "echo 1\n\n# echo 2\n  echo 3 4\nprintf 5; echo 6 >&2\n";
    for backend in BACKENDS {
        let output = batch(&Folder::new(), backend, &["-j", "1"], list);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout), "1\n3 4\n56\n");
        let errors = error_lines(&output);
        assert!(
            errors[0].starts_with("batch: 0001 succeeded ("),
            "{errors:?}"
        );
        assert!(errors[3].starts_with("batch: 3 succeeded, 0 failed, 0 timed out, in "));
    }
}

/// Checks this however much the jobs write at once, and to which stream.
#[test]
fn outputs_do_not_mix() {
    let job = |number| {
        format!(
            "for i in 1 2 3 4; do printf {number}; printf {number} >&2; sleep 0.01; done; echo\n"
        )
    };
    let list: String = (1..9).map(job).collect();
    for backend in BACKENDS {
        let output = batch(&Folder::new(), backend, &["-j", "8"], &list);
        let mut lines: Vec<_> = text(&output.stdout).lines().collect();
        lines.sort_unstable();
        let expected: Vec<_> = (1..9).map(|number| number.to_string().repeat(8)).collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn no_more_run_than_are_allowed() {
    let job = "n=$(ls -d running* 2>/dev/null | wc -l); mkdir running$$; sleep 0.02; rmdir running$$; echo $n\n";
    for backend in BACKENDS {
        let output = batch(&Folder::new(), backend, &["-j", "3"], job.repeat(20));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let most = text(&output.stdout)
            .lines()
            .map(|n| n.parse::<u32>().unwrap())
            .max();
        assert!(most <= Some(2), "{most:?} beside one");
    }
}

/// Checks that a template is run without a shell, that every place is filled, and that names may be any
/// bytes.
#[test]
fn a_template_is_filled() {
    for backend in BACKENDS {
        let folder = Folder::new();
        let output = batch(
            &folder,
            backend,
            &["-j", "1", "--", "printf", "%s|", "{}", "-{}-"],
            "a b\n$HOME\n",
        );
        assert_eq!(text(&output.stdout), "a b|-a b-|$HOME|-$HOME-|");
        let output = batch(
            &folder,
            backend,
            &["-j", "1", "--", "printf", "%s|"],
            "a\n\nb\n# c\n",
        );
        assert_eq!(text(&output.stdout), "a|b|# c|");
        folder.file(OsStr::from_bytes(b"x\ny\xff"), "odd");
        let output = batch(&folder, backend, &["-0", "--", "cat", "{}"], b"x\ny\xff\0");
        assert_eq!(text(&output.stdout), "odd");
    }
}

#[test]
fn what_fails_is_tried_again() {
    let list = "echo at; if test -e once; then exit 0; else touch once; exit 3; fi\nexit 4\n";
    for backend in BACKENDS {
        let start = Instant::now();
        let output = batch(
            &Folder::new(),
            backend,
            &["-j", "1", "--retries", "1"],
            list,
        );
        assert_eq!(output.status.code(), Some(1));
        assert!(start.elapsed() >= Duration::from_secs(1));
        assert_eq!(text(&output.stdout), "at\nat\n");
        let errors = text(&output.stderr);
        assert!(errors.contains("0001 succeeded ("), "{errors}");
        assert!(errors.contains("0002 exit status 4 ("), "{errors}");
        assert!(errors.contains(" s, 2 attempts): exit 4"), "{errors}");
        assert!(
            errors.contains("1 succeeded, 1 failed, 0 timed out"),
            "{errors}"
        );
    }
}

/// Checks that a job that waits for its next attempt holds no slot.
#[test]
fn others_run_between_attempts() {
    let list = "test -e second\ntouch second\n";
    for backend in BACKENDS {
        let output = batch(&Folder::new(), backend, &["-j", "1", "-r", "1"], list);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
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

#[test]
fn logs_and_a_report_are_written() {
    let list = "echo one\nexit 3\nkill -KILL $$\nsleep 600\n";
    for backend in BACKENDS {
        let folder = Folder::new();
        let args = [
            "--logs",
            "deep/logs",
            "--json",
            "report",
            "-r",
            "1",
            "-t",
            "0.3",
        ];
        let output = batch(&folder, backend, &args, list);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "");
        let log =
            |name: &str| fs::read_to_string(folder.path().join("deep/logs").join(name)).unwrap();
        assert_eq!(log("0001.1.log"), "one\n");
        assert_eq!(log("0002.2.log"), "");
        let report = fs::read_to_string(folder.path().join("report")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["succeeded"], 1);
        assert_eq!(report["failed"], 2);
        assert_eq!(report["timed_out"], 1);
        assert_eq!(report["not_started"], 0);
        let mut jobs = report["jobs"].as_array().unwrap().clone();
        jobs.sort_by_key(|job| job["job"].as_u64());
        let outcomes: Vec<_> = jobs
            .iter()
            .map(|job| job["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(outcomes, ["succeeded", "failed", "failed", "timed out"]);
        assert_eq!(jobs[0]["log"], "deep/logs/0001.1.log");
        assert_eq!(jobs[1]["status"], 3);
        assert_eq!(jobs[1]["attempts"], 2);
        assert_eq!(jobs[2]["signal"], 9);
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

/// Checks this with any number of jobs: 10,000 in long tests.
#[test]
fn memory_does_not_grow_with_the_list() {
    let (first, all) = if is_long() {
        (1_000, 10_000)
    } else {
        (100, 400)
    };
    for backend in BACKENDS {
        let mut child = spawn(&Folder::new(), backend, &["-j", "8", "--", "true"]);
        let mut stdin = child.stdin.take().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut line = || errors.next().unwrap().unwrap();
        let mut run = |from, to| {
            // No more at a time than a pipe holds.
            for number in from..to {
                writeln!(stdin, "{number}").unwrap();
                line();
            }
            resident(&child)
        };
        let early = run(0, first);
        let late = run(first, all);
        drop(stdin);
        assert!(line().contains(&format!("{all} succeeded")));
        assert!(child.wait().unwrap().success());
        if let (Some(early), Some(late)) = (early, late) {
            assert!(late < early + 2048, "{early} KiB, then {late} KiB");
        }
    }
}

/// Returns the resident memory in KiB, where it can be read.
fn resident(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
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

#[test]
fn mistakes_are_explained() {
    let folder = Folder::new();
    BATCH.fails_with(&folder, ["--"], "there is no program after --");
    BATCH.fails_with(&folder, ["-j", "0"], "at least 1 job");
    for list in ["no such list", "."] {
        let refused = BATCH.run(&folder, [list]);
        assert_eq!(refused.status.code(), Some(1));
        let errors = text(&refused.stderr);
        assert!(errors.contains(&format!("batch: {list}: ")), "{errors}");
    }
    let help = BATCH.run(&folder, ["--help"]);
    assert!(text(&help.stdout).contains("Usage: batch"));
}
