//! How programs end: by signals, with their callers, and with the hosts that have started them.

use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use anyrt_core::cancel::move_on_after;
use anyrt_core::process::{Command, open_process, with_process};
use anyrt_core::signals::Signal;
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::time::{now, sleep};
use anyrt_sim::explore::cancel;
use anyrt_sim::{Config, ProgramIo, Sim};

use super::{SECOND, pipeline, register_programs, run, simulate, simulation};

#[test]
fn signals_end_a_program_unless_it_catches_them() {
    simulate(async || {
        for signal in [Signal::KILL, Signal::TERM, Signal::INT, Signal::USR1] {
            let process = open_process::<Sim>(["sleep"]).await.unwrap();
            assert_eq!(process.status().unwrap(), None);
            process.signal(Signal::CHLD).unwrap();
            sleep::<Sim>(SECOND).await;
            assert_eq!(process.status().unwrap(), None);
            process.signal(signal).unwrap();
            let status = process.wait().await.unwrap();
            assert_eq!(status.signal(), Some(signal.as_raw()));
            assert_eq!(process.status().unwrap(), Some(status));
            process.kill().expect("it has ended");
            assert_eq!(process.close().await.unwrap(), status);
        }
        let process = open_process::<Sim>(["busy"]).await.unwrap();
        let mut output = process.stdout().unwrap();
        assert_eq!(output.receive(100).await.unwrap(), b"ready");
        process.terminate().unwrap();
        assert!(output.receive(100).await.unwrap().starts_with(b"xx"));
        assert_eq!(process.status().unwrap(), None);
        process.kill().unwrap();
        assert_eq!(process.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn a_stopped_program_continues_on_request() {
    simulate(async || {
        simulation().program("nap", async |_io: ProgramIo| sleep::<Sim>(SECOND).await);
        let start = now::<Sim>();
        let process = open_process::<Sim>(["nap"]).await.unwrap();
        process.signal(Signal::STOP).unwrap();
        sleep::<Sim>(10 * SECOND).await;
        assert_eq!(process.status().unwrap(), None);
        process.signal(Signal::CONT).unwrap();
        assert!(process.wait().await.unwrap().success());
        assert!(now::<Sim>() - start >= 10 * SECOND);
    });
}

#[test]
fn a_cancelled_run_kills_after_its_grace_period() {
    simulate(async || {
        let limit = 5 * SECOND;
        for (command, least, most) in [
            (Command::new("sleep"), 5, 6),
            (Command::new("sleep").grace(30 * SECOND), 5, 6),
            // It writes more than its pipe holds meanwhile, and ignores the signal.
            (Command::new("busy").grace(30 * SECOND), 35, 36),
        ] {
            let start = now::<Sim>();
            let ended = move_on_after::<Sim, _>(limit, run(command)).await;
            assert!(ended.is_none());
            let passed = now::<Sim>() - start;
            assert!(passed >= least * SECOND && passed < most * SECOND);
            assert_eq!(simulation().running_programs(), [""; 0]);
        }
    });
}

#[test]
fn a_dropped_process_is_killed() {
    simulate(async || {
        let process = open_process::<Sim>(["sleep"]).await.unwrap();
        let id = process.id();
        assert_eq!(simulation().running_programs(), [format!("sleep#{id}")]);
        drop(process);
        sleep::<Sim>(SECOND).await;
    });
}

#[test]
fn a_block_that_ends_closes_the_pipes() {
    simulate(async || {
        simulation().program("yes", async |mut io: ProgramIo| {
            while io.stdout.send(b"y\n").await.is_ok() {}
            7
        });
        let lines = with_process::<Sim, _, _, _>(["yes"], async |yes| {
            yes.stdout().unwrap().receive(2).await.unwrap()
        });
        let (line, status) = lines.await.unwrap();
        assert_eq!((line, status.code()), (b"y\n".to_vec(), Some(7)));
    });
}

/// Says that it still runs, each second, and in its destructor.
async fn tick(counter: Arc<AtomicU32>) {
    struct Last(Arc<AtomicU32>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.fetch_add(1000, Ordering::Relaxed);
        }
    }
    let last = Last(counter);
    loop {
        last.0.fetch_add(1, Ordering::Relaxed);
        sleep::<Sim>(SECOND).await;
    }
}

#[test]
fn a_crash_of_a_host_kills_its_programs_and_theirs() {
    simulate(async || {
        let counter = Arc::new(AtomicU32::new(0));
        let sim = simulation();
        let counted = counter.clone();
        sim.program("tick", async move |_io: ProgramIo| {
            tick(counted.clone()).await;
        });
        sim.program("outer", async |_io: ProgramIo| {
            run(["tick"]).await.map(drop)
        });
        let host = sim.host("machine").start(|| async {
            let (first, second) = (run(["outer"]), run(["tick"]));
            let (first, second) = anyrt_core::combine::gather((first, second)).await;
            panic!("{first:?} and {second:?} have ended");
        });
        sleep::<Sim>(5 * SECOND).await;
        let running = sim.running_programs();
        let names: Vec<_> = running.iter().map(|name| &name[..5]).collect();
        assert!(names == ["outer", "tick#", "tick#"] || names == ["tick#", "outer", "tick#"]);
        host.crash().await;
        assert_eq!(sim.running_programs(), [""; 0]);
        let counted = counter.load(Ordering::Relaxed);
        assert!(counted > 2000 && counted < 2020, "{counted}");
        sleep::<Sim>(5 * SECOND).await;
        assert_eq!(counter.load(Ordering::Relaxed), counted);
        // After a restart, it starts new ones.
        host.restart().await;
        sleep::<Sim>(5 * SECOND).await;
        assert_eq!(sim.running_programs().len(), 3);
        host.crash().await;
    });
}

#[test]
fn a_program_that_is_killed_takes_its_programs_along() {
    simulate(async || {
        let sim = simulation();
        sim.program("outer", async |_io: ProgramIo| {
            run(["sleep"]).await.map(drop)
        });
        let outer = open_process::<Sim>(["outer"]).await.unwrap();
        sleep::<Sim>(SECOND).await;
        assert_eq!(sim.running_programs().len(), 2);
        outer.kill().unwrap();
        assert_eq!(outer.wait().await.unwrap().signal(), Some(9));
        sleep::<Sim>(SECOND).await;
        assert_eq!(sim.running_programs(), [""; 0]);
    });
}

/// A program that was started and never awaited ends with the program that has started it.
#[test]
fn a_program_that_was_forgotten_ends_with_its_parent() {
    simulate(async || {
        simulation().program("outer", async |_io: ProgramIo| {
            std::mem::forget(open_process::<Sim>(["sleep"]).await);
        });
        run(["outer"]).await.unwrap();
        sleep::<Sim>(SECOND).await;
    });
}

#[test]
fn what_destructors_of_a_killed_program_write_is_lost() {
    struct LastWords(Option<ProgramIo>);
    impl Drop for LastWords {
        fn drop(&mut self) {
            let mut io = self.0.take().unwrap();
            let sent = pin!(io.stdout.send(b"last words"));
            let sent = sent.poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(sent, Poll::Ready(Err(_))));
        }
    }
    simulate(async || {
        simulation().program("talk", async |mut io: ProgramIo| {
            io.stdout.send(b"first words").await.unwrap();
            let _last = LastWords(Some(io));
            sleep::<Sim>(3600 * SECOND).await;
        });
        let process = open_process::<Sim>(["talk"]).await.unwrap();
        let mut output = process.stdout().unwrap();
        assert_eq!(output.receive(5).await.unwrap(), b"first");
        process.kill().unwrap();
        // What was written before is still there.
        assert_eq!(output.receive(100).await.unwrap(), b" words");
        assert!(output.receive(100).await.is_err());
    });
}

#[test]
fn a_cancellation_at_any_place_leaves_no_program() {
    let report = cancel(&Config::new(1), async |cut| {
        register_programs();
        cut.around(async {
            let input = Command::new("cat").input(vec![b'x'; 150_000]);
            run(input).await.unwrap();
            pipeline().await;
            let with_grace = Command::new("busy").grace(SECOND);
            let held = with_process::<Sim, _, _, _>(with_grace, async |busy| {
                busy.stdout().unwrap().receive(5).await.unwrap();
                busy.terminate().unwrap();
                sleep::<Sim>(SECOND).await;
                busy.kill().unwrap();
            });
            held.await.unwrap();
        })
        .await;
        // A killed program is gone after a step.
        sleep::<Sim>(SECOND).await;
        assert_eq!(simulation().running_programs(), [""; 0]);
    });
    assert!(report.places.len() > 100, "{}", report.places.len());
    report.unwrap();
}

#[test]
fn a_seed_decides_the_course() {
    async fn program() {
        register_programs();
        let echo = run(["echo", "a"]);
        let cat = run(Command::new("cat").input("b"));
        let slow = move_on_after::<Sim, _>(SECOND, run(["sleep"]));
        drop(anyrt_core::combine::gather((echo, cat, slow, pipeline())).await);
    }
    let mut hashes = Vec::new();
    for seed in 0..200 {
        let config = Config::new(seed);
        config.check_determinism(program).unwrap();
        hashes.push(config.run(program()).hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert!(hashes.len() > 190, "{} different courses", hashes.len());
}

#[test]
#[should_panic(expected = "the program is wrong")]
fn a_panic_of_a_program_ends_the_simulation() {
    let outcome = Config::new(1).run(async {
        simulation().program("wrong", async |_io: ProgramIo| -> i32 {
            panic!("the program is wrong");
        });
        run(["wrong"]).await
    });
    drop(outcome.unwrap());
}
