//! madsim's side.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use madsim::net::{TcpListener, TcpStream, UdpSocket};
use madsim::runtime::Runtime;
use madsim::time::sleep;
use madsim::{Config, task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn timers(count: u64) {
    Runtime::with_seed_and_config(1, Config::default()).block_on(async {
        let mut tasks = Vec::new();
        for number in 0..100 {
            tasks.push(task::spawn(async move {
                for _ in 0..count / 100 {
                    sleep(Duration::from_millis(1 + number % 10)).await;
                }
            }));
        }
        for task in tasks {
            task.await.expect("nothing fails");
        }
    });
}

const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 7);

async fn serve() {
    let listener = TcpListener::bind(SERVER).await.expect("the port is free");
    loop {
        let accepted = listener.accept().await;
        let (mut stream, _) = accepted.expect("the network is there");
        task::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok(count) = stream.read(&mut buffer).await {
                if count == 0 || stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
                if stream.flush().await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn connect() -> TcpStream {
    loop {
        match TcpStream::connect(SERVER).await {
            Ok(stream) => return stream,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn exchange(count: u64) {
    let mut stream = connect().await;
    let (ping, mut pong) = ([1; 64], [0; 64]);
    for _ in 0..count {
        stream.write_all(&ping).await.expect("the server receives");
        stream.flush().await.expect("the server receives");
        stream
            .read_exact(&mut pong)
            .await
            .expect("the server sends");
    }
}

fn echo_in(seed: u64, connections: u64, count: u64) {
    let runtime = Runtime::with_seed_and_config(seed, Config::default());
    let server = runtime.create_node().name("server").ip(SERVER.ip());
    server.init(serve).build();
    let client = Ipv4Addr::new(10, 0, 0, 1);
    let client = runtime
        .create_node()
        .name("client")
        .ip(client.into())
        .build();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        tasks.push(client.spawn(exchange(count / connections)));
    }
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("nothing fails");
        }
    });
}

pub(crate) fn echo(connections: u64, count: u64) {
    echo_in(1, connections, count);
}

pub(crate) fn tiny_seeds(count: u64) {
    (0..count).for_each(|seed| echo_in(seed, 1, 10));
}

pub(crate) fn idle_days(count: u64) {
    for seed in 0..count {
        let runtime = Runtime::with_seed_and_config(seed, Config::default());
        for host in 0..10 {
            let node = runtime.create_node().name(format!("host {host}"));
            node.ip(address(host).into())
                .init(async || sleep(2 * DAY).await)
                .build();
        }
        runtime.block_on(async { sleep(DAY).await });
    }
}

fn address(host: u16) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, (host / 250) as u8, 1 + (host % 250) as u8)
}

/// Sends ten datagrams a second to the next host, and receives those of the previous one.
async fn chatter(host: u16, received: Arc<AtomicU64>) {
    let at = SocketAddr::new(address(host).into(), 9);
    let to = SocketAddr::new(address((host + 1) % 1000).into(), 9);
    let socket = UdpSocket::bind(at).await.expect("the port is free");
    let socket = Arc::new(socket);
    let receiver = socket.clone();
    task::spawn(async move {
        let mut buffer = [0; 64];
        while receiver.recv_from(&mut buffer).await.is_ok() {
            received.fetch_add(1, Ordering::Relaxed);
        }
    });
    for _ in 0..600 {
        sleep(Duration::from_millis(100)).await;
        socket.send_to(to, &[1; 32]).await.expect("it is sent");
    }
    std::future::pending::<()>().await;
}

pub(crate) fn many_hosts(count: u64) {
    for seed in 0..count {
        let received = Arc::new(AtomicU64::new(0));
        let runtime = Runtime::with_seed_and_config(seed, Config::default());
        for host in 0..1000 {
            let received = received.clone();
            let node = runtime.create_node().name(format!("host {host}"));
            node.ip(address(host).into())
                .init(move || chatter(host, received.clone()))
                .build();
        }
        runtime.block_on(async { sleep(Duration::from_secs(62)).await });
        assert!(received.load(Ordering::Relaxed) >= 599_000);
    }
}
