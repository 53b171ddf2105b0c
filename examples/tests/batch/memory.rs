//! The memory of the program.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Child;

use super::spawn;
use crate::support::{BACKENDS, Folder, is_long};

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
