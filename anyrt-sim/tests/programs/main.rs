//! Checks programs of a simulation: functions that run in place of the programs of the system.
#![cfg(all(feature = "process", unix))]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod ends;

use std::fs::File;
use std::io;
use std::time::Duration;

use anyrt_core::cancel::move_on_after;
use anyrt_core::combine::gather;
use anyrt_core::process::{
    Command, Output, ProcessError, Stdio, open_process, run_process, with_process,
};
use anyrt_core::signals::{Signal, receiver};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed};
use anyrt_core::time::sleep;
use anyrt_sim::{Config, ProgramIo, Sim, Simulation};

const SECOND: Duration = Duration::from_secs(1);

/// More bytes than a pipe holds.
const LARGE: usize = 200_000;

fn simulation() -> Simulation {
    Simulation::current().expect("inside of a simulation")
}

/// Registers `cat`, `echo`, `sleep`, which waits for an hour, and `busy`, which ignores SIGTERM.
fn register_programs() {
    let sim = simulation();
    sim.program("cat", cat);
    sim.program("echo", async |mut io: ProgramIo| {
        let words: Vec<_> = io.args.iter().map(|word| word.to_string_lossy()).collect();
        io.stdout.send(words.join(" ").as_bytes()).await
    });
    sim.program("sleep", async |_io: ProgramIo| {
        sleep::<Sim>(3600 * SECOND).await;
    });
    sim.program("busy", async |mut io: ProgramIo| {
        io.signals.catch(Signal::TERM);
        io.stdout.send(b"ready").await?;
        let signal = io.signals.receive().await;
        io.stdout.send(&vec![b'x'; LARGE]).await?;
        sleep::<Sim>(3600 * SECOND).await;
        Err::<(), _>(io::Error::other(signal.name()))
    });
}

async fn cat(mut io: ProgramIo) -> io::Result<()> {
    while let Ok(bytes) = io.stdin.receive(10_000).await {
        io.stdout.send(&bytes).await?;
    }
    Ok(())
}

async fn run(command: impl Into<Command>) -> Result<Output, ProcessError> {
    run_process::<Sim>(command).await
}

/// Runs a test in simulations of 20 seeds, with the programs of [`register_programs`]. None may be left.
#[track_caller]
fn simulate(test: impl AsyncFn()) {
    for seed in 0..20 {
        let outcome = Config::new(seed).run(async {
            register_programs();
            test().await;
            assert_eq!(simulation().running_programs(), [""; 0], "seed {seed}");
        });
        outcome.unwrap();
    }
}

#[test]
fn input_goes_through_and_comes_back() {
    simulate(async || {
        let input: Vec<_> = (0..LARGE).map(|index| (index % 251) as u8).collect();
        let output = run(Command::new("/bin/cat").input(input.clone()));
        let output = output.await.unwrap();
        assert_eq!(output.stdout, Some(input));
        assert_eq!(output.stderr.as_deref(), Some(&b""[..]));
        assert!(output.status.success() && output.complete);
        let output = run(["echo", "hello", "world"]).await.unwrap();
        assert_eq!(output.stdout.as_deref(), Some(&b"hello world"[..]));
    });
}

/// A pipeline: what one program writes, another reads.
async fn pipeline() -> usize {
    let sum = with_process::<Sim, _, _, _>(Command::new("cat"), async |first| {
        let both = with_process::<Sim, _, _, _>(Command::new("cat"), async |second| {
            let feed = async {
                let mut input = first.stdin().unwrap();
                input.send(&[b'x'; LARGE]).await?;
                input.send_eof().await
            };
            let connect = async {
                let (mut from, mut to) = (first.stdout().unwrap(), second.stdin().unwrap());
                while let Ok(bytes) = from.receive(3000).await {
                    to.send(&bytes).await?;
                }
                to.send_eof().await
            };
            let read = async {
                let mut output = second.stdout().unwrap();
                let mut count = 0;
                while let Ok(bytes) = output.receive(5000).await {
                    count += bytes.len();
                }
                Ok::<_, io::Error>(count)
            };
            let (fed, (connected, read)) = gather((feed, gather((connect, read)))).await;
            fed.unwrap();
            connected.unwrap();
            read.unwrap()
        });
        let (count, status) = both.await.unwrap();
        assert!(status.success());
        count
    });
    let (count, status) = sum.await.unwrap();
    assert!(status.success());
    count
}

