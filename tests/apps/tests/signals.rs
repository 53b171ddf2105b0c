//! Signals that have no receiver any more: in separate processes, with exit statuses that show the effect.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyrt::Backend;
use anyrt::signals::{Signal, receiver};
use anyrt_apps::REAL;
use rustix::process::{Resource, Rlimit, getpid, getrlimit, kill_process, setrlimit};

/// The case that the test `child` runs, and its backend.
const CASE: &str = "ANYRT_SIGNALS_CASE";
const BACKEND: &str = "ANYRT_SIGNALS_BACKEND";

/// Sends a signal to this process, and gives it time to have its effect.
async fn raise(signal: Signal) {
    let signal = rustix::process::Signal::from_named_raw(signal.as_raw()).unwrap();
    kill_process(getpid(), signal).unwrap();
    anyrt::sleep(Duration::from_millis(30)).await;
}

/// Runs one case. The other tests start this one, which does nothing by itself.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let backend: Backend = std::env::var(BACKEND).unwrap().parse().unwrap();
    anyrt::run_on(backend, act(&case)).unwrap();
}

async fn act(case: &str) -> io::Result<()> {
    let (case, number) = case.rsplit_once(' ').unwrap();
    let signal = Signal::from_raw(number.parse().unwrap()).unwrap();
    match case {
        "closed" => {
            let mut signals = receiver(&[signal])?;
            raise(signal).await;
            assert_eq!(signals.receive().await?, signal);
            signals.close();
            raise(signal).await;
        }
        "opened again" => {
            receiver(&[signal])?.close();
            let mut signals = receiver(&[signal])?;
            raise(signal).await;
            assert_eq!(signals.receive().await?, signal);
        }
        "refused" => {
            receiver(&[signal, Signal::KILL]).unwrap_err();
            raise(signal).await;
        }
        "failed" => {
            // The runtime has opened its descriptors.
            receiver(&[Signal::WINCH])?.close();
            // There are descriptors for some of the pipes, and not for all.
            let before = getrlimit(Resource::Nofile);
            for more in 3..12 {
                let lowest = std::os::fd::AsRawFd::as_raw_fd(&File::open("/dev/null")?);
                let current = u64::try_from(lowest).unwrap() + more;
                let limit = Rlimit {
                    current: Some(current),
                    ..before
                };
                setrlimit(Resource::Nofile, limit).unwrap();
                let opened = receiver(&[Signal::USR2, signal, Signal::HUP]).map(drop);
                setrlimit(Resource::Nofile, before).unwrap();
                if opened.is_ok() {
                    break;
                }
                assert!(more < 11, "it never succeeds");
            }
            raise(signal).await;
        }
        "listened before" => {
            let kind = tokio::signal::unix::SignalKind::from_raw(signal.as_raw());
            let mut native = tokio::signal::unix::signal(kind)?;
            receiver(&[signal])?.close();
            raise(signal).await;
            native.recv().await.unwrap();
        }
        "listened after" => {
            let signals = receiver(&[signal])?;
            let kind = tokio::signal::unix::SignalKind::from_raw(signal.as_raw());
            let mut native = tokio::signal::unix::signal(kind)?;
            raise(signal).await;
            native.recv().await.unwrap();
            signals.close();
            raise(signal).await;
        }
        other => panic!("no case {other}"),
    }
    Ok(())
}

/// Starts the test `child` through a shell that runs `before` first.
fn start(backend: Backend, before: &str, case: &str, signal: Signal) -> ExitStatus {
    let mut command = Command::new("env");
    if cfg!(target_os = "linux") {
        // A background process of a shell ignores some signals, and its children inherit that.
        command.arg("--default-signal");
    }
    command.args(["/bin/sh", "-c"]);
    command.arg(format!(
        r#"{before} ulimit -c 0; exec "$0" child --exact --nocapture >/dev/null"#
    ));
    command.arg(std::env::current_exe().unwrap());
    command.env(BACKEND, backend.to_string());
    command.env(CASE, format!("{case} {}", signal.as_raw()));
    command.status().unwrap()
}

/// Starts the case on each backend.
fn on_each(before: &str, case: &str, signal: Signal, check: impl Fn(ExitStatus)) {
    for backend in REAL {
        let status = start(backend, before, case, signal);
        eprintln!("{case} on {backend}: {status}");
        check(status);
    }
}

fn killed_by(signal: Signal) -> impl Fn(ExitStatus) {
    move |status| assert_eq!(status.signal(), Some(signal.as_raw()), "{status}")
}

fn lives(status: ExitStatus) {
    assert!(status.success(), "{status}");
}

/// S6, SG-03: the default action is restored, with its exit status.
#[test]
fn a_closed_receiver_restores_the_default_action() {
    for signal in [
        Signal::TERM,
        Signal::INT,
        Signal::HUP,
        Signal::USR1,
        Signal::QUIT,
    ] {
        on_each("", "closed", signal, killed_by(signal));
    }
    // The default action of this signal does nothing.
    on_each("", "closed", Signal::WINCH, lives);
}

/// S6: a signal that was ignored before is ignored again.
#[test]
#[cfg(target_os = "linux")]
fn a_closed_receiver_leaves_an_ignored_signal_ignored() {
    on_each("trap '' TERM;", "closed", Signal::TERM, lives);
}

/// S6: a receiver that is opened again receives.
#[test]
fn a_signal_is_received_again() {
    on_each("", "opened again", Signal::TERM, lives);
}

/// S1: a receiver that could not be opened has changed nothing.
#[test]
fn a_receiver_that_fails_changes_nothing() {
    on_each("", "refused", Signal::TERM, killed_by(Signal::TERM));
    on_each("", "failed", Signal::TERM, killed_by(Signal::TERM));
}

/// S6, S7: tokio's listener is a handler like any other, if it was there before. A listener that is added
/// while a receiver is open does not prevent the default action.
#[test]
fn tokios_listener_counts_if_it_came_before() {
    let on_tokio = |case| start(Backend::Tokio, "", case, Signal::TERM);
    lives(on_tokio("listened before"));
    killed_by(Signal::TERM)(on_tokio("listened after"));
}
