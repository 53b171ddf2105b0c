//! anyrt's side.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyrt_core::net::{Listener, TcpStream, UdpSocket, connect_tcp, listen_tcp};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use anyrt_sim::{Config, Sim, Simulation};

const DAY: Duration = Duration::from_secs(86_400);

fn sim() -> Simulation {
    Simulation::current().expect("this is a simulation")
}

/// The settings that keep everything, or nothing.
fn logged(seed: u64, is_kept: bool) -> Config {
    Config::new(seed).keep_events(is_kept).keep_choices(is_kept)
}

// ---- timers ----

pub(crate) fn timers(count: u64) {
    timers_in(&Config::new(1), count);
}

pub(crate) fn timers_with_log(count: u64) {
    timers_in(&logged(1, true), count);
}

pub(crate) fn timers_without_log(count: u64) {
    timers_in(&logged(1, false), count);
}

fn timers_in(config: &Config, count: u64) {
    let main = task_group::<Sim, Infallible, _, _>(async |tg| {
        for task in 0..100 {
            tg.spawn(async move {
                for _ in 0..count / 100 {
                    sleep::<Sim>(Duration::from_millis(1 + task % 10)).await;
                }
            });
        }
    });
    config.run(main).unwrap().expect("nothing fails");
}

// ---- round trips ----

/// Serves every connection on a host, each in a task.
async fn serve() {
    let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await;
    let listener = listener.expect("the port is free");
    let serving = task_group::<Sim, io::Error, _, _>(async |tg| {
        loop {
            let mut stream = listener.accept().await?;
            tg.spawn(async move {
                let mut buffer = [0; 64];
                while let Ok(count) = stream.receive_into(&mut buffer).await {
                    stream.send(&buffer[..count]).await?;
                }
                Ok::<(), io::Error>(())
            });
        }
        #[expect(unreachable_code, reason = "the type of the value")]
        Ok::<(), io::Error>(())
    });
    drop(serving.await);
}

/// Connects to the server, which may not listen yet.
async fn connect() -> TcpStream<Sim> {
    loop {
        match connect_tcp::<Sim>("10.0.0.2", 7).await {
            Ok(stream) => return stream,
            Err(_) => sleep::<Sim>(Duration::from_millis(1)).await,
        }
    }
}

async fn exchange(count: u64) {
    let mut stream = connect().await;
    let (ping, mut pong) = ([1; 64], [0; 64]);
    for _ in 0..count {
        stream.send(&ping).await.expect("the server receives");
        let mut filled = 0;
        while filled < pong.len() {
            let received = stream.receive_into(&mut pong[filled..]).await;
            filled += received.expect("the server sends");
        }
    }
}

pub(crate) fn echo(connections: u64, count: u64) {
    echo_in(&Config::new(1), connections, count);
}

pub(crate) fn echo_with_log(count: u64) {
    echo_in(&logged(1, true), 1, count);
}

pub(crate) fn echo_without_log(count: u64) {
    echo_in(&logged(1, false), 1, count);
}

fn echo_in(config: &Config, connections: u64, count: u64) {
    let outcome = config.run(async {
        sim().host("server").start(serve);
        let clients = task_group::<Sim, Infallible, _, _>(async |tg| {
            for _ in 0..connections {
                tg.spawn(exchange(count / connections));
            }
        });
        clients.await
    });
    outcome.unwrap().expect("nothing fails");
}

/// turmoil's default latency.
fn slow(seed: u64) -> Config {
    Config::new(seed).latency(Duration::ZERO..Duration::from_millis(100))
}

pub(crate) fn echo_with_latency(connections: u64, count: u64) {
    echo_in(&slow(1), connections, count);
}

// ---- tiny seeds ----

fn tiny_seed(config: &Config) {
    let outcome = config.run(async {
        sim().host("server").start(serve);
        exchange(10).await;
    });
    outcome.unwrap();
}

pub(crate) fn tiny_seeds(count: u64) {
    (0..count).for_each(|seed| tiny_seed(&Config::new(seed)));
}

pub(crate) fn tiny_seeds_with_latency(count: u64) {
    (0..count).for_each(|seed| tiny_seed(&slow(seed)));
}

pub(crate) fn tiny_seeds_with_log(count: u64) {
    (0..count).for_each(|seed| tiny_seed(&logged(seed, true)));
}

pub(crate) fn tiny_seeds_without_log(count: u64) {
    (0..count).for_each(|seed| tiny_seed(&logged(seed, false)));
}

pub(crate) fn tiny_seeds_on_threads(threads: u64, count: u64) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        return;
                    }
                    tiny_seed(&Config::new(seed));
                }
            });
        }
    });
}

/// Runs a part of the seeds in each of several processes of this program, at the same time.
pub(crate) fn tiny_seeds_in_processes(processes: u64, count: u64) {
    let program = std::env::current_exe().expect("the program has a path");
    let part = (count / processes).to_string();
    let start = || Command::new(&program).args(["--seeds", &part]).spawn();
    let children: Vec<_> = (0..processes).map(|_| start()).collect();
    for child in children {
        let status = child.and_then(|mut child| child.wait());
        assert!(status.is_ok_and(|status| status.success()));
    }
}

// ---- hosts ----

pub(crate) fn idle_days(count: u64) {
    for seed in 0..count {
        let outcome = Config::new(seed).run(async {
            for host in 0..10 {
                sim()
                    .host(&format!("host {host}"))
                    .start(|| sleep::<Sim>(2 * DAY));
            }
            sleep::<Sim>(DAY).await;
        });
        outcome.unwrap();
    }
}

fn address(host: u16) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, (host / 250) as u8, 1 + (host % 250) as u8)
}

/// Sends ten datagrams a second to the next host, and receives those of the previous one.
async fn chatter(to: Ipv4Addr, received: Arc<AtomicU64>) {
    let any = SocketAddr::new(IpAddr::from(Ipv4Addr::UNSPECIFIED), 9);
    let socket = UdpSocket::<Sim>::bind(any).expect("the port is free");
    let socket = Arc::new(socket);
    let receiver = socket.clone();
    let both = task_group::<Sim, io::Error, _, _>(async |tg| {
        tg.spawn(async move {
            let mut buffer = [0; 64];
            loop {
                receiver.receive_from_into(&mut buffer).await?;
                received.fetch_add(1, Ordering::Relaxed);
            }
            #[expect(unreachable_code, reason = "the type of the value")]
            Ok::<(), io::Error>(())
        });
        for _ in 0..600 {
            sleep::<Sim>(Duration::from_millis(100)).await;
            socket
                .send_to(&[1; 32], SocketAddr::new(to.into(), 9))
                .await?;
        }
        pending::<io::Result<()>>().await
    });
    drop(both.await);
}

pub(crate) fn many_hosts(count: u64) {
    for seed in 0..count {
        let received = Arc::new(AtomicU64::new(0));
        let outcome = Config::new(seed).run(async {
            for host in 0..1000 {
                let received = received.clone();
                let to = address((host + 1) % 1000);
                sim()
                    .host(&format!("host {host}"))
                    .ip(address(host))
                    .start(move || chatter(to, received.clone()));
            }
            sleep::<Sim>(Duration::from_secs(62)).await;
        });
        outcome.unwrap();
        // The first packets may find a host that has not started.
        assert!(received.load(Ordering::Relaxed) >= 599_000);
    }
}
