//! Single calls: workers are reused, and replaced when they die.

use std::fs::File;
use std::future::poll_fn;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::process::exit;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyrt::Backend;
use anyrt::to_process::{self, WorkerError};
use rustix::process::{Signal, getpgid, kill_process};

use super::{divide, echo, has_ended, pid, process, until};

/// PR-11, W4, W8: the function runs in another process, and the next call uses the same one. The process
/// leads a group.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn an_idle_worker_is_reused() {
    let first = to_process::run(process, ()).await.unwrap();
    assert_ne!(first, std::process::id());
    assert!(!to_process::is_worker());
    assert_eq!(getpgid(Some(pid(first))).unwrap(), pid(first));
    for _ in 0..10 {
        assert_eq!(to_process::run(process, ()).await.unwrap(), first);
    }
}

/// Checks that a function of a library can be called.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn libraries_have_functions_too() {
    assert_eq!(to_process::run(anyrt_apps::doubled, 21).await.unwrap(), 42);
}

#[anyrt::process_fn]
fn panics(text: String) {
    /// The payload of a panic that panics as well.
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload panics");
        }
    }
    if text.is_empty() {
        panic_any(Payload);
    }
    panic!("{text}");
}

/// W10: a panic continues in the caller, with its text; the worker stays usable.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn panics_continue_in_the_caller() {
    let worker = to_process::run(process, ()).await.unwrap();
    for (text, expected) in [
        ("as it should", "as it should"),
        ("", "the function panicked, with a payload that is not text"),
    ] {
        let mut call = pin!(to_process::run(panics, text.to_owned()));
        let payload = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
            match polled {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(outcome)) => panic!("it panics: {outcome:?}"),
                Err(payload) => Poll::Ready(payload),
            }
        });
        let payload = payload.await;
        assert_eq!(payload.downcast_ref::<String>().unwrap(), expected);
        assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
    }
}

#[anyrt::process_fn]
fn end(how: u32) {
    match how {
        0 => exit(7),
        1 => std::process::abort(),
        _ => {
            kill_process(pid(std::process::id()), Signal::KILL).unwrap();
            loop {
                thread::park();
            }
        }
    }
}

/// PR-14, W12: a worker that dies during a call is an error of that call.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn a_worker_that_dies_is_an_error_of_one_call() {
    for how in 0..3 {
        let Err(WorkerError::Broken(Some(status))) = to_process::run(end, how).await else {
            panic!("it ended");
        };
        let expected = [(Some(7), None), (None, Some(6)), (None, Some(9))][how as usize];
        assert_eq!((status.code(), status.signal()), expected);
        assert_eq!(to_process::run(divide, (4, 2)).await.unwrap(), Ok(2));
    }
}

/// W12: a worker that is killed while it is idle does not fail a call.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn an_idle_worker_may_be_killed() {
    for _ in 0..20 {
        let worker = to_process::run(process, ()).await.unwrap();
        kill_process(pid(worker), Signal::KILL).unwrap();
        until(|| has_ended(worker)).await;
        assert_ne!(to_process::run(process, ()).await.unwrap(), worker);
    }
}

/// W12: nor does a worker that is killed while a request is sent to it.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn a_worker_may_be_killed_while_a_request_is_written() {
    let worker = to_process::run(process, ()).await.unwrap();
    kill_process(pid(worker), Signal::STOP).unwrap();
    let text = "some text".repeat(1 << 20);
    let call = to_process::run(echo, text.clone());
    let kill = async {
        // More than the socket holds.
        anyrt::sleep(Duration::from_millis(50)).await;
        kill_process(pid(worker), Signal::KILL).unwrap();
    };
    let (answer, ()) = anyrt::gather((call, kill)).await;
    assert_eq!(answer.unwrap(), text);
    assert_ne!(to_process::run(process, ()).await.unwrap(), worker);
}

/// Checks that a function without the attribute is not called.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn functions_have_to_be_marked() {
    fn unmarked((): ()) {}
    let error = to_process::run(unmarked, ()).await.unwrap_err();
    assert!(matches!(error, WorkerError::NotRegistered(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("unmarked") && text.contains("process_fn"),
        "{text}"
    );
}

#[anyrt::process_fn]
fn use_standard_input((): ()) -> String {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    rustix::stdio::dup2_stdin(File::open("/dev/zero").unwrap()).unwrap();
    text
}

/// Checks that functions cannot access the socket.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn functions_may_use_their_standard_input() {
    for _ in 0..2 {
        let worker = to_process::run(process, ()).await.unwrap();
        assert_eq!(to_process::run(use_standard_input, ()).await.unwrap(), "");
        assert_eq!(to_process::run(process, ()).await.unwrap(), worker);
        kill_process(pid(worker), Signal::KILL).unwrap();
        until(|| has_ended(worker)).await;
    }
}

#[anyrt::process_fn]
fn use_workers(backend: String) -> String {
    anyrt::run_on(backend.parse().unwrap(), async {
        let error = to_process::run(process, ()).await.unwrap_err();
        error.to_string()
    })
}

/// W3: a function may start a run, and no workers.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn workers_start_no_workers() {
    let backend = Backend::current().unwrap().to_string();
    let error = to_process::run(use_workers, backend).await.unwrap();
    assert!(
        error.contains("a worker process starts no workers"),
        "{error}"
    );
}
