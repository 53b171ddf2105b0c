//! Programs and their pipes on Windows: PR-01 to PR-07, PR-10, P1 to P8, P13, P16, P17.

use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, fail_after};
use anyrt_core::process::{Command, ProcessError, Stdio, open_process, run_process};
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::task::{Wait, all, task_group};
use anyrt_core::testing::wait_all_tasks_blocked;
use futures_util::future::join;

use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::processes_windows_program::{Lives, io_error, open, output, own, program, text};
use crate::support::{in_cancelled_scope, poll_once, run, yields};

/// PR-01, P1: input is written, both outputs are collected, and the status is returned.
pub fn a_program_is_fed_and_its_output_collected(backend: &OsBackend) {
    run(backend, async {
        let copied = output(program("copy").input("b\na\n")).await;
        assert!(copied.status.success() && copied.complete);
        assert_eq!(own(copied.stdout), b"b\na\n");
        let both = output(program("both")).await;
        assert_eq!(own(both.stdout), b"out\n");
        assert_eq!(both.stderr.unwrap(), b"err\n");
        // Without an input the program reads the end at once.
        assert_eq!(text(program("copy")).await, "");
        assert_eq!(text(program("copy").input("")).await, "");
    });
}

/// PR-02, P4: without success it fails with all the output so far, and its message is one line.
pub fn a_failure_has_status_and_output(backend: &OsBackend) {
    run(backend, async {
        let failing = program("fail 3");
        let error = run_process::<OsR>(&failing).await.unwrap_err();
        assert!(error.to_string().ends_with(": exit status 3: last"));
        let output = error.output().unwrap().clone();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(own(output.stdout), b"out\n");
        assert_eq!(output.stderr.unwrap(), b"first\nlast\n");
        let unchecked = run_process::<OsR>(failing.check(false)).await.unwrap();
        assert_eq!(unchecked.status.code(), Some(3));
    });
}

/// PR-01: a line is run by `cmd.exe`, with its quotes, operators and variables.
pub fn a_line_is_run_by_the_shell(backend: &OsBackend) {
    run(backend, async {
        let line = "echo \"%ANYRT_WORD%\"& echo last>&2& exit 3";
        let line = Command::shell(line).env("ANYRT_WORD", "some words");
        let error = run_process::<OsR>(line).await.unwrap_err();
        assert_eq!(error.to_string(), "cmd.exe: exit status 3: last");
        let output = error.output().unwrap();
        let written = String::from_utf8(output.stdout.clone().unwrap()).unwrap();
        assert_eq!(written.trim_end(), "\"some words\"");
    });
}

/// PR-03: arguments, directory and environment are passed to the program.
pub fn the_surroundings_reach_the_program(backend: &OsBackend) {
    let folder = Folder::new();
    run(backend, async {
        let arguments = ["--", "with space", "qu\"ote", "back\\slash\\", "%PATH%"];
        let passed = text(program("arguments").args(arguments)).await;
        assert_eq!(passed, arguments[1..].join("\n") + "\n");

        let here = text(program("directory").current_dir(folder.path())).await;
        let here = fs::canonicalize(here.trim_end()).unwrap();
        assert_eq!(here, folder.path().canonicalize().unwrap());

        let show = || program("variables ONE TWO THREE");
        let set = show().env("ONE", "1").envs([("TWO", "2")]);
        assert_eq!(text(set.clone()).await, "1\n2\nnone\n");
        assert_eq!(text(set.env_remove("ONE")).await, "none\n2\nnone\n");
    });
}

