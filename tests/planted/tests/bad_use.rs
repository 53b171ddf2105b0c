//! Messages about programs that cannot be simulated, and about wrong options.
//!
//! A function on a worker thread that blocks outside of anyrt is reported after a minute of real time. A task that
//! blocks its thread outside of anyrt, for example in the lock of a `std::sync::Mutex` that another task has, and a
//! poll that never ends, abort the process after a minute, with a message.

use std::env;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyrt::sim::{Config, Failure, Outcome, Policy, Seeds, Simulation};
use anyrt::sync::Event;

/// The variable that is set in the processes that this program starts: tests of these processes do something.
const CHILD: &str = "ANYRT_TEST_CHILD";

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

fn command(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("a path"));
    command.args(["--exact", test, "--nocapture"]);
    command.env(CHILD, "yes");
    for variable in [
        "ANYRT_SIM_SEED",
        "ANYRT_SIM_SEEDS",
        "ANYRT_SIM_CHOICES",
        "ANYRT_SIM_TRACE",
    ] {
        command.env_remove(variable);
    }
    command
}

fn child(test: &str, variables: &[(&str, &str)]) -> (Output, String) {
    let mut command = command(test);
    let output = command.envs(variables.iter().copied()).output();
    let output = output.expect("a process");
    let mut printed = output.stdout.clone();
    printed.extend(&output.stderr);
    (output, String::from_utf8(printed).expect("text"))
}

fn text<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
    outcome.result.expect_err("the run fails").to_string()
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_thread_that_wakes_a_task_is_refused_with_the_place() {
    let outcome = Config::new(1).run(async {
        let event = Arc::new(Event::new());
        let waits = event.clone();
        let group = anyrt::task_group(async |tg| {
            tg.spawn(async move { waits.wait().await });
            anyrt::testing::wait_all_tasks_blocked().await;
            let thread = thread::spawn(move || wakes_from_outside(&event));
            thread
                .join()
                .expect("the thread wakes a task, which it may not do, and ends");
        });
        group.await.expect("no task fails");
    });
    assert!(matches!(outcome.result, Err(Failure::ForeignWake(_))));
    assert_says(
        &text(outcome),
        &[
            "a thread outside of the simulation woke a task",
            "to_thread",
            "Idle::Wait",
            "seed 1",
            "wakes_from_outside",
        ],
    );
}

// A function of its own, for the backtrace. It does not end with the call: an optimized one would have no frame.
#[inline(never)]
fn wakes_from_outside(event: &Event) {
    event.set();
    std::hint::black_box(event);
}

/// A thread that wakes a task later: the run does not wait for it.
#[test]
fn a_thread_that_would_wake_a_task_is_not_waited_for() {
    let outcome = Config::new(1).run(async {
        let event = Arc::new(Event::new());
        let later = event.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            later.set();
        });
        event.wait().await;
    });
    assert_says(
        &text(outcome),
        &[
            "deadlock",
            "threads outside",
            "Idle::Wait",
            "waits for an event",
        ],
    );
}

#[test]
fn a_deadlock_names_the_tasks_and_what_they_wait_for() {
    let report = Seeds::range(0..1000)
        .run(|| anyrt_planted::opposite_locks::run(anyrt_planted::Version::Buggy));
    assert_says(
        &report.to_string(),
        &[
            "deadlock: nothing is ready",
            "waits for a lock",
            "opposite_locks.rs",
            "ANYRT_SIM_SEED=",
            "ANYRT_SIM_CHOICES=",
        ],
    );
}

#[test]
fn a_loop_that_lets_no_time_pass_is_ended() {
    let spin = async || -> () {
        loop {
            anyrt::checkpoint().await;
        }
    };
    // Steps that cost nothing.
    let outcome = Config::new(1).poll_cost(Duration::ZERO).run(spin());
    assert_says(
        &text(outcome),
        &[
            "again and again while the clock stood still",
            "let steps cost time",
            "`main`",
        ],
    );
    // Steps that cost time, as they do by default, are limited by their number or by the time.
    let outcome = Config::new(1).max_steps(1000).run(spin());
    assert_says(
        &text(outcome),
        &["more steps were made than allowed", "after 1000 steps"],
    );
    let outcome = Config::new(1)
        .time_limit(Duration::from_millis(1))
        .run(spin());
    assert_says(&text(outcome), &["more virtual time passed than allowed"]);
}

