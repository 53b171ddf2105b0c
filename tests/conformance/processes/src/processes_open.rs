//! Open processes: PR-06 to PR-08, P9 to P17.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyrt_core::cancel::{CancelScope, Leased, fail_after, move_on_after};
use anyrt_core::process::{Command, Process, Stdio, open_process, run_process, with_process};
use anyrt_core::signals::Signal;
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::task::{Wait, all, task_group};
use anyrt_core::testing::wait_all_tasks_blocked;
use anyrt_core::thread::to_thread;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_support::{children, exists, sleeper, wait_until_gone};
use crate::support::{catch, in_cancelled_scope, panic_quietly, poll_once, run, until, yields};

async fn open(command: impl Into<Command>) -> Process<OsR> {
    open_process::<OsR>(command).await.unwrap()
}

/// PR-06: a process is written to and read from at the same time, until it closes its outputs.
pub fn a_process_is_talked_to(backend: &OsBackend) {
    run(backend, async {
        let script = "while read -r line; do echo out $line; echo err $line >&2; done";
        let process = open(Command::shell(script)).await;
        assert!(process.status().unwrap().is_none());
        let mut input = process.stdin().unwrap();
        let (mut out, mut err) = (process.stdout().unwrap(), process.stderr().unwrap());
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            tg.spawn(async move {
                let mut received = Vec::new();
                let end = loop {
                    match err.receive(100).await {
                        Ok(bytes) => received.extend(bytes),
                        Err(error) => break error,
                    }
                };
                assert!(is_end_of_stream(&end));
                assert_eq!(received, b"err 1\nerr 2\n");
                Ok(())
            });
            input.send(b"1\n").await?;
            assert_eq!(out.receive(100).await?, b"out 1\n");
            input.send(b"2\n").await?;
            assert_eq!(out.receive(100).await?, b"out 2\n");
            input.close().await?;
            assert!(is_end_of_stream(&out.receive(100).await.unwrap_err()));
            Ok(())
        });
        group.await.unwrap();
        assert!(process.wait().await.unwrap().success());
        assert!(process.status().unwrap().unwrap().success());
        assert!(!exists(process.id()));
    });
}

