//! Open processes: PR-04, PR-06, PR-07, P1, P3, P6, P13, P14, P16, P17.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, fail_after};
use anyrt_core::process::{Command, Stdio, open_process, run_process, with_process};
use anyrt_core::signals::Signal;
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::task::{Wait, all, task_group};
use anyrt_core::testing::wait_all_tasks_blocked;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::processes_support::{children, exists, open, sleeper};
use crate::support::{in_cancelled_scope, poll_once, run, yields};

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
    a_stolen_status_is_an_error,
}
