//! Sockets: TCP, UDP, Unix sockets, and name lookup.

mod connect;
mod datagrams;
mod listeners;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use anyrt_core::net::UnixListenOptions;
pub use anyrt_core::net::{
    ATTEMPT_DELAY, Address, BoxListener, BoxedStreams, BufferedConnectable, ConnectError,
    Connectable, Descriptor, Domain, FailedAttempt, Family, IntoConnectable, Ip, ListenOptions,
    Listener, LocalAddress, LocalPort, LookupError, MAX_UDP_PACKET, MultiListener, RemoteAddress,
    RemotePort, SocketFamily, TextConnectable, Unix, UnixAddress, interleave,
};
pub use anyrt_core::runtime::SocketOption;

pub use self::connect::{
    TcpConnectable, TcpConnector, as_connectable, connect_tcp, happy_eyeballs, lookup,
    reverse_lookup,
};
pub use self::datagrams::{ConnectedDatagramSocket, ConnectedUdpSocket, DatagramSocket, UdpSocket};
pub use self::listeners::{
    Accept, ListenerExt, ServeOptions, SocketListener, TcpListener, listen_tcp, listen_tcp_with,
};
#[cfg(unix)]
pub use self::unix::{
    ConnectedUnixDatagram, UnixConnectable, UnixDatagram, UnixListener, UnixStream, connect_unix,
};

use crate::Ambient;

/// A connection of either [kind](Domain): TCP, or a Unix socket.
pub type SocketStream<K> = anyrt_core::net::SocketStream<Ambient, K>;

/// A TCP connection.
///
/// # Examples
///
/// A socket of the standard library that is adopted and then converted back:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use std::io::Write;
///
/// use anyrt::net::TcpStream;
/// use anyrt::stream::ByteReceiveStreamExt;
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let socket = std::net::TcpStream::connect(listener.local_addr()?)?;
/// # let (mut server, _) = listener.accept()?;
/// # server.write_all(b"hello")?;
/// let socket = anyrt::run(async {
///     let mut stream = TcpStream::adopt(socket)?;
///     assert_eq!(stream.receive(100).await?, b"hello");
///     stream.into_descriptor()
/// })?;
/// let mut socket = std::net::TcpStream::from(socket);
/// socket.write_all(b"good bye")?;
/// # std::io::Result::Ok(())
/// ```
pub type TcpStream = anyrt_core::net::TcpStream<Ambient>;

/// The receiving half of a connection.
pub type ReceiveHalf<K> = anyrt_core::net::ReceiveHalf<Ambient, K>;

/// The sending half of a connection.
pub type SendHalf<K> = anyrt_core::net::SendHalf<Ambient, K>;