#[test]
fn sleeping_outside_of_the_facets_takes_no_virtual_time() {
    let outcome = Config::new(1).run(async {
        thread::sleep(Duration::from_millis(20));
        Simulation::current().map(|simulation| simulation.clock().elapsed())
    });
    let elapsed = outcome.unwrap().expect("a simulation");
    assert!(elapsed < Duration::from_millis(1), "{elapsed:?}");
}

/// Two functions on worker threads, of which one waits for the other by a channel of the standard library. Takes a
/// minute, and is run with `ANYRT_LONG_TESTS=1` alone.
#[test]
fn a_function_that_blocks_outside_of_the_facets_is_reported() {
    if env::var_os("ANYRT_LONG_TESTS").is_none_or(|value| value != "1") {
        return;
    }
    let outcome = Config::new(1).policy(Policy::Fifo).run(async {
        let (sender, receiver) = std::sync::mpsc::channel();
        let received = anyrt::to_thread::run(move || receiver.recv());
        let sent = anyrt::to_thread::run(move || sender.send(1));
        let (received, sent) = anyrt::gather((received, sent)).await;
        assert_eq!((received, sent), (Ok(1), Ok(())));
    });
    assert_says(
        &text(outcome),
        &[
            "neither ended nor waited by anyrt for a minute",
            "must not wait for one another by other means",
        ],
    );
}

/// Returns what a child process prints before it aborts.
fn stalls(test: &str) -> String {
    let started = Instant::now();
    let (output, text) = child(test, &[]);
    assert!(!output.status.success(), "{text}");
    assert!(started.elapsed() < Duration::from_secs(40), "{text}");
    text
}

#[test]
fn a_task_that_blocks_its_thread_is_named_and_ends_the_process() {
    let test = "a_task_that_blocks_its_thread_is_named_and_ends_the_process";
    if is_child() {
        Seeds::range(3..10)
            .stall_limit(Duration::from_secs(1))
            .run(|| async {
                let mutex = Mutex::new(());
                let wait = async || {
                    let _guard = mutex.lock();
                    anyrt::checkpoint().await;
                };
                anyrt::gather((wait(), wait())).await;
            })
            .unwrap();
        return;
    }
    let text = stalls(test);
    assert_says(
        &text,
        &[
            "seed 3 stalls: the main future has blocked the thread of the simulation for 1s of real time",
            &format!("ANYRT_SIM_SEED=3 cargo test {test}"),
            "the process is aborted",
        ],
    );
}

#[test]
fn a_poll_that_never_ends_is_named_and_ends_the_process() {
    if is_child() {
        Seeds::range(0..1)
            .check_determinism(false)
            .stall_limit(Duration::from_secs(1))
            .run(|| async {
                let group = anyrt::task_group::<std::convert::Infallible, _, _>(async |tg| {
                    tg.task().name("spinner").spawn(async {
                        loop {
                            std::hint::spin_loop();
                        }
                    });
                });
                drop(group.await);
            })
            .unwrap();
        return;
    }
    let text = stalls("a_poll_that_never_ends_is_named_and_ends_the_process");
    assert_says(&text, &["seed 0 stalls: task `spinner` has blocked"]);
}

#[test]
fn a_run_that_waits_for_threads_outside_does_not_stall() {
    let config = Config::default().idle(anyrt::sim::Idle::Wait(Duration::from_secs(60)));
    let seeds = Seeds::range(0..1).config(config).check_determinism(false);
    let report = seeds.stall_limit(Duration::from_millis(200)).run(|| async {
        let event = Arc::new(Event::new());
        let sets = event.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            sets.set();
        });
        event.wait().await;
        thread.join().expect("it does not panic");
    });
    report.unwrap();
}

