//! The end of processes: with their blocks, and when these are cancelled or dropped. PR-08, PR-09, P9 to P12, P21.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, Leased, move_on_after};
use anyrt_core::process::{Command, Process, open_process, run_process, with_process};
use anyrt_core::signals::Signal;
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_closed};
use anyrt_core::thread::to_thread;
use anyrt_core::time::now;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_support::{children, exists, open, sleeper, wait_until_gone};
use crate::support::{catch, panic_quietly, poll_once, run, until, yields};

/// PR-08, P10: the end of the block closes the pipes and waits; a program that continues to write does not
/// delay it.
pub fn the_block_waits_for_the_process(backend: &OsBackend) {
    run(backend, async {
        let (value, status) = with_process::<OsR, _, _, _>(["cat"], async |process| {
            assert!(process.status().unwrap().is_none());
            5
        })
        .await
        .unwrap();
        assert!(status.success());
        assert_eq!(value, 5);

        let unread = with_process::<OsR, _, _, _>(["yes"], async |process| {
            yields(10).await;
            process.id()
        });
        let (id, status) = unread.await.unwrap();
        assert_eq!(status.signal(), Some(Signal::PIPE.as_raw()));
        assert!(!exists(id));
    });
}

/// PR-08, P9: when cancelled in the block, the process is killed and reaped before the block is left, and
/// its streams are closed.
pub fn a_cancelled_block_leaves_nothing(backend: &OsBackend) {
    run(backend, async {
        let mut handles = None;
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let block = with_process::<OsR, (), _, _>(sleeper(), async |process| {
            handles = Some((process.stdout().unwrap(), process.stdin().unwrap()));
            handle.cancel();
            let waited = process.wait().await;
            panic!("{waited:?}");
        });
        assert!(scope.run(block).await.is_err());
        assert!(children().is_empty());
        let (mut out, mut input) = handles.unwrap();
        assert!(is_closed(&out.receive(1).await.unwrap_err()));
        assert!(is_closed(&input.send(b"some").await.unwrap_err()));

        // The same while the end of the block waits for a process that does not end.
        let block = with_process::<OsR, _, _, _>(sleeper(), async |_| ());
        let limited = move_on_after::<OsR, _>(Duration::from_millis(20), block);
        assert!(limited.await.is_none());
        assert!(children().is_empty());
    });
}

/// P10: if the body panics, nothing is left either; the panic continues afterwards.
pub fn a_panic_in_the_block_leaves_nothing(backend: &OsBackend) {
    run(backend, async {
        let block = with_process::<OsR, (), _, _>(sleeper(), async |_process| {
            panic_quietly("in the block");
        });
        assert_eq!(catch(block).await.unwrap_err(), "in the block");
        assert!(children().is_empty());
    });
}

/// P9: with a grace, the process receives a signal first; one that ignores it is killed afterwards.
pub fn a_grace_lets_a_process_end_by_itself(backend: &OsBackend) {
    let folder = Folder::new();
    run(backend, async {
        let script = "trap 'echo told > told; exit' TERM; echo ready; while :; do sleep 0.01; done";
        let listens = Command::shell(script)
            .current_dir(folder.path())
            .group()
            .grace(Duration::from_secs(60));
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let block = with_process::<OsR, (), _, _>(listens, async |process| {
            process.stdout().unwrap().receive(100).await.unwrap();
            handle.cancel();
            drop(process.wait().await);
        });
        assert!(scope.run(block).await.is_err());
        assert!(children().is_empty());
        assert!(folder.path().join("told").exists());

        let script = "trap '' TERM; echo ready; sleep 60";
        let deaf = Command::shell(script)
            .grace(Duration::from_millis(30))
            .group();
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let block = with_process::<OsR, (), _, _>(deaf, async |process| {
            process.stdout().unwrap().receive(100).await.unwrap();
            handle.cancel();
            drop(process.wait().await);
        });
        assert!(scope.run(block).await.is_err());
        assert!(children().is_empty());
    });
}

