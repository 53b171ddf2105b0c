//! Worker processes on Windows: PR-11 to PR-15, W1 to W17.
//!
//! The workers of these tests are processes of this test program, which run the test `child`: that calls `serve` first,
//! and acts as a whole program if another test has started it.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, panic, process, thread};

use anyrt::Backend;
use anyrt::to_process::{self, Options, WorkerError};

const PATIENCE: Duration = Duration::from_secs(30);

/// The variables with the case that the test `child` runs, its backend, and a port for [`live`].
const CASE: &str = "ANYRT_WORKERS_CASE";
const BACKEND: &str = "ANYRT_WORKERS_BACKEND";
const PORT: &str = "ANYRT_WORKERS_PORT";

const BACKENDS: [Backend; 3] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd];

#[anyrt::process_fn]
fn id((): ()) -> u32 {
    process::id()
}

#[anyrt::process_fn]
fn divide((dividend, divisor): (u32, u32)) -> Result<u32, String> {
    let quotient = dividend.checked_div(divisor);
    quotient.ok_or_else(|| "by zero".to_owned())
}

#[anyrt::process_fn]
fn reversed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

#[anyrt::process_fn]
fn panics(text: String) {
    panic!("{text}");
}

#[anyrt::process_fn]
fn exits(status: i32) {
    process::exit(status);
}

/// Reads the standard input, which is empty.
#[anyrt::process_fn]
fn input((): ()) -> String {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    text
}

/// Connects to a port, and runs until it is killed.
#[anyrt::process_fn]
fn live(port: u16) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // The other end never writes.
    drop(connection.read(&mut [0]));
    thread::sleep(Duration::from_secs(120));
}

/// Starts a process that connects to a port, and runs until it is killed.
#[anyrt::process_fn]
fn leave(port: u16) {
    command("lives", Backend::Tokio, port).spawn().unwrap();
}

/// Starts this program from a worker: it inherits the marker, and the standard input.
#[anyrt::process_fn]
fn start_grandchild((): ()) -> bool {
    assert!(env::var_os("ANYRT_WORKER").is_some());
    command("calls", Backend::Tokio, 0)
        .status()
        .unwrap()
        .success()
}

fn command(case: &str, backend: Backend, port: u16) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture", "--quiet"]);
    command.env(CASE, case).env(BACKEND, backend.to_string());
    command.env(PORT, port.to_string());
    command
}

fn run_child(case: &str, backend: Backend, port: u16) -> ExitStatus {
    command(case, backend, port).status().unwrap()
}

fn set_up() {
    anyrt::__private::serve_in_test(concat!(module_path!(), "::child"));
}

/// Runs one case. The other tests start this one, which does nothing by itself.
#[test]
fn child() {
    let Ok(case) = env::var(CASE) else {
        return;
    };
    let backend: Backend = env::var(BACKEND).unwrap().parse().unwrap();
    let port: u16 = env::var(PORT).unwrap().parse().unwrap();
    match &*case {
        "forgotten" => forgotten(backend),
        "late" => late(backend),
        "lives" => live(port),
        case => {
            set_up();
            match case {
                "calls" => calls(backend),
                "ends" => ends(backend),
                "grandchild" => {
                    let call = to_process::run(start_grandchild, ());
                    assert!(anyrt::run_on(backend, call).unwrap());
                }
                "kills" => kills(backend),
                "waits" => drop(anyrt::run_on(backend, async {
                    to_process::run(leave, port).await.unwrap();
                    to_process::run(live, port).await
                })),
                other => panic!("no case {other}"),
            }
        }
    }
}

fn forgotten(backend: Backend) {
    let error = anyrt::run_on(backend, to_process::run(id, ())).unwrap_err();
    assert!(matches!(error, WorkerError::NotSetUp), "{error}");
}

/// Enters a run before `serve`: the worker exits at that.
fn late(backend: Backend) {
    anyrt::run_on(backend, async {});
    set_up();
    let error = anyrt::run_on(backend, to_process::run(id, ())).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, WorkerError::Start(_)), "{text}");
    assert!(text.contains("exit code: 70"), "{text}");
}

