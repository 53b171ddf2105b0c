//! `#[anyrt::test]`, in a crate that enables every backend.

use std::collections::BTreeSet;
use std::env;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyrt::Backend;
use anyrt::net::{UdpSocket, listen_tcp};

/// The variable that is set in the processes that this program starts: tests fail there that pass
/// otherwise.
const FAIL: &str = "ANYRT_TEST_SHALL_FAIL";

fn shall_fail() -> bool {
    env::var_os(FAIL).is_some()
}

/// TI-01: one test per backend, which the test below looks for by name.
#[anyrt::test]
async fn there_is_one_for_each_backend() {
    let backend = Backend::current().expect("a backend");
    // With one test thread, tests run on the main one, which has another name. A simulation may have a thread of
    // its own.
    if backend != Backend::Sim {
        if let Some(name) = thread::current().name() {
            if name != "main" {
                let module = backend.to_string().replace('-', "_");
                assert_eq!(name, format!("there_is_one_for_each_backend::{module}"));
            }
        }
    }
}

/// TI-01.
#[test]
fn tests_are_named_after_their_backend() {
    let output = this_program(&["--list", "--format", "terse"]);
    let listed = String::from_utf8(output.stdout).unwrap();
    for backend in ["tokio", "smol", "async_std", "sim"] {
        let line = format!("there_is_one_for_each_backend::{backend}: test");
        assert!(listed.lines().any(|other| other == line), "{listed}");
    }
}

/// TI-02: limited to some backends.
#[anyrt::test(backends = ["smol", "async-std"])]
async fn backends_may_be_chosen() {
    assert_ne!(Backend::current(), Some(Backend::Tokio));
}

/// TI-02: with options. On one thread, tasks take turns.
#[anyrt::test(backends = ["tokio", "smol"], flavor = "current_thread")]
async fn options_may_be_given() {
    let host = thread::current().id();
    let group = anyrt::task_group(async |tg| {
        for _ in 0..8 {
            tg.spawn(async move { assert_eq!(thread::current().id(), host) });
        }
    });
    group.await.unwrap();
}

/// TI-03: a `Result` may be returned.
#[anyrt::test]
async fn an_error_fails_the_test() -> Result<(), &'static str> {
    if shall_fail() {
        Err("as it should")
    } else {
        Ok(())
    }
}

#[anyrt::test]
async fn a_panic_in_a_child_fails_the_test() {
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async { assert!(!shall_fail(), "as it should") });
    });
    group.await.unwrap();
}

/// TI-03.
#[test]
fn errors_and_panics_fail() {
    for test in [
        "an_error_fails_the_test",
        "a_panic_in_a_child_fails_the_test",
    ] {
        for backend in ["tokio", "smol", "async_std", "sim"] {
            let name = format!("{test}::{backend}");
            let mut command = Command::new(env::current_exe().unwrap());
            let output = command.args(["--exact", &name]).env(FAIL, "yes").output();
            let output = output.unwrap();
            assert!(!output.status.success());
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(
                text.contains("as it should") && text.contains("1 failed"),
                "{text}"
            );
        }
    }
}

/// TI-03.
#[anyrt::test]
#[ignore = "to see that it is"]
async fn tests_may_be_ignored() {
    unreachable!("ignored");
}

/// TI-03.
#[anyrt::test]
#[should_panic(expected = "as it should")]
async fn tests_may_panic() {
    panic!("as it should");
}

/// TI-04: set-up and tear-down belong to the run of the test.
#[anyrt::test]
async fn set_up_and_tear_down_are_part_of_the_run() {
    static TORN_DOWN: AtomicUsize = AtomicUsize::new(0);
    let before = TORN_DOWN.load(Ordering::SeqCst);
    let here = || (Backend::current(), anyrt::task::current_run());
    let place = here();
    let fixture = async {
        anyrt::checkpoint().await;
        place
    };
    anyrt::with_resource(
        fixture.await,
        async |found| assert_eq!(*found, here()),
        async |found| {
            anyrt::checkpoint().await;
            assert_eq!(found, here());
            TORN_DOWN.fetch_add(1, Ordering::SeqCst);
        },
    )
    .await;
    assert!(TORN_DOWN.load(Ordering::SeqCst) > before);
}

/// TI-05.
#[anyrt::test]
async fn free_ports_are_distinct_and_can_be_bound() {
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let port = anyrt::testing::free_tcp_port().unwrap();
        bind(async || listen_tcp(Some("127.0.0.1"), port).await.is_ok()).await;
        assert!(seen.insert(port), "port {port} was given before");
        let port = anyrt::testing::free_udp_port().unwrap();
        bind(async || UdpSocket::bind(([127, 0, 0, 1], port)).is_ok()).await;
        assert!(seen.insert(port), "port {port} was given before");
    }
}

/// Calls `bind` again if the port is in use: another test that looks for a free port may use it for a
/// moment.
async fn bind(bind: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if bind().await {
            return;
        }
        anyrt::sleep(Duration::from_millis(1)).await;
    }
    panic!("a free port can be bound");
}

fn this_program(args: &[&str]) -> Output {
    let path = env::current_exe().expect("a path");
    let output = Command::new(path).args(args).output();
    output.expect("a process")
}
