//! Simulated runs of the facade.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::env;
use std::io;
use std::process::{Command, Output};
use std::time::Duration;

use anyrt::sim::{Config, Failure, Simulation};
use anyrt::{Ambient, Backend, Builder};
use anyrt_core::runtime::Spawn;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The variable that is set in the processes that this program starts: tests of these processes do something.
const CHILD: &str = "ANYRT_TEST_CHILD";

fn child(test: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(env::current_exe().expect("a path"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "yes")
        .env_remove("ANYRT_SIM_SEED")
        .env_remove("ANYRT_SIM_TRACE")
        .envs(variables.iter().copied())
        .output()
        .expect("a process")
}

fn printed(output: &Output) -> String {
    let mut all = output.stdout.clone();
    all.extend(&output.stderr);
    String::from_utf8(all).expect("text")
}

/// Tasks that draw, wait and send: most of the facade's ways into a backend.
async fn program() -> Vec<usize> {
    let (sender, receiver) = anyrt::memory_object_stream(0);
    let group = anyrt::task_group(async |tg| {
        for number in 0..8_usize {
            let sender = sender.clone();
            tg.spawn(async move {
                anyrt::sleep(Duration::from_millis(10)).await;
                let number = anyrt::to_thread::run(move || number).await;
                drop(sender.send(number).await);
                Ok(())
            });
        }
        drop(sender);
        let mut order = Vec::new();
        while let Ok(number) = receiver.receive().await {
            order.push(number);
        }
        Ok::<_, std::convert::Infallible>(order)
    });
    group.await.expect("nothing fails")
}

#[test]
fn a_run_is_simulated_only_on_request() {
    let first = Backend::available()[0];
    assert_eq!(first == Backend::Sim, Backend::available().len() == 1);
    assert_eq!(anyrt::run(async { Backend::current() }), Some(first));
    assert_eq!(
        anyrt::run_on(Backend::Sim, async { Backend::current() }),
        Some(Backend::Sim)
    );
}

#[test]
fn the_seed_decides_the_course() {
    let orders: Vec<_> = (0..20)
        .map(|seed| {
            let config = Config::new(seed);
            let outcome = config.run(program());
            let hash = outcome.hash;
            let order = outcome.unwrap();
            let again = config.run(program());
            assert_eq!((again.hash, again.unwrap()), (hash, order.clone()));
            order
        })
        .collect();
    assert!(orders.iter().any(|order| *order != orders[0]));
}

/// Checks that the facade finds a simulation that it has not started, also on a thread of another backend.
#[test]
fn a_simulation_is_found_that_was_started_without_the_facade() {
    fn simulated() -> [Option<Backend>; 3] {
        let outcome = Config::new(1).run(async {
            let in_thread = anyrt::to_thread::run(Backend::current).await;
            let in_task = anyrt::task_group(async |tg| {
                let task = tg.spawn(async { Ok::<_, ()>(Backend::current()) });
                Ok(task.value().await)
            });
            [Backend::current(), in_thread, in_task.await.unwrap()]
        });
        outcome.unwrap()
    }
    let expected = [Some(Backend::Sim); 3];
    assert_eq!(simulated(), expected);
    for &backend in Backend::available() {
        let found = anyrt::run_on(backend, anyrt::to_thread::run(simulated));
        assert_eq!(found, expected, "inside {backend}");
    }
}

#[test]
fn a_configuration_is_a_builder() {
    let builder = Builder::from(Config::new(7));
    let found = builder.run(async {
        let start = anyrt::now();
        anyrt::sleep(DAY).await;
        assert!(anyrt::now() - start >= DAY);
        let simulation = Simulation::current().expect("a simulation");
        assert_eq!(
            anyrt::AmbientHandle::from(simulation.clone()).backend(),
            Backend::Sim
        );
        assert_eq!(
            Ambient::name(&Ambient::current().expect("a runtime")),
            "sim"
        );
        simulation.seed()
    });
    assert_eq!(found.ok(), Some(7));
    let builder = builder.backend(Backend::AsyncStd);
    let error = builder.run(async {}).unwrap_err().to_string();
    assert!(error.contains("async-std"), "{error}");
}

#[test]
fn idle_runs_are_reported_as_deadlocks() {
    let outcome = Config::new(0).run(anyrt::sleep_forever());
    assert!(matches!(outcome.result, Err(Failure::Deadlock(_))));
}

#[anyrt::test(backends = ["sim"])]
async fn quiet_moves_no_clock() {
    let simulation = Simulation::current().unwrap();
    let group = anyrt::task_group(async |tg| {
        tg.spawn(anyrt::sleep(DAY));
        anyrt::testing::wait_all_tasks_blocked().await;
        assert!(simulation.clock().elapsed() < Duration::from_millis(1));
    });
    group.await.unwrap();
}

#[anyrt::test(backends = ["sim"], seeds = 20, time_limit = "2d")]
async fn tests_may_have_seeds_and_a_time_limit() {
    let seed = Simulation::current().unwrap().seed();
    assert!(seed < 20);
    anyrt::sleep(DAY).await;
    if env::var_os(CHILD).is_some() {
        println!("seed {seed}");
        assert_ne!(seed, 13, "thirteen");
    }
}

#[anyrt::test(backends = ["sim"], time_limit = "1h")]
#[should_panic(expected = "more virtual time passed than allowed")]
async fn the_time_limit_is_virtual() {
    anyrt::sleep(DAY).await;
}

#[anyrt::test(backends = ["sim"])]
#[should_panic(expected = "the test returned an error")]
async fn an_error_is_a_failure() -> Result<(), io::Error> {
    Err(io::ErrorKind::Other.into())
}

#[anyrt::test(backends = ["sim"], flavor = "multi_thread")]
#[should_panic(expected = "sim cannot poll tasks on several threads")]
async fn threads_are_refused() {}

#[test]
fn a_failure_names_the_seed_and_the_command() {
    let test = "tests_may_have_seeds_and_a_time_limit::sim";
    let output = child(test, &[]);
    assert!(!output.status.success());
    let text = printed(&output);
    assert!(text.contains("thirteen"), "{text}");
    let command = format!("ANYRT_SIM_SEED=13 cargo test {test}");
    assert!(text.contains(&command), "{text}");

    let output = child(test, &[("ANYRT_SIM_SEED", "12")]);
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("seed 12"), "{text}");
    assert!(!text.contains("seed 11"), "{text}");
}

