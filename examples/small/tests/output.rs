//! Runs each program on each backend, and compares its output.

use std::time::Duration;

use anyrt::Backend;
use anyrt::process::{Command, run_process};

const REAL: [Backend; 3] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd];
const ALL: [Backend; 4] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd, Backend::Sim];

/// Whether the lines of a program are in the same order in each run.
enum Order {
    Fixed,
    Any,
}

use Order::{Any, Fixed};

/// Runs a program on backends at the same time.
#[track_caller]
fn prints(program: &str, backends: &[Backend], order: Order, expected: &[&str]) {
    let run = async |backend: &Backend| {
        let command = Command::new(program).env("ANYRT_BACKEND", backend.to_string());
        let output = anyrt::fail_after(Duration::from_secs(60), run_process(command)).await;
        (backend, output.expect("the program ends"))
    };
    let runs = anyrt::map_concurrent(backends.len(), backends, run);
    for (backend, output) in anyrt::run_on(Backend::Smol, runs) {
        let output = output.unwrap_or_else(|error| panic!("on {backend}: {error}"));
        let text = output.stdout.expect("it is captured");
        let text = String::from_utf8(text).expect("it is UTF-8");
        let mut lines: Vec<_> = text.lines().collect();
        let mut expected = expected.to_vec();
        if let Any = order {
            lines.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(lines, expected, "on {backend}");
    }
}
