//! Runs each program on each backend, and compares its output.

#![cfg(unix)]

use std::time::Duration;

use anyrt::Backend;
use anyrt::process::{Command, run_process};

const REAL: [Backend; 3] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd];
const ALL: [Backend; 4] = [
    Backend::Tokio,
    Backend::Smol,
    Backend::AsyncStd,
    Backend::Sim,
];

/// Whether the lines of a program are in the same order in each run.
enum Order {
    Fixed,
    Any,
}

use Order::{Any, Fixed};

/// Runs a program on backends at the same time.
#[track_caller]
fn prints(program: &str, backends: &[Backend], order: Order, expected: &[&str]) {
    let run = async |backend: Backend| {
        let command = Command::new(program).env("ANYRT_BACKEND", backend.to_string());
        let output = anyrt::fail_after(Duration::from_secs(60), run_process(command)).await;
        (backend, output.expect("the program ends"))
    };
    let runs = anyrt::map_concurrent(backends.len(), backends.iter().copied(), run);
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

#[test]
fn chat() {
    let expected = [
        "ada reads: ada joined",
        "ada reads: bob joined",
        "ada reads: bob: hello",
        "ada reads: bob left",
    ];
    prints(env!("CARGO_BIN_EXE_chat"), &ALL, Fixed, &expected);
}

#[test]
fn crawler() {
    let expected = ["/", "/news /about", "/news/1 /news/2"];
    prints(env!("CARGO_BIN_EXE_crawler"), &ALL, Fixed, &expected);
}

#[test]
fn rate_limiter() {
    let expected = [
        "12 requests",
        "at least 2 ms apart: true",
        "at most 3 at once: true",
    ];
    prints(env!("CARGO_BIN_EXE_rate_limiter"), &ALL, Fixed, &expected);
}

/// Requests run at the same time, so their lines mix.
#[test]
fn request_ids() {
    let texts = [
        "received",
        "read the file, in a thread",
        "wrote to the database, in a task",
        "answered",
    ];
    let mut expected = vec!["server: stopped".to_owned()];
    for id in 1..=3 {
        expected.extend(texts.map(|text| format!("request {id}: {text}")));
    }
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    prints(env!("CARGO_BIN_EXE_request_ids"), &ALL, Any, &expected);
}

#[test]
fn retry() {
    let expected = [
        "attempt 1: connection refused",
        "attempt 2: the time limit passed: no answer",
        "answer: hello",
    ];
    prints(env!("CARGO_BIN_EXE_retry"), &ALL, Fixed, &expected);
}

/// A simulation does not receive the signals of the system.
#[test]
fn signal() {
    let expected = [
        "received SIGTERM",
        "every item was finished: true",
        "stopped: true",
    ];
    prints(env!("CARGO_BIN_EXE_signal"), &REAL, Fixed, &expected);
}

#[test]
fn simulated_clock() {
    let expected = ["100 days, each with a session of 8 hours and 30 minutes"];
    prints(
        env!("CARGO_BIN_EXE_simulated_clock"),
        &ALL,
        Fixed,
        &expected,
    );
}

#[test]
fn supervisor() {
    let expected = [
        "cache: ready at port 6379",
        "importer: run 1 failed: no data",
        "importer: run 2 failed: the time limit passed: import 2 did not finish",
        "importer: run 3 failed: the time limit passed: import 3 did not finish",
        "cache: closed",
        "supervisor: 1 task failed: importer failed 3 times",
    ];
    prints(env!("CARGO_BIN_EXE_supervisor"), &ALL, Fixed, &expected);
}

#[test]
fn tls_client() {
    let expected = [
        "connected by TLSv1_3",
        "answer: hello, world",
        "not connected: the TLS handshake with `localhost` failed: invalid peer certificate: BadSignature",
    ];
    prints(env!("CARGO_BIN_EXE_tls_client"), &ALL, Fixed, &expected);
}

#[test]
fn worker_pool() {
    let expected = ["20 jobs", "168 primes up to 1000", "303 primes up to 2000"];
    prints(env!("CARGO_BIN_EXE_worker_pool"), &ALL, Fixed, &expected);
}