/// PR-10, P5: a program that cannot be started is an error of the system's kind that names the program.
pub fn what_cannot_be_started_is_named(backend: &OsBackend) {
    let missing = io::ErrorKind::NotFound;
    let folder = Folder::new();
    let cases = [
        (Command::new("no-such-program"), missing),
        (Command::new("C:\\no\\such\\program.exe"), missing),
        (Command::new(""), io::ErrorKind::InvalidInput),
        (Command::new("cm\0d"), io::ErrorKind::InvalidInput),
    ];
    run(backend, async {
        for (command, kind) in cases {
            for command in [command.clone().group(), command.stderr_to_stdout()] {
                let error = io_error(&command).await;
                assert_eq!(error.kind(), kind, "{command:?}: {error}");
                let message = error.to_string();
                assert!(message.starts_with("cannot start `"), "{message}");
            }
        }
        let message = io_error(["no-such-program"]).await.to_string();
        assert!(message.contains("`no-such-program`"), "{message}");
        let nowhere = folder.path().join("nowhere");
        io_error(program("exit 0").current_dir(nowhere)).await;
        let both = program("copy").input("some").stdin(Stdio::Null);
        assert_eq!(io_error(both).await.kind(), io::ErrorKind::InvalidInput);
        let input = open_process::<OsR>(program("copy").input("some")).await;
        assert_eq!(input.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}

/// P3: writing, reading and waiting continue concurrently, for more bytes than any pipe holds.
pub fn large_input_and_output_go_on_together(backend: &OsBackend) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    run(backend, async {
        let copied = output(program("copy").input(bytes.clone())).await;
        assert!(own(copied.stdout) == bytes);
        let both = output(program("tee").input(bytes.clone())).await;
        assert!(own(both.stdout) == bytes && both.stderr.unwrap() == bytes);
    });
}

/// P3: a program that does not read its input is not an error; its status decides.
pub fn input_need_not_be_read(backend: &OsBackend) {
    run(backend, async {
        let large = program("exit 0").input(vec![0; 1_000_000]);
        assert!(output(large).await.complete);
        let failing = program("exit 1").input(vec![0; 1_000_000]);
        let error = run_process::<OsR>(failing).await.unwrap_err();
        assert_eq!(error.output().unwrap().status.code(), Some(1));
    });
}

/// P7: the first bytes are kept, and the rest is read.
pub fn output_has_a_limit(backend: &OsBackend) {
    run(backend, async {
        let cut = output(program("zeros 1000000").output_limit(10)).await;
        assert_eq!(cut.stdout.unwrap().len(), 10);
        assert!(!cut.complete);
        let whole = output(program("zeros 1000000").output_limit(2_000_000)).await;
        assert_eq!(own(whole.stdout).len(), 1_000_000);
        assert!(whole.complete);
    });
}

/// P8: both outputs in one pipe, in the order of writing.
pub fn stderr_may_go_where_stdout_goes(backend: &OsBackend) {
    run(backend, async {
        let merged = output(program("turns").stderr_to_stdout()).await;
        let expected = b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n";
        assert_eq!(own(merged.stdout), expected);
        assert_eq!(merged.stderr, None);
        let null = output(program("turns").stdout(Stdio::Null).stderr_to_stdout()).await;
        assert_eq!((null.stdout, null.stderr), (None, None));
    });
}

/// PR-04, P1: a stream may be a file, the null device, or that of this process; then nothing is captured.
pub fn streams_may_be_connected_elsewhere(backend: &OsBackend) {
    let folder = Folder::new();
    let (source, target) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(&source, "from a file\n").unwrap();
    run(backend, async {
        let copy = program("copy")
            .stdin(File::open(&source).unwrap())
            .stdout(File::create(&target).unwrap())
            .stderr(Stdio::Null);
        let copied = output(copy).await;
        assert_eq!((copied.stdout, copied.stderr), (None, None));
        let written = own(Some(fs::read(&target).unwrap()));
        assert_eq!(written, b"from a file\n");

        let inherited = program("exit 0").stdin(Stdio::Inherit);
        let inherited = output(inherited.stdout(Stdio::Null).stderr(Stdio::Inherit)).await;
        assert_eq!((inherited.stdout, inherited.stderr), (None, None));
        let process = open(program("exit 0").stdout(Stdio::Null).stderr_to_stdout()).await;
        assert!(process.stdin().is_some());
        assert!(process.stdout().is_none() && process.stderr().is_none());
    });
}

/// PR-06: a process is written to and read from at the same time, until it closes its outputs.
pub fn a_process_is_talked_to(backend: &OsBackend) {
    run(backend, async {
        let process = open(program("lines")).await;
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
            let mut received = Vec::new();
            for line in ["1", "2"] {
                input.send(format!("{line}\n").as_bytes()).await?;
                let expected = format!("out {line}\n");
                while !received.ends_with(expected.as_bytes()) {
                    received.extend(out.receive(100).await?);
                }
            }
            input.close().await?;
            assert!(is_end_of_stream(&out.receive(100).await.unwrap_err()));
            Ok(())
        });
        group.await.unwrap();
        assert!(process.wait().await.unwrap().success());
        assert!(process.status().unwrap().unwrap().success());
    });
}

/// PR-07, P13: a killed process has the status 1; after its end, killing has no effect.
pub fn killing_ends_a_process(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        for command in [lives.sleeper(), lives.sleeper().group()] {
            let process = open(command).await;
            process.kill().unwrap();
            process.kill().unwrap();
            let status = process.wait().await.unwrap();
            assert_eq!(status.code(), Some(1));
            process.kill().unwrap();
            assert_eq!(process.wait().await.unwrap(), status);
        }
        let process = open(program("exit 7")).await;
        let status = process.wait().await.unwrap();
        process.kill().unwrap();
        assert_eq!(process.status().unwrap(), Some(status));
        assert_eq!(status.code(), Some(7));
    });
}