/// PR-04, P1: a stream that is not a pipe has no handle.
pub fn only_pipes_have_handles(backend: &OsBackend) {
    run(backend, async {
        let process = open(sleeper().stdout(Stdio::Null).stderr_to_stdout()).await;
        assert!(process.stdin().is_some());
        assert!(process.stdout().is_none() && process.stderr().is_none());
        let error = open_process::<OsR>(Command::new("cat").input("some"));
        assert_eq!(error.await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}

/// PR-07, P13: signals arrive, and are shown in the status; after the end they have no effect.
pub fn signals_end_a_process(backend: &OsBackend) {
    run(backend, async {
        for command in [sleeper(), sleeper().group()] {
            let process = open(command.clone()).await;
            process.terminate().unwrap();
            assert_eq!(process.wait().await.unwrap().signal(), Some(15));
            let process = open(command.clone()).await;
            process.kill().unwrap();
            // The process may be a zombie by now.
            process.kill().unwrap();
            assert_eq!(process.wait().await.unwrap().signal(), Some(9));
            let process = open(command).await;
            process.signal(Signal::USR1).unwrap();
            let status = process.wait().await.unwrap();
            assert_eq!(status.signal(), Some(Signal::USR1.as_raw()));
            process.kill().unwrap();
            process.signal(Signal::INT).unwrap();
            assert_eq!(process.wait().await.unwrap(), status);
        }
    });
}

/// P6: `wait` ends with the process, whichever process still holds its pipes.
pub fn waiting_does_not_wait_for_the_pipes(backend: &OsBackend) {
    run(backend, async {
        let process = open(Command::shell("sleep 60 & echo $!")).await;
        assert!(process.wait().await.unwrap().success());
        let mut out = process.stdout().unwrap();
        let id = String::from_utf8(out.receive(100).await.unwrap()).unwrap();
        let reading = fail_after::<OsR, _>(Duration::from_millis(20), out.receive(1));
        assert!(reading.await.is_err(), "the pipe is open");
        let id = rustix::process::Pid::from_raw(id.trim_end().parse().unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        assert!(is_end_of_stream(&out.receive(1).await.unwrap_err()));
    });
}

/// P16: any number of tasks may wait; cancelling one does not affect the others. The tree shows them as
/// waiting.
pub fn any_number_may_wait(backend: &OsBackend) {
    run(backend, async {
        let process = Arc::new(open(sleeper()).await);
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            for _ in 0..3 {
                let process = process.clone();
                tg.task().name("waiting").spawn(async move {
                    assert_eq!(process.wait().await?.signal(), Some(15));
                    Ok(())
                });
            }
            let scope = CancelScope::<OsR>::new();
            let handle = scope.handle();
            let other = process.clone();
            let cancelled = tg.spawn(async move {
                assert!(scope.run(other.wait()).await.is_err());
                Ok(())
            });
            wait_all_tasks_blocked::<OsR>().await;
            let waiting = all();
            let waiting = waiting.iter().filter(|task| &*task.name() == "waiting");
            assert!(waiting.clone().all(|task| task.wait() == Wait::Process));
            assert_eq!(waiting.count(), 3);
            handle.cancel();
            cancelled.value().await;
            process.terminate()
        });
        group.await.unwrap();
    });
}

/// C4: opening and waiting are cancel points.
pub fn both_are_cancel_points(backend: &OsBackend) {
    run(backend, async {
        let opening = open_process::<OsR>(sleeper());
        assert!(in_cancelled_scope::<OsR, _>(opening).await.is_err());
        let running = run_process::<OsR>(sleeper());
        assert!(in_cancelled_scope::<OsR, _>(running).await.is_err());
        assert!(children().is_empty(), "nothing was started");
        let process = open(Command::new("true")).await;
        process.wait().await.unwrap();
        let waiting = in_cancelled_scope::<OsR, _>(process.wait());
        assert!(waiting.await.is_err());
        assert!(process.wait().await.unwrap().success());
    });
}

/// P17: a second reader is refused while there is one; a dropped reader makes room.
pub fn two_readers_are_refused(backend: &OsBackend) {
    run(backend, async {
        let process = open(sleeper()).await;
        let (mut first, mut second) = (process.stdout().unwrap(), process.stdout().unwrap());
        let mut reading = Box::pin(first.receive(1));
        assert!(poll_once(reading.as_mut()).await.is_pending());
        let busy = second.receive(1).await.unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        drop(reading);
        drop(first);
        let mut reading = Box::pin(second.receive(1));
        assert!(poll_once(reading.as_mut()).await.is_pending());
    });
}

/// P17: closing through any handle closes the pipe for all, and releases the waiting one; dropping a handle
/// closes nothing, and the process is not affected.
pub fn closing_a_pipe_releases_its_reader(backend: &OsBackend) {
    run(backend, async {
        let process = open(Command::shell("read -r line; echo $line")).await;
        drop((process.stdin(), process.stdout(), process.stderr()));
        let (mut reader, other) = (process.stderr().unwrap(), process.stderr().unwrap());
        let (received, ()) = join(reader.receive(1), async {
            yields(3).await;
            other.close();
        })
        .await;
        assert!(is_closed(&received.unwrap_err()));
        let mut again = process.stderr().unwrap();
        assert!(is_closed(&again.receive(1).await.unwrap_err()));

        let mut input = process.stdin().unwrap();
        input.send(b"some\n").await.unwrap();
        process.stdin().unwrap().close().await.unwrap();
        assert!(is_closed(&input.send(b"more").await.unwrap_err()));
        assert_eq!(
            process.stdout().unwrap().receive(100).await.unwrap(),
            b"some\n"
        );
        assert!(process.wait().await.unwrap().success());
    });
}

/// P3: writing to a process that no longer reads fails as broken.
pub fn writing_to_one_that_has_ended_is_broken(backend: &OsBackend) {
    run(backend, async {
        let process = open(Command::new("true")).await;
        process.wait().await.unwrap();
        let mut input = process.stdin().unwrap();
        for _ in 0..2 {
            assert!(is_broken(&input.send(b"some").await.unwrap_err()));
        }
    });
}

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
            let start = Instant::now();
            let (outcome, ()) = join(runs, cancels).await;
            assert!(outcome.is_err());
            assert!(done.exists(), "it was killed");
            assert!(
                start.elapsed() < Duration::from_secs(10),
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

/// P14: a status that another part of the process has taken is an error with that reason, on each call.
pub fn a_stolen_status_is_an_error(backend: &OsBackend) {
    run(backend, async {
        for command in [Command::new("true"), Command::new("true").group()] {
            let process = open(command).await;
            let id = rustix::process::Pid::from_raw(process.id().try_into().unwrap());
            rustix::process::waitpid(id, rustix::process::WaitOptions::empty()).unwrap();
            for _ in 0..2 {
                let error = process.wait().await.unwrap_err();
                assert!(error.to_string().contains("something else"), "{error}");
                assert!(process.status().is_err());
            }
            process.kill().unwrap();
        }
        let stolen = with_process::<OsR, _, _, _>(["true"], async |process| {
            let id = rustix::process::Pid::from_raw(process.id().try_into().unwrap());
            rustix::process::waitpid(id, rustix::process::WaitOptions::empty()).unwrap();
        });
        assert!(stolen.await.is_err());
    });
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

anyrt_conformance_kit::cases! { processes_open: descriptors [Process],
    a_process_is_talked_to,
    only_pipes_have_handles,
    signals_end_a_process,
    waiting_does_not_wait_for_the_pipes,
    any_number_may_wait,
    both_are_cancel_points,
    two_readers_are_refused,
    closing_a_pipe_releases_its_reader,
    writing_to_one_that_has_ended_is_broken,
    the_block_waits_for_the_process,
    a_cancelled_block_leaves_nothing,
    a_panic_in_the_block_leaves_nothing,
    a_grace_lets_a_process_end_by_itself,
    output_in_the_grace_is_thrown_away,
    a_cancelled_program_leaves_nothing,
    a_dropped_program_is_reaped_by_the_run,
    a_dropped_process_is_killed,
    a_stolen_status_is_an_error,
    a_process_is_closed_like_a_block,
}