/// Runs a test in a process that writes a timeline. Returns what is printed, and the page.
fn traced(test: &str, name: &str, variables: &[(&str, &str)]) -> (String, String) {
    let file = format!("anyrt-sim-{name}-{}.html", std::process::id());
    let path = env::temp_dir().join(file);
    let mut variables = variables.to_vec();
    variables.push(("ANYRT_SIM_TRACE", path.to_str().expect("text")));
    let text = printed(&child(test, &variables));
    let page = std::fs::read_to_string(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(text.contains(path.to_str().expect("text")), "{text}");
    (text, page.unwrap())
}

#[test]
fn the_timeline_of_a_failure_is_written_on_request() {
    let test = "tests_may_have_seeds_and_a_time_limit::sim";
    let command = "ANYRT_SIM_TRACE=trace.html ANYRT_SIM_SEED=13 ";
    let text = printed(&child(test, &[]));
    assert!(text.contains(command), "{text}");

    let (text, page) = traced(test, "failure", &[]);
    assert!(text.contains("the timeline of seed 13 is in"), "{text}");
    assert!(!text.contains("ANYRT_SIM_TRACE="), "{text}");
    assert!(page.contains(&format!("{test}: seed 13 failed")));
    assert!(page.contains("thirteen"));

    // A seed that is repeated, and the last one if none fails.
    let (text, _) = traced(test, "repeated", &[("ANYRT_SIM_SEED", "13")]);
    assert!(text.contains("the timeline of seed 13 is in"), "{text}");
    let (_, page) = traced(test, "passed", &[("ANYRT_SIM_SEEDS", "0..5")]);
    assert!(page.contains(&format!("{test}: seed 4 passed")));
}

#[test]
fn deadlocks() {
    if env::var_os(CHILD).is_some() {
        anyrt::run(async {
            anyrt::sleep(DAY).await;
            std::future::pending::<()>().await;
        });
    }
}

#[test]
fn the_timeline_of_a_program_is_written_on_request() {
    let variables = [("ANYRT_BACKEND", "sim"), ("ANYRT_SIM_SEED", "7")];
    let (_, page) = traced("prints_its_seed", "program", &variables);
    assert!(page.contains("seed 7 passed"));
    assert!(page.contains("ANYRT_BACKEND=sim ANYRT_SIM_SEED=7 "));

    let (text, page) = traced("deadlocks", "deadlock", &variables);
    assert!(text.contains("deadlock: nothing is ready"), "{text}");
    assert!(page.contains("seed 7 failed"));
    assert!(page.contains("deadlock: nothing is ready"));
    let text = printed(&child("deadlocks", &variables));
    let command = "ANYRT_SIM_TRACE=trace.html ANYRT_BACKEND=sim ANYRT_SIM_SEED=7 ";
    assert!(text.contains(command), "{text}");
}

#[test]
fn prints_its_seed() {
    if env::var_os(CHILD).is_some() {
        let seed = anyrt::run(async { Simulation::current().map(|found| found.seed()) });
        println!("seed {seed:?}");
    }
}

#[test]
fn the_environment_sets_the_seed() {
    let run = |seed| {
        let variables = [("ANYRT_BACKEND", "sim"), ("ANYRT_SIM_SEED", seed)];
        child("prints_its_seed", &variables)
    };
    for (seed, expected) in [("7", "seed Some(7)"), ("", "seed Some(0)")] {
        let text = printed(&run(seed));
        assert!(text.contains(expected), "{text}");
    }
    for wrong in ["x", "-1", "18446744073709551615"] {
        let output = run(wrong);
        assert!(!output.status.success());
        let text = printed(&output);
        assert!(text.contains("ANYRT_SIM_SEED"), "{text}");
    }
}

#[cfg(all(feature = "net", unix))]
mod sockets {
    use std::os::fd::AsFd;

    use anyrt::net::{
        ConnectedUdpSocket, RemotePort, TcpListener, TcpStream, UnixListener, connect_tcp,
    };
    use anyrt::stream::{AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt};

    use super::*;

    fn assert_unsupported<T: std::fmt::Debug>(outcome: io::Result<T>) {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("a simulation has"), "{error}");
    }

    /// Connects two streams in the network in memory.
    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(([127, 0, 0, 1], 80)).unwrap();
        let both = (connect_tcp("localhost", 80), listener.accept());
        let (client, server) = anyrt::gather(both).await;
        (client.unwrap(), server.unwrap().0)
    }

    #[anyrt::test(backends = ["sim"], seeds = 20)]
    async fn are_those_of_the_simulation() {
        // No process may bind this port in the real system, except that of a privileged user.
        let (mut client, mut server) = connected().await;
        client.send(b"hello").await.unwrap();
        client.send_eof().await.unwrap();
        assert_eq!(server.receive(100).await.unwrap(), b"hello");
        assert_eq!(client.attribute::<RemotePort>(), Ok(80));
    }

    #[anyrt::test(backends = ["sim"])]
    async fn of_the_system_are_refused() {
        let system = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        system.connect(system.local_addr().unwrap()).unwrap();
        assert_unsupported(ConnectedUdpSocket::adopt(system.try_clone().unwrap()));
        assert_unsupported(anyrt::descriptors::wait_readable(&system).await);
        let (client, _server) = connected().await;
        assert_unsupported(client.into_descriptor());
    }

    #[anyrt::test(backends = ["sim"])]
    async fn pass_no_descriptors() {
        let listener = UnixListener::bind("/simulated").unwrap();
        let both = (anyrt::net::connect_unix("/simulated"), listener.accept());
        let (client, _server) = anyrt::gather(both).await;
        let mut client = client.unwrap();
        let file = std::io::stdin();
        let descriptors = [file.as_fd()];
        assert_unsupported(client.send_descriptors(b"x", &descriptors).await);
    }

    #[cfg(feature = "signals")]
    #[anyrt::test(backends = ["sim"])]
    async fn are_not_alone_signals_are_refused_too() {
        assert_unsupported(anyrt::signals::receiver(&[anyrt::signals::Signal::USR1]));
    }
}

