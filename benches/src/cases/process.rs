//! Starting a program and waiting for its end.

use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use anyrt_core::process::{Command, run_process};
use anyrt_core::runtime::Descriptors;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, Setup, SmolOne, TokioCurrent, TokioTwo};

const PROGRAMS: usize = 200;
const PROGRAM: &str = "/bin/true";

type Run = fn() -> Pin<Box<dyn Future<Output = bool> + Send>>;

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases, "tokio::process", tokio_process);
    add_on::<TokioTwo>(cases, "tokio::process", tokio_process);
    add_on::<SmolOne>(cases, "smol::process", smol_process);
}

fn add_on<L: Setup<Runtime: Descriptors>>(
    cases: &mut Vec<Case>,
    theirs: &'static str,
    run_theirs: Run,
) {
    for (name, at_once) in [
        ("run_process, one by one", 1),
        ("run_process, 8 at once", 8),
    ] {
        cases.push(Case::new(
            name,
            L::NAME,
            theirs,
            PROGRAMS,
            Floor::Ratio(1.05),
            move |side, count| match side {
                Side::Ours => setup::ours::<L, _>(run_all(count, at_once, ours::<L::Runtime>)),
                Side::Theirs => setup::native::<L, _, _>(|_| run_all(count, at_once, run_theirs)),
            },
        ));
    }
}

fn ours<R: Descriptors>() -> Pin<Box<dyn Future<Output = bool> + Send>> {
    use anyrt_core::process::Stdio;
    let command = Command::new(PROGRAM).stdout(Stdio::Null);
    let running = run_process::<R>(command.stderr(Stdio::Null));
    Box::pin(async { running.await.is_ok() })
}

fn tokio_process() -> Pin<Box<dyn Future<Output = bool> + Send>> {
    let mut command = tokio::process::Command::new(PROGRAM);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    Box::pin(async move { command.status().await.is_ok_and(|status| status.success()) })
}

fn smol_process() -> Pin<Box<dyn Future<Output = bool> + Send>> {
    let mut command = smol::process::Command::new(PROGRAM);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    Box::pin(async move { command.status().await.is_ok_and(|status| status.success()) })
}

async fn run_all(count: usize, at_once: usize, run: Run) -> Duration {
    assert!(run().await);
    let start = Start::now();
    let mut running = FuturesUnordered::new();
    for _ in 0..count {
        if running.len() == at_once {
            assert_eq!(running.next().await, Some(true));
        }
        running.push(run());
    }
    while let Some(succeeded) = running.next().await {
        assert!(succeeded);
    }
    start.elapsed()
}
