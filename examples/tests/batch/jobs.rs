//! Jobs: their order, output, attempts and report.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::batch;
use crate::support::{BACKENDS, BATCH, Folder, error_lines, text};

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