#[cfg(all(feature = "process", unix))]
mod programs {
    use anyrt::process::{Command, open_process, run_process, with_process};
    use anyrt::sim::ProgramIo;
    use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};

    use super::*;

    async fn reverse(mut io: ProgramIo) -> io::Result<i32> {
        let mut all = Vec::new();
        while let Ok(bytes) = io.stdin.receive(100).await {
            // A program is a run of anyrt like any other.
            all.extend(anyrt::to_thread::run(move || bytes).await);
        }
        all.reverse();
        io.stdout.send(&all).await?;
        Ok(i32::try_from(io.args.len()).unwrap())
    }

    #[anyrt::test(backends = ["sim"], seeds = 20)]
    async fn are_functions_of_the_test() {
        let simulation = Simulation::current().unwrap();
        simulation.program("rev", reverse);
        let reversed = run_process(Command::new("rev").input("abc")).await.unwrap();
        assert_eq!(reversed.stdout.as_deref(), Some(&b"cba"[..]));
        let (answer, status) = with_process(["/bin/rev", "x"], async |rev| {
            let (mut input, mut output) = (rev.stdin().unwrap(), rev.stdout().unwrap());
            input.send(b"ping").await?;
            input.send_eof().await?;
            output.receive(100).await
        })
        .await
        .unwrap();
        assert_eq!(
            (answer.unwrap(), status.code()),
            (b"gnip".to_vec(), Some(1))
        );

        simulation.program("wait", async |_io: ProgramIo| anyrt::sleep(2 * DAY).await);
        let waited = anyrt::move_on_after(DAY, run_process(["wait"])).await;
        assert!(waited.is_none());
        assert_eq!(simulation.running_programs(), [""; 0]);
    }

    #[anyrt::test(backends = ["sim"])]
    async fn of_the_system_are_not_started() {
        let error = open_process(Command::new("true")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let error = run_process(Command::shell("true")).await.unwrap_err();
        assert!(error.to_string().contains("no program `sh` is"), "{error}");
    }

    #[cfg(feature = "to_process")]
    #[anyrt::process_fn]
    fn double(number: u32) -> u32 {
        2 * number
    }

    #[cfg(feature = "to_process")]
    #[anyrt::test(backends = ["sim"])]
    async fn are_no_workers() {
        let error = anyrt::to_process::run(double, 4).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot start a worker process: a simulation has no descriptors, worker processes or signals of the \
             system: use sockets and streams that are opened inside the run, or another backend; \
             `to_thread::run` runs a function on a thread of this process"
        );
    }
}

/// TI-05: in a simulation, free ports are those of the simulated host.
#[cfg(all(feature = "net", unix))]
#[test]
fn free_ports_are_those_of_the_simulated_host() {
    use anyrt::net::{Listener, TcpStream, UdpSocket, connect_tcp, listen_tcp};
    use anyrt::testing::{free_tcp_port, free_udp_port};

    let ports = || async {
        let mut ports = Vec::new();
        for _ in 0..20 {
            let (tcp, udp) = (free_tcp_port().unwrap(), free_udp_port().unwrap());
            let listener = listen_tcp(Some("127.0.0.1"), tcp).await.unwrap();
            let connecting = async { connect_tcp("127.0.0.1", tcp).await };
            let (accepted, connected): (io::Result<TcpStream>, _) =
                anyrt::gather((listener.accept(), connecting)).await;
            assert!(accepted.is_ok() && connected.is_ok());
            UdpSocket::bind(([127, 0, 0, 1], udp)).unwrap();
            ports.extend([tcp, udp]);
        }
        ports
    };
    // Ports of the system would depend on other programs, and on earlier runs.
    let first = Config::new(1).run(ports()).unwrap();
    assert_eq!(Config::new(1).run(ports()).unwrap(), first);
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), first.len());
}
