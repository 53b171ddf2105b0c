//! Parts that several programs share.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyrt::net::{ListenerExt, TcpListener, TcpStream, connect_tcp};
use anyrt::sim::{Host, Simulation};
use anyrt::stream::{BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt};

/// The port of every server.
pub(crate) const PORT: u16 = 80;

/// Returns this many milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Returns the simulation that the program runs in.
pub(crate) fn simulation() -> Simulation {
    Simulation::current().expect("the program runs in a simulation")
}

/// Locks a mutex of the standard library.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a host that sends back what it receives.
pub(crate) fn start_echo(name: &str) -> Host {
    simulation().host(name).start(|| async {
        let listener = listen();
        let served = listener.serve(async |mut stream: TcpStream| {
            while let Ok(bytes) = stream.receive(1000).await {
                if stream.send(&bytes).await.is_err() {
                    break;
                }
            }
        });
        served
            .await
            .expect("the network has no errors of listeners");
    })
}

/// Listens on all addresses of this host.
pub(crate) fn listen() -> TcpListener {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free")
}

/// Connects to a host. Tries again until it listens.
pub(crate) async fn connect(host: &str) -> TcpStream {
    loop {
        match connect_tcp(host, PORT).await {
            Ok(stream) => return stream,
            Err(_) => anyrt::sleep(ms(10)).await,
        }
    }
}

/// Sends a number to an echo, on a new connection, and waits for it to come back: the time of a remote call.
pub(crate) async fn call(host: &str, number: u64) -> io::Result<u64> {
    let mut stream = BufferedByteStream::new(connect(host).await);
    stream.send(&number.to_be_bytes()).await?;
    receive_number(&mut stream).await
}

/// Receives a number of eight bytes.
pub(crate) async fn receive_number(stream: &mut BufferedByteStream<TcpStream>) -> io::Result<u64> {
    let bytes = stream.receive_exactly(8).await?;
    let bytes = bytes.try_into().expect("it has eight bytes");
    Ok(u64::from_be_bytes(bytes))
}

/// Does this many small pieces of work, each on a thread for functions that block.
///
/// They are no checkpoints: tasks that yield by [`anyrt::checkpoint`] are polled in turn, so that each has yielded
/// as often as the others, also in random order.
pub(crate) async fn steps(count: usize) {
    for _ in 0..count {
        anyrt::to_thread::run(|| ()).await;
    }
}