/// P9: output that a process writes in its grace, more than its pipes hold, does not keep it from ending by
/// itself.
pub fn output_in_the_grace_is_thrown_away(backend: &OsBackend) {
    const SCRIPT: &str = "trap 'head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo > done; exit' TERM; \
                          echo > ready; while :; do sleep 0.01; done";
    for in_a_block in [false, true] {
        let folder = Folder::new();
        let (ready, done) = (folder.path().join("ready"), folder.path().join("done"));
        run(backend, async {
            let command = Command::shell(SCRIPT)
                .current_dir(folder.path())
                .group()
                .grace(Duration::from_secs(20));
            let scope = CancelScope::<OsR>::new();
            let handle = scope.handle();
            let runs = scope.run(async {
                if in_a_block {
                    let block = async |process: Leased<Process<OsR>>| {
                        drop(process.wait().await);
                    };
                    drop(with_process::<OsR, (), _, _>(command, block).await);
                } else {
                    drop(run_process::<OsR>(command).await);
                }
            });
            let cancels = async {
                until(|| ready.exists()).await;
                handle.cancel();
            };
            let start = now::<OsR>();
            let (outcome, ()) = join(runs, cancels).await;
            assert!(outcome.is_err());
            assert!(done.exists(), "it was killed");
            assert!(
                now::<OsR>() - start < Duration::from_secs(10),
                "it waited for its grace"
            );
        });
    }
}

/// PR-09, P9, P21: when cancelled at any moment, nothing is left of a program and of the processes that it
/// has started.
pub fn a_cancelled_program_leaves_nothing(backend: &OsBackend) {
    run(backend, async {
        for moment in 0..60 {
            let command = Command::shell("sleep 30 | cat").group();
            let running = run_process::<OsR>(command.input(vec![0; 256 * 1024]));
            let limit = Duration::from_micros(100 * moment);
            let ended = move_on_after::<OsR, _>(limit, running).await;
            assert!(ended.is_none());
            assert!(children().is_empty(), "after {limit:?}");
        }
    });
}

/// P11, P12: a program that is dropped at any moment, also while it is started, is reaped by the run before
/// its end.
pub fn a_dropped_program_is_reaped_by_the_run(backend: &OsBackend) {
    for moment in 0..30 {
        run(backend, async {
            let command = Command::shell("sleep 30 | cat").group();
            let mut running = Box::pin(run_process::<OsR>(command.input(vec![0; 256 * 1024])));
            for _ in 0..moment {
                assert!(poll_once(running.as_mut()).await.is_pending());
                to_thread::run::<OsR, _, _>(std::thread::yield_now).await;
            }
            drop(running);
            let mut opening = Box::pin(open_process::<OsR>(sleeper()));
            for _ in 0..moment {
                if poll_once(opening.as_mut()).await.is_ready() {
                    break;
                }
            }
        });
        assert!(children().is_empty(), "after {moment} polls");
    }
}

/// P11: a process that is dropped is killed, in its run or after that.
pub fn a_dropped_process_is_killed(backend: &OsBackend) {
    let id = run(backend, async {
        let process = open(Command::shell("sleep 60 & echo $!; wait").group()).await;
        let id = process.stdout().unwrap().receive(100).await.unwrap();
        drop(process);
        String::from_utf8(id).unwrap().trim_end().parse().unwrap()
    });
    assert!(children().is_empty());
    wait_until_gone(id);

    let left = run(backend, async { open(sleeper()).await });
    let id = left.id();
    assert!(exists(id));
    drop(left);
    for _ in 0..10_000 {
        if !exists(id) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("nobody has reaped it");
}

/// P10: `close` does for a process that is moved around the same as the end of a block.
pub fn a_process_is_closed_like_a_block(backend: &OsBackend) {
    let folder = Folder::new();
    run(backend, async {
        let process = open(Command::shell("cat > got").current_dir(folder.path())).await;
        process.stdin().unwrap().send(b"some").await.unwrap();
        assert!(process.close().await.unwrap().success());
        let got = fs::read_to_string(folder.path().join("got")).unwrap();
        assert_eq!(got, "some");
        let closing = open(sleeper()).await.close();
        let limited = move_on_after::<OsR, _>(Duration::from_millis(20), closing);
        assert!(limited.await.is_none());
        assert!(children().is_empty());
    });
}

anyrt_conformance_kit::cases! { processes_end: descriptors [Process],
    the_block_waits_for_the_process,
    a_cancelled_block_leaves_nothing,
    a_panic_in_the_block_leaves_nothing,
    a_grace_lets_a_process_end_by_itself,
    output_in_the_grace_is_thrown_away,
    a_cancelled_program_leaves_nothing,
    a_dropped_program_is_reaped_by_the_run,
    a_dropped_process_is_killed,
    a_process_is_closed_like_a_block,
}
