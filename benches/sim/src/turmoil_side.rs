//! turmoil's side.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

const DAY: Duration = Duration::from_secs(86_400);

fn world(seed: u64) -> Sim<'static> {
    Builder::new()
        .rng_seed(seed)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(10))
        .simulation_duration(2 * DAY)
        .enable_random_order()
        .build()
}

/// A world with turmoil's default latency, 0 to 100 ms.
fn slow_world(seed: u64) -> Sim<'static> {
    Builder::new()
        .rng_seed(seed)
        .simulation_duration(2 * DAY)
        .enable_random_order()
        .build()
}

pub(crate) fn timers(count: u64) {
    let mut sim = world(1);
    sim.client("client", async move {
        let mut tasks = Vec::new();
        for number in 0..100 {
            tasks.push(tokio::spawn(async move {
                for _ in 0..count / 100 {
                    sleep(Duration::from_millis(1 + number % 10)).await;
                }
            }));
        }
        for task in tasks {
            task.await?;
        }
        Ok(())
    });
    sim.run().expect("nothing fails");
}

async fn serve() -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:7").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok(count) = stream.read(&mut buffer).await {
                if count == 0 || stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn connect() -> TcpStream {
    loop {
        match TcpStream::connect("server:7").await {
            Ok(stream) => return stream,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn exchange(count: u64) -> io::Result<()> {
    let mut stream = connect().await;
    let (ping, mut pong) = ([1; 64], [0; 64]);
    for _ in 0..count {
        stream.write_all(&ping).await?;
        stream.read_exact(&mut pong).await?;
    }
    Ok(())
}

fn echo_in(mut sim: Sim<'static>, connections: u64, count: u64) {
    sim.host("server", serve);
    sim.client("client", async move {
        let mut tasks = Vec::new();
        for _ in 0..connections {
            tasks.push(tokio::spawn(exchange(count / connections)));
        }
        for task in tasks {
            task.await??;
        }
        Ok(())
    });
    sim.run().expect("nothing fails");
}

pub(crate) fn echo(connections: u64, count: u64) {
    echo_in(world(1), connections, count);
}

pub(crate) fn tiny_seeds(count: u64) {
    (0..count).for_each(|seed| echo_in(world(seed), 1, 10));
}

pub(crate) fn echo_with_latency(connections: u64, count: u64) {
    echo_in(slow_world(1), connections, count);
}

pub(crate) fn tiny_seeds_with_latency(count: u64) {
    (0..count).for_each(|seed| echo_in(slow_world(seed), 1, 10));
}

/// The number of parts in a day of which one is simulated.
pub(crate) const PARTS_OF_A_DAY: f64 = 10_000.0;

pub(crate) fn parts_of_idle_days(count: u64) {
    for seed in 0..count {
        let mut sim = world(seed);
        for host in 0..10 {
            sim.host(format!("host-{host}"), async || {
                sleep(2 * DAY).await;
                Ok(())
            });
        }
        sim.client("client", async {
            sleep(DAY.div_f64(PARTS_OF_A_DAY)).await;
            Ok(())
        });
        sim.run().expect("nothing fails");
    }
}