/// P6: `wait` ends with the process, whichever process still holds its pipes; after the limit, the output so far is
/// returned.
pub fn waiting_does_not_wait_for_the_pipes(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let process = open(lives.leaves()).await;
        process.stdin().unwrap().close().await.unwrap();
        assert!(process.wait().await.unwrap().success());
        let mut left = lives.next();
        let mut out = process.stdout().unwrap();
        let reading = fail_after::<OsR, _>(Duration::from_millis(200), async {
            while out.receive(100).await.is_ok() {}
        });
        assert!(reading.await.is_err(), "the pipe is open");
        assert!(left.is_there());

        for limit in [0, 20] {
            let command = lives.leaves().linger(Duration::from_millis(limit));
            let lingered = output(command).await;
            assert!(!lingered.complete);
            own(lingered.stdout);
        }
    });
    // They live on, since they are in no group.
    for mut left in lives.rest() {
        assert!(left.is_there());
    }
}

/// P16: any number of tasks may wait; cancelling one does not affect the others. The tree shows them as
/// waiting.
pub fn any_number_may_wait(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let process = Arc::new(open(lives.sleeper()).await);
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            for _ in 0..3 {
                let process = process.clone();
                tg.task().name("waiting").spawn(async move {
                    assert_eq!(process.wait().await?.code(), Some(1));
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
            process.kill()
        });
        group.await.unwrap();
    });
}

/// C4: opening and waiting are cancel points.
pub fn both_are_cancel_points(backend: &OsBackend) {
    let lives = Lives::new();
    run(backend, async {
        let opening = open_process::<OsR>(lives.sleeper());
        assert!(in_cancelled_scope::<OsR, _>(opening).await.is_err());
        let running = run_process::<OsR>(lives.sleeper());
        assert!(in_cancelled_scope::<OsR, _>(running).await.is_err());
        let process = open(program("exit 0")).await;
        process.wait().await.unwrap();
        let waiting = in_cancelled_scope::<OsR, _>(process.wait());
        assert!(waiting.await.is_err());
        assert!(process.wait().await.unwrap().success());
    });
    assert!(lives.rest().is_empty(), "nothing was started");
}

/// P17: a second reader is refused while there is one; closing through any handle closes the pipe for all, and
/// releases the waiting one.
pub fn pipes_have_one_reader_and_can_be_closed(backend: &OsBackend) {
    run(backend, async {
        let process = open(program("lines")).await;
        let (mut first, mut second) = (process.stderr().unwrap(), process.stderr().unwrap());
        let mut reading = Box::pin(first.receive(1));
        assert!(poll_once(reading.as_mut()).await.is_pending());
        let busy = second.receive(1).await.unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        drop(reading);
        drop(first);

        let other = process.stderr().unwrap();
        let (received, ()) = join(second.receive(1), async {
            yields(3).await;
            other.close();
        })
        .await;
        assert!(is_closed(&received.unwrap_err()));

        let mut input = process.stdin().unwrap();
        process.stdin().unwrap().close().await.unwrap();
        assert!(is_closed(&input.send(b"more").await.unwrap_err()));
        assert!(process.wait().await.unwrap().success());
    });
}

/// P3: writing to a process that no longer reads fails as broken, at the latest when its pipes are full.
pub fn writing_to_one_that_has_ended_is_broken(backend: &OsBackend) {
    run(backend, async {
        let process = open(program("exit 0")).await;
        process.wait().await.unwrap();
        let mut input = process.stdin().unwrap();
        let error = loop {
            if let Err(error) = input.send(&[0; 10_000]).await {
                break error;
            }
        };
        assert!(is_broken(&error));
        assert!(is_broken(&input.send(b"some").await.unwrap_err()));
    });
}

/// P13, P16: many programs at once each have the right status.
pub fn many_run_at_once(backend: &OsBackend) {
    run(backend, async {
        let group = task_group::<OsR, ProcessError, _, _>(async |tg| {
            for number in 0..60 {
                tg.spawn(async move {
                    let command = program(&format!("exit {number}")).check(false);
                    let output = run_process::<OsR>(command).await?;
                    assert_eq!(output.status.code(), Some(number));
                    own(output.stdout);
                    Ok(())
                });
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

anyrt_conformance_kit::cases! { processes_windows: descriptors,
    a_program_is_fed_and_its_output_collected,
    a_failure_has_status_and_output,
    a_line_is_run_by_the_shell,
    the_surroundings_reach_the_program,
    what_cannot_be_started_is_named,
    large_input_and_output_go_on_together,
    input_need_not_be_read,
    output_has_a_limit,
    stderr_may_go_where_stdout_goes,
    streams_may_be_connected_elsewhere,
    a_process_is_talked_to,
    killing_ends_a_process,
    waiting_does_not_wait_for_the_pipes,
    any_number_may_wait,
    both_are_cancel_points,
    pipes_have_one_reader_and_can_be_closed,
    writing_to_one_that_has_ended_is_broken,
    many_run_at_once,
}