#[test]
fn a_pipeline_moves_more_than_its_pipes_hold() {
    simulate(async || assert_eq!(pipeline().await, LARGE));
}

#[test]
fn exit_codes_and_errors_reach_the_caller() {
    simulate(async || {
        let sim = simulation();
        sim.program("code", async |io: ProgramIo| {
            let code: i32 = io.args[0].to_str().unwrap().parse().unwrap();
            code
        });
        let failed = run(["code", "3"]).await.unwrap_err();
        assert_eq!(failed.to_string(), "code: exit status 3");
        assert_eq!(failed.output().unwrap().status.code(), Some(3));
        let unchecked = run(Command::new("code").arg("259").check(false)).await;
        assert_eq!(unchecked.unwrap().status.code(), Some(3));

        sim.program("fail", async |_io: ProgramIo| Err::<i32, _>("it is broken"));
        let failed = run(["fail"]).await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            "fail: exit status 1: fail: it is broken"
        );
        sim.program("fail", async |_io: ProgramIo| 0);
        run(["fail"]).await.expect("the later registration counts");
    });
}

#[test]
fn arguments_and_environment_are_those_of_the_command() {
    simulate(async || {
        simulation().program("show", async |mut io: ProgramIo| {
            let text = format!(
                "{:?} {:?} {:?} {:?}",
                io.arg0, io.args, io.env, io.current_dir
            );
            io.stdout.send(text.as_bytes()).await
        });
        let command = Command::new("/opt/show")
            .args(["a", "b c"])
            .env("ONE", "1")
            .env("TWO", "2")
            .env_remove("ONE")
            .current_dir("/srv");
        let shown = run(&command).await.unwrap().stdout.unwrap();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            r#""/opt/show" ["a", "b c"] {"TWO": "2"} Some("/srv")"#
        );
        let shown = run(command.arg0("other")).await.unwrap().stdout.unwrap();
        assert!(shown.starts_with(br#""other" "#));
    });
}

#[test]
fn input_that_is_not_read_is_no_error() {
    simulate(async || {
        simulation().program("true", async |_io| 0);
        run(Command::new("true").input(vec![0; LARGE]))
            .await
            .unwrap();
        // On an open process it is.
        let process = open_process::<Sim>(["true"]).await.unwrap();
        let mut input = process.stdin().unwrap();
        assert!(process.wait().await.unwrap().success());
        let error = input.send(&[0; LARGE]).await.unwrap_err();
        assert!(is_broken(&error), "{error}");
    });
}

#[test]
fn both_outputs_in_one_pipe_keep_their_order() {
    simulate(async || {
        simulation().program("both", async |mut io: ProgramIo| {
            for _ in 0..LARGE / 100 {
                io.stdout.send(&[b'o'; 50]).await?;
                io.stderr.send(&[b'e'; 50]).await?;
            }
            Ok::<_, io::Error>(())
        });
        let output = run(Command::new("both").stderr_to_stdout()).await.unwrap();
        assert_eq!(output.stderr, None);
        let written = output.stdout.unwrap();
        assert_eq!(written.len(), LARGE);
        for (index, bytes) in written.chunks(50).enumerate() {
            let expected = [b"oe"[index % 2]; 50];
            assert_eq!(bytes, expected);
        }
        let null = Command::new("both").stdout(Stdio::Null).stderr_to_stdout();
        assert_eq!(run(null).await.unwrap().stdout, None);
        let limited = run(Command::new("both").output_limit(70)).await.unwrap();
        assert_eq!(limited.stdout.unwrap().len(), 70);
        assert!(!limited.complete);
    });
}

/// Two tasks of a program write to one pipe at the same time.
#[test]
fn two_writers_of_one_pipe_both_go_on() {
    simulate(async || {
        simulation().program("both", async |mut io| {
            let (out, error) = ([b'o'; LARGE], [b'e'; LARGE]);
            let both = (io.stdout.send(&out), io.stderr.send(&error));
            let (out, error) = gather(both).await;
            out.and(error)
        });
        let output = run(Command::new("both").stderr_to_stdout()).await.unwrap();
        assert_eq!(output.stdout.unwrap().len(), 2 * LARGE);
    });
}

#[test]
fn handles_of_a_pipe_are_shared() {
    simulate(async || {
        let process = open_process::<Sim>(["cat"]).await.unwrap();
        let (mut first, mut second) = (process.stdout().unwrap(), process.stdout().unwrap());
        let closing = process.stdout().unwrap();
        let (first, second, ()) = gather((
            async { first.receive(1).await },
            async {
                sleep::<Sim>(SECOND).await;
                second.receive(1).await
            },
            async {
                sleep::<Sim>(2 * SECOND).await;
                closing.close();
            },
        ))
        .await;
        assert!(is_closed(&first.unwrap_err()));
        assert!(
            second
                .unwrap_err()
                .to_string()
                .contains("pipe of a process")
        );
        // The program finds a broken pipe.
        process.stdin().unwrap().send(b"x").await.unwrap();
        let waits = (
            process.wait(),
            move_on_after::<Sim, _>(Duration::ZERO, process.wait()),
            process.wait(),
        );
        let (first, cancelled, third) = gather(waits).await;
        assert_eq!(first.unwrap().code(), Some(1));
        assert!(cancelled.is_none());
        assert_eq!(third.unwrap().code(), Some(1));
        let mut errors = process.stderr().unwrap();
        assert!(errors.receive(100).await.unwrap().starts_with(b"cat: "));
    });
}

#[test]
fn options_of_the_system_are_refused_by_name() {
    simulate(async || {
        let file = || File::open("/dev/null").unwrap();
        let cat = || Command::new("cat");
        for (command, option) in [
            (cat().stdin(file()), "a file or descriptor as `stdin`"),
            (cat().stdout(file()), "a file or descriptor as `stdout`"),
            (cat().stderr(file()), "a file or descriptor as `stderr`"),
            (cat().stdin(Stdio::Inherit), "`Stdio::Inherit` as `stdin`"),
            (cat().session(), "`session`"),
            (cat().uid(1), "`uid`"),
            (cat().gid(1), "`gid`"),
            (cat().umask(0o77), "`umask`"),
        ] {
            let error = open_process::<Sim>(command).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            assert_eq!(
                error.to_string(),
                format!(
                    "cannot start `cat`: the program is not one of the operating system, so it cannot have \
                     {option}: leave the option out, or use another backend"
                )
            );
        }
    });
}

#[test]
fn a_program_that_is_not_registered_is_not_found() {
    simulate(async || {
        let error = open_process::<Sim>(["/usr/bin/true"]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "cannot start `/usr/bin/true`: no program `true` is registered in this simulation, which starts \
             none of the system: register one with `Simulation::program(\"true\", async |io| 0)`"
        );
        let error = run(Command::shell("exit 0")).await.unwrap_err();
        assert!(error.to_string().contains("no program `sh`"), "{error}");
        simulation().program("sh", async |io: ProgramIo| {
            assert_eq!(io.args, ["-c", "exit 4"]);
            4
        });
        let error = run(Command::shell("exit 4")).await.unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh: exit status 4");
        let error = run([""; 0]).await.unwrap_err();
        assert!(error.to_string().ends_with("a command needs a program"));
    });
}

#[test]
fn signals_of_the_system_are_refused() {
    simulate(async || {
        let error = receiver::<Sim>(&[Signal::TERM]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert_eq!(
            error.to_string(),
            "cannot receive signals: a simulation has no descriptors, worker processes or signals of the \
             system: use sockets and streams that are opened inside the run, or another backend; a stream or an \
             event, which the test sends to or sets, can stand for a signal"
        );
    });
}
