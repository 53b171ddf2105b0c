//! A program with something of everything whose order a seed decides.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::cancel::{checkpoint, move_on_after};
use anyrt_core::combine::race;
use anyrt_core::net::{Listener, TcpStream, UdpSocket, connect_tcp, listen_tcp};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::sync::{Event, Mutex};
use anyrt_core::task::{current, task_group};
use anyrt_core::thread::{from_thread, to_thread};
use anyrt_core::time::sleep;
use anyrt_sim::{Host, Sim, Simulation};

fn sim() -> Simulation {
    Simulation::current().unwrap()
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Notes what happened, and the name of the task in which it did: a part of the hash.
fn note(what: impl std::fmt::Display) {
    let task = current().map(|task| format!("{} ({})", task.name(), task.id()));
    sim().note(format_args!("{what} in {}", task.unwrap_or_default()));
}

/// Runs everything at the same time.
pub(crate) async fn run() {
    let server = sim().host("server").drift(20).start(serve);
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        group.task().name("streams").spawn(streams());
        group.spawn(datagrams(server.ip()));
        group.spawn(threads());
        group.task().name("races").spawn(races());
        group.spawn(cancelled());
        group.task().name("locks").spawn(locks());
        group.task().name("faults").spawn(faults(server.clone()));
    })
    .await;
    result.unwrap();
    note("the end");
}

/// Echoes what arrives in streams, and answers datagrams.
async fn serve() {
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        group.task().name("echo of datagrams").spawn(async {
            let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 7)).unwrap();
            loop {
                let (packet, from) = socket.receive_from(100).await.unwrap();
                note(format_args!("datagram of {}", packet.len()));
                socket.send_to(&packet, from).await.unwrap();
            }
        });
        let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap();
        loop {
            let mut stream = listener.accept().await.unwrap();
            group.spawn(async move {
                while let Ok(bytes) = stream.receive(20).await {
                    note(format_args!("echo of {}", bytes.len()));
                    if stream.send(&bytes).await.is_err() {
                        break;
                    }
                }
            });
        }
    })
    .await;
    result.unwrap();
}

/// Sends and receives a few bytes. Returns whether all of them came back.
async fn exchange(stream: &mut TcpStream<Sim>, length: usize) -> bool {
    if stream.send(&vec![b'x'; length]).await.is_err() {
        return false;
    }
    let mut left = length;
    while left > 0 {
        match stream.receive(left).await {
            Ok(bytes) => left -= bytes.len(),
            Err(_) => return false,
        }
    }
    true
}

/// Talks to a server that crashes meanwhile.
async fn streams() {
    let mut done = 0;
    for _ in 0..8 {
        if done == 2 {
            break;
        }
        let attempt = async {
            let mut stream = connect_tcp::<Sim>("server", 7).await.ok()?;
            let length = 1 + sim().choose(50) as usize;
            exchange(&mut stream, length).await.then_some(())
        };
        match move_on_after::<Sim, _>(ms(2000), attempt).await.flatten() {
            Some(()) => done += 1,
            None => sleep::<Sim>(ms(100)).await,
        }
        note(done);
    }
}

/// Sends datagrams, some of which are lost or arrive twice.
async fn datagrams(server: std::net::IpAddr) {
    let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    for number in 0..4_u8 {
        // Nothing listens there before the start of the server.
        let sent = socket.send_to(&[number], SocketAddr::new(server, 7)).await;
        note(sent.is_ok());
    }
    loop {
        let received = socket.receive_from(100);
        match move_on_after::<Sim, _>(ms(700), received).await {
            Some(Ok((packet, _))) => note(format_args!("{packet:?}")),
            Some(Err(error)) => note(error.kind()),
            None => return,
        }
    }
}

/// Blocks threads, and calls back from them.
async fn threads() {
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        for number in 0..2_u64 {
            group.spawn(async move {
                let value = to_thread::run::<Sim, _, _>(move || {
                    let inside = from_thread::run(async move {
                        sleep::<Sim>(ms(number * 3)).await;
                        checkpoint().await;
                        number
                    });
                    inside.ok()
                });
                note(format_args!("{:?}", value.await));
            });
        }
    })
    .await;
    result.unwrap();
}

/// Lets futures that are equally fast compete.
async fn races() {
    for _ in 0..3 {
        let branch = |number: u64| async move {
            sleep::<Sim>(ms(1)).await;
            for _ in 0..number {
                checkpoint().await;
            }
            number
        };
        note(race::<Sim, _>([branch(0), branch(0), branch(1)].map(Box::pin)).await);
    }
}

/// Cancels a group with tasks that clean up.
async fn cancelled() {
    let group = task_group::<Sim, Infallible, _, _>(async |group| {
        for number in 0..3_u64 {
            group.spawn(async move {
                sleep::<Sim>(ms(number)).await;
                note("slept");
                std::future::pending::<()>().await;
            });
        }
        sleep::<Sim>(ms(sim().choose(4))).await;
        group.cancel();
    });
    note(group.await.is_ok());
}

/// Passes a lock and an event around.
async fn locks() {
    let (lock, event) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Event::new()));
    let result = task_group::<Sim, Infallible, _, _>(async |group| {
        for number in 0..4 {
            let (lock, event) = (lock.clone(), event.clone());
            group.spawn(async move {
                event.wait().await;
                let mut list = lock.lock().await;
                checkpoint().await;
                list.push(number);
            });
        }
        checkpoint().await;
        event.set();
    })
    .await;
    result.unwrap();
    note(format_args!("{:?}", *lock.lock().await));
}

/// Crashes the server and starts it again.
async fn faults(server: Host) {
    sleep::<Sim>(ms(sim().choose(300))).await;
    server.crash().await;
    sleep::<Sim>(ms(sim().choose(300))).await;
    server.restart().await;
    server.pause();
    sleep::<Sim>(ms(sim().choose(30))).await;
    server.resume();
}
