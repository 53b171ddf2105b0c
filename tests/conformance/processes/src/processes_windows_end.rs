//! The end of processes on Windows: with their blocks and groups, and when these are cancelled or dropped. PR-08,
//! PR-09, P9 to P12, P21.

use std::time::Duration;

use anyrt_core::cancel::{CancelScope, move_on_after};
use anyrt_core::process::{Stdio, open_process, run_process, with_process};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_closed};
use anyrt_core::thread::to_thread;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::processes_windows_program::{Life, Lives, open, output, own, program};
use crate::support::{catch, panic_quietly, poll_once, run, yields};

/// Waits on a worker thread until a process reports.
async fn next(lives: &Lives) -> Life {
    let lives = lives.clone();
    to_thread::run::<OsR, _, _>(move || lives.next()).await
}

/// PR-08, P10: the end of the block closes the pipes and waits; a program that continues to write does not
/// delay it.
pub fn the_block_waits_for_the_process(backend: &OsBackend) {
    run(backend, async {
        // Its output is closed first, and it writes something in each case.
        let copy = || program("copy").stdout(Stdio::Null).stderr(Stdio::Null);
        let (value, status) = with_process::<OsR, _, _, _>(copy(), async |process| {
            assert!(process.status().unwrap().is_none());
            5
        })
        .await
        .unwrap();
        assert!(status.success());
        assert_eq!(value, 5);
        let unread = with_process::<OsR, _, _, _>(program("endless"), async |_| yields(10).await);
        let ((), status) = unread.await.unwrap();
        assert!(!status.success());
        assert!(open(copy()).await.close().await.unwrap().success());
    });
}

/// PR-08, P9: when cancelled in the block, the process is killed before the block is left, and its streams are closed.
pub fn a_cancelled_block_leaves_nothing(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let mut handles = None;
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let block = with_process::<OsR, (), _, _>(lives.sleeper(), async |process| {
            handles = Some((process.stdout().unwrap(), process.stdin().unwrap()));
            let life = next(&lives).await;
            handle.cancel();
            let waited = process.wait().await;
            drop(life);
            panic!("{waited:?}");
        });
        assert!(scope.run(block).await.is_err());
        let (mut out, mut input) = handles.unwrap();
        assert!(is_closed(&out.receive(1).await.unwrap_err()));
        assert!(is_closed(&input.send(b"some").await.unwrap_err()));

        // The same while the end of the block waits for a process that does not end.
        let mut life = None;
        let block = with_process::<OsR, _, _, _>(lives.sleeper(), async |_| {
            life = Some(next(&lives).await);
        });
        let limited = move_on_after::<OsR, _>(Duration::from_secs(2), block);
        assert!(limited.await.is_none());
        if let Some(mut life) = life {
            life.wait_until_gone();
        }
    });
}

/// P10: if the body panics, nothing is left either; the panic continues afterwards.
pub fn a_panic_in_the_block_leaves_nothing(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let mut life = None;
        let block = with_process::<OsR, (), _, _>(lives.sleeper(), async |_process| {
            life = Some(next(&lives).await);
            panic_quietly("in the block");
        });
        assert_eq!(catch(block).await.unwrap_err(), "in the block");
        life.unwrap().wait_until_gone();
    });
}

/// PR-09, P9: when cancelled, a program and its group are killed before the call is left.
pub fn a_cancelled_program_leaves_nothing(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let command = lives.stays().group();
        let (outcome, mut life) = join(scope.run(run_process::<OsR>(command)), async {
            let life = next(&lives).await;
            handle.cancel();
            life
        })
        .await;
        assert!(outcome.is_err());
        life.wait_until_gone();
    });
    for millis in [0, 1, 5, 20, 60, 100, 150, 200, 250, 300] {
        run(backend, async {
            let command = lives.stays().group().input(vec![0; 256 * 1024]);
            let limited = run_process::<OsR>(command);
            move_on_after::<OsR, _>(Duration::from_millis(millis), limited).await;
        });
        for mut life in lives.rest() {
            life.wait_until_gone();
        }
    }
}

/// P11, P12: a program that is dropped at any moment, also while it is started, is killed by the end of the run.
pub fn a_dropped_program_leaves_nothing(backend: &OsBackend) {
    let lives = Lives::new();
    for moment in 0..20 {
        run(backend, async {
            let command = lives.stays().group().input(vec![0; 256 * 1024]);
            let mut running = Box::pin(run_process::<OsR>(command));
            for _ in 0..moment {
                if poll_once(running.as_mut()).await.is_ready() {
                    break;
                }
                to_thread::run::<OsR, _, _>(std::thread::yield_now).await;
            }
            drop(running);
            let mut opening = Box::pin(open_process::<OsR>(lives.sleeper()));
            for _ in 0..moment {
                if poll_once(opening.as_mut()).await.is_ready() {
                    break;
                }
            }
        });
        for mut life in lives.rest() {
            life.wait_until_gone();
        }
    }
}

/// P11: a process that is dropped is killed with its group, in its run or after that.
pub fn a_dropped_process_is_killed(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let process = open(lives.leaves().group()).await;
        let mut left = next(&lives).await;
        assert!(left.is_there());
        drop(process);
        left.wait_until_gone();
    });
    let left = run(backend, async { open(lives.sleeper()).await });
    let mut life = lives.next();
    assert!(life.is_there());
    drop(left);
    life.wait_until_gone();
}

/// P6, P21: a process that a program has left behind holds its output open; with a group it is killed, when the program
/// ends by itself or is killed.
pub fn a_group_is_killed_with_its_leader(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let ended = output(lives.leaves().group().input("")).await;
        assert!(ended.complete);
        own(ended.stdout);
        for mut life in lives.rest() {
            life.wait_until_gone();
        }
        let process = open(lives.leaves().group()).await;
        let mut left = next(&lives).await;
        process.kill().unwrap();
        assert_eq!(process.wait().await.unwrap().code(), Some(1));
        left.wait_until_gone();

        // It is killed when the leader has ended, though no task waits for that.
        let process = open(lives.leaves().group()).await;
        let mut left = next(&lives).await;
        assert!(left.is_there());
        process.stdin().unwrap().close().await.unwrap();
        left.wait_until_gone();
        assert!(process.wait().await.unwrap().success());
    });
}

anyrt_conformance_kit::cases! { processes_windows_end: descriptors,
    the_block_waits_for_the_process,
    a_cancelled_block_leaves_nothing,
    a_panic_in_the_block_leaves_nothing,
    a_cancelled_program_leaves_nothing,
    a_dropped_program_leaves_nothing,
    a_dropped_process_is_killed,
    a_group_is_killed_with_its_leader,
}
