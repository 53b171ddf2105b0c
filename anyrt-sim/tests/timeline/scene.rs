//! A run to look at: a store on two replicas, a partition, a crash, and a client that finds an old value.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::cancel::fail_after;
use anyrt_core::net::{Listener, TcpStream, connect_tcp, listen_tcp};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::task::task_group;
use anyrt_core::time::sleep;
use anyrt_sim::{Sim, Simulation};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// A text that would end the element of the page that it is in, and add a script.
pub(crate) const HARMFUL: &str = "</script><script>document.body.dataset.harmed = 'yes'</script>";

type Value = Arc<Mutex<u8>>;

fn sim() -> Simulation {
    Simulation::current().expect("this is a simulation")
}

/// Answers each request: zero reads the value, any other number is the new value.
async fn replica(value: Value) {
    let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 80).await;
    let listener = listener.expect("the port is free");
    let served = task_group::<Sim, Infallible, _, _>(async |group| {
        while let Ok(mut stream) = listener.accept().await {
            let value = value.clone();
            group.task().name("request").spawn(async move {
                let served: io::Result<()> = async {
                    let mut request = [0];
                    stream.receive_into(&mut request).await?;
                    if request[0] > 0 {
                        *value.lock().expect("no panic") = request[0];
                        sim().note(format_args!("stores {}", request[0]));
                    }
                    let answer = [*value.lock().expect("no panic")];
                    stream.send(&answer).await?;
                    Ok(())
                }
                .await;
                drop(served);
            });
        }
    });
    drop(served.await);
}

async fn request(host: &str, request: u8) -> io::Result<u8> {
    let exchange = async {
        let mut stream: TcpStream<Sim> = connect_tcp::<Sim>(host, 80).await?;
        stream.send(&[request]).await?;
        let mut answer = [0];
        stream.receive_into(&mut answer).await?;
        Ok(answer[0])
    };
    let limited = fail_after::<Sim, _>(500 * MS, exchange).await;
    limited.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Writes to both replicas, while one of them is cut off, and reads after the other has crashed.
pub(crate) async fn stale_read() {
    let sim = sim();
    let (left, right) = (Value::default(), Value::default());
    let values = [left.clone(), right.clone()];
    let left = sim.host("left").start(move || replica(left.clone()));
    let right = sim.host("right").start(move || replica(right.clone()));
    let client = sim.host("client").start(|| async {
        sleep::<Sim>(5 * MS).await;
        for value in 1..=2 {
            for host in ["left", "right"] {
                let written = request(host, value).await;
                Simulation::current()
                    .expect("this is a simulation")
                    .note(format_args!("wrote {value} to {host}: {written:?}"));
            }
            sleep::<Sim>(200 * MS).await;
        }
    });
    sleep::<Sim>(100 * MS).await;
    sim.note(HARMFUL);
    let partition = sim.net().partition(&client, &right);
    sleep::<Sim>(1000 * MS).await;
    left.crash().await;
    drop(partition);
    right.pause();
    sleep::<Sim>(50 * MS).await;
    right.resume();
    let read = request("right", 0).await.expect("it is up");
    drop(values);
    assert_eq!(read, 2, "an old value was read");
}
