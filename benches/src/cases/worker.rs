//! A call of a function in a worker process.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use anyrt_core::runtime::Descriptors;
use anyrt_core::to_process::registry::{ProcessFn, call, inventory, type_id};
use anyrt_core::to_process::run;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, Setup, SmolOne, TokioCurrent, TokioTwo};

const CALLS: usize = 10_000;

fn same(number: u64) -> u64 {
    number
}

// The expansion of `#[anyrt::process_fn]`, without the facade.
inventory::submit! {
    ProcessFn::new("same", || type_id(same), |argument| call(same, argument))
}

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<TokioTwo>(cases);
    add_on::<SmolOne>(cases);
}

fn add_on<L: Setup<Runtime: Descriptors>>(cases: &mut Vec<Case>) {
    cases.push(Case::new(
        "to_process::run",
        L::NAME,
        "a socket pair",
        CALLS,
        Floor::Ratio(1.30),
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(ours::<L::Runtime>(count)),
            Side::Theirs => {
                setup::native::<L, _, _>(
                    move |_| async move { by_hand(count).expect("`cat` answers") },
                )
            }
        },
    ));
}

async fn ours<R: Descriptors>(count: usize) -> Duration {
    let warm_up = run::<R, _, _, _>(same, 0).await;
    assert_eq!(warm_up.expect("a worker"), 0);
    let start = Start::now();
    for number in 0..count as u64 {
        let answer = run::<R, _, _, _>(same, number).await;
        assert_eq!(answer.expect("an answer"), number);
    }
    start.elapsed()
}

/// Times the minimum: a message to another process and back, with system calls that block.
fn by_hand(count: usize) -> io::Result<Duration> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new("cat");
    command.stdin(OwnedFd::from(theirs.try_clone()?));
    let mut child = command.stdout(OwnedFd::from(theirs)).spawn()?;
    drop(command);
    let mut answer = [0; 32];
    ours.write_all(&answer)?;
    ours.read_exact(&mut answer)?;
    let start = Start::now();
    for number in 0..count {
        answer[..8].copy_from_slice(&(number as u64).to_le_bytes());
        ours.write_all(&answer)?;
        ours.read_exact(&mut answer)?;
    }
    let elapsed = start.elapsed();
    drop(ours);
    child.wait()?;
    Ok(elapsed)
}
