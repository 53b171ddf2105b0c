//! Libraries of the ecosystem on anyrt, on every backend: the real ones, in `tests/`.
//!
//! Here are the helpers that those programs share: connections between two ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use anyrt::net::{TcpConnector, TcpListener, TcpStream};
use anyrt::stream::{ByteStream, MemoryByteStream, memory_byte_stream};

/// Listens at a free port of this machine.
///
/// # Errors
///
/// The error of the operating system.
pub fn listen() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// Connects to a listener.
///
/// # Errors
///
/// The error of the operating system.
pub async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    TcpConnector::new().connect_addresses(&[to]).await
}

/// The two ends of a connection.
pub type Pair = [Box<dyn ByteStream>; 2];

/// Returns the two ends of a TCP connection.
///
/// # Errors
///
/// The error of the operating system.
pub async fn tcp_pair() -> io::Result<[TcpStream; 2]> {
    let listener = listen()?;
    let near = connect(listener.local_addr()?).await?;
    Ok([near, listener.accept().await?.0])
}

/// Returns the two ends of a connection in memory, with a buffer of `capacity` bytes each.
pub fn memory_pair(capacity: usize) -> [MemoryByteStream; 2] {
    memory_byte_stream(capacity).into()
}

/// Returns one connection of each kind.
///
/// # Errors
///
/// The error of the operating system.
pub async fn pairs() -> io::Result<Vec<Pair>> {
    Ok(vec![
        tcp_pair().await?.map(|end| Box::new(end) as _),
        memory_pair(4096).map(|end| Box::new(end) as _),
    ])
}