fn calls(backend: Backend) {
    anyrt::run_on(backend, async {
        let first = to_process::run(id, ()).await.unwrap();
        assert_ne!(first, process::id());
        let divided = to_process::run(divide, (7, 2)).await.unwrap();
        assert_eq!(divided, Ok(3));
        let divided = to_process::run(divide, (7, 0)).await.unwrap();
        assert_eq!(divided, Err("by zero".to_owned()));
        assert_eq!(to_process::run(input, ()).await.unwrap(), "");
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut answer = to_process::run(reversed, bytes.clone()).await.unwrap();
        answer.reverse();
        assert!(answer == bytes);
        assert_eq!(
            to_process::run(id, ()).await.unwrap(),
            first,
            "it is reused"
        );
        let several: Vec<_> = (0..6).map(|n| to_process::run(divide, (n, 1))).collect();
        let several = anyrt::gather(several).await;
        for (n, divided) in (0..6).zip(several) {
            assert_eq!(divided.unwrap(), Ok(n));
        }
    });
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        anyrt::run_on(backend, to_process::run(panics, "on purpose".to_owned()))
    }));
    let payload = panicked.unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "on purpose");
}

/// The worker ends itself, or is killed while it is idle.
fn ends(backend: Backend) {
    anyrt::run_on(backend, async {
        let error = to_process::run(exits, 5).await.unwrap_err();
        let WorkerError::Broken(Some(status)) = error else {
            panic!("{error}");
        };
        assert_eq!(status.code(), Some(5));
        to_process::run(id, ()).await.unwrap();
    });
}

/// A cancelled call kills its worker, with everything that the worker has started.
fn kills(backend: Backend) {
    let lives = listen();
    let port = lives.local_addr().unwrap().port();
    let left = anyrt::run_on(backend, async {
        let limit = Duration::from_secs(2);
        let call = Options::new().kill_on_cancel(true).run(live, port);
        assert!(anyrt::move_on_after(limit, call).await.is_none());
        is_gone(accept(&lives));
        to_process::run(leave, port).await.unwrap();
        accept(&lives)
    });
    // The end of the run kills what the worker has left behind.
    is_gone(left);
}

fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

fn accept(listener: &TcpListener) -> TcpStream {
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((connection, _)) => {
                connection.set_nonblocking(false).unwrap();
                return connection;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        assert!(start.elapsed() < PATIENCE, "a process connects");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Blocks until the process behind a connection has gone.
fn is_gone(mut connection: TcpStream) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    if let Err(error) = connection.read(&mut [0]) {
        let waits = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        assert!(!waits, "the process is still there");
    }
}

fn on_each(case: &str) {
    for backend in BACKENDS {
        let status = run_child(case, backend, 0);
        assert!(status.success(), "{case} on {backend}: {status}");
    }
}

/// W2.
#[test]
fn set_up_may_be_forgotten() {
    on_each("forgotten");
}

/// W3, W6.
#[test]
fn set_up_may_be_late() {
    on_each("late");
}

/// PR-11, W9 to W12.
#[test]
fn functions_return_values_and_panics() {
    on_each("calls");
}

/// W12.
#[test]
fn a_worker_may_end() {
    on_each("ends");
}

/// W4.
#[test]
fn a_grandchild_is_a_program() {
    on_each("grandchild");
}

/// W8, W14, W16.
#[test]
fn cancelled_calls_and_ended_runs_leave_nothing() {
    on_each("kills");
}

/// W7: when the program is killed, its workers end, and what they have started.
#[test]
fn a_killed_program_leaves_nothing() {
    for backend in BACKENDS {
        let lives = listen();
        let port = lives.local_addr().unwrap().port();
        let mut program = command("waits", backend, port).spawn().unwrap();
        let (one, other) = (accept(&lives), accept(&lives));
        program.kill().unwrap();
        program.wait().unwrap();
        is_gone(one);
        is_gone(other);
    }
}