#[test]
fn child_that_reads_the_environment() {
    if is_child() {
        Seeds::from_env(0..3)
            .run(|| async {
                let simulation = Simulation::current().expect("a simulation");
                assert!(simulation.choose(10) < 10);
            })
            .unwrap();
    }
}

#[test]
fn child_of_the_attribute() {
    if is_child() {
        // With the features of the whole workspace, other backends are enabled too.
        anyrt::run_on(anyrt::Backend::Sim, async {});
    }
}

#[test]
fn a_wrong_seed_is_named() {
    for test in ["child_that_reads_the_environment", "child_of_the_attribute"] {
        for wrong in ["x", "-1", "1.5", "0x10", "18446744073709551615"] {
            let (output, text) = child(test, &[("ANYRT_SIM_SEED", wrong)]);
            assert!(!output.status.success(), "{text}");
            let message = format!(
                "ANYRT_SIM_SEED is `{wrong}`, which is not a seed; set it to a whole number below 2^64 - 1, such as 7"
            );
            assert_says(&text, &[&message]);
        }
        let (output, text) = child(test, &[("ANYRT_SIM_SEED", "7")]);
        assert!(output.status.success(), "{text}");
    }
}

/// Lists of choices of an older version of the simulator, or of the program.
#[test]
fn an_old_list_of_choices_is_named_and_used_as_far_as_it_fits() {
    let test = "child_that_reads_the_environment";
    for wrong in [
        "order=0*12,3 weather=7",
        "order",
        "order=a",
        "order=1*x",
        "7,3",
    ] {
        let (output, text) = child(test, &[("ANYRT_SIM_CHOICES", wrong)]);
        assert!(!output.status.success(), "{text}");
        assert_says(
            &text,
            &[
                "ANYRT_SIM_CHOICES cannot be read",
                "order=0*12,3",
                "latency",
            ],
        );
    }
    // One that is too long, or has values that are too high, is that of a program that has changed.
    let (output, text) = child(test, &[("ANYRT_SIM_CHOICES", "order=99*1000 user=99,5,7")]);
    assert!(output.status.success(), "{text}");
    assert_says(
        &text,
        &[
            "child_that_reads_the_environment passed with the choices of ANYRT_SIM_CHOICES: no failure is reproduced",
            "the list of choices does not fit: of its 1003 choices, 1002 were not used, and 1 were not among",
            "older version of the program",
        ],
    );
    let (output, text) = child(test, &[("ANYRT_SIM_CHOICES", "user=7")]);
    assert!(
        output.status.success() && !text.contains("does not fit"),
        "{text}"
    );
    let old = "the list has no hashes of the numbers of alternatives, as those of older versions";
    assert_says(&text, &["no failure is reproduced", old]);
    // One whose value is possible by chance: it was drawn among others.
    let (output, text) = child(test, &[("ANYRT_SIM_CHOICES", "user=7/0123")]);
    assert!(output.status.success(), "{text}");
    assert_says(
        &text,
        &[
            "those of `user` were made among other numbers of alternatives",
            "older version of the program",
        ],
    );
    let (output, text) = child(test, &[("ANYRT_SIM_CHOICES", "user=7/2edf")]);
    assert!(
        output.status.success() && !text.contains("does not fit") && !text.contains(old),
        "{text}"
    );
    let (output, text) = child(test, &[("ANYRT_SIM_SEED", "7")]);
    assert!(output.status.success(), "{text}");
    assert_says(&text, &["passed with seed 7: no failure is reproduced"]);
    let choices = "user=99,5,7".parse().expect("it is a list");
    let outcome = Config::new(1).policy(Policy::Replay(choices)).run(async {
        let simulation = Simulation::current().expect("a simulation");
        [10, 10, 10, 10].map(|n| simulation.choose(n))
    });
    let misfit = outcome.misfit.expect("99 is too high");
    assert_eq!((misfit.unused, misfit.out_of_range), (0, 1));
    assert_eq!(outcome.unwrap(), [9, 5, 7, 0]);
}
