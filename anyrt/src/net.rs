//! Sockets: TCP, UDP, Unix sockets, and names.

use crate::Ambient;

#[cfg(unix)]
pub use anyrt_core::net::Descriptor;
pub use anyrt_core::net::{
    Address, Family, Internet, Kind, LocalAddress, LocalPort, RemoteAddress, RemotePort,
    SocketFamily, Unix, UnixAddress,
};
pub use anyrt_core::runtime::SocketOption;

/// A TCP connection.
pub type TcpStream = anyrt_core::net::TcpStream<Ambient>;

/// A connection through a Unix socket.
pub type UnixStream = anyrt_core::net::UnixStream<Ambient>;

/// The receiving half of a connection.
pub type ReceiveHalf<K> = anyrt_core::net::ReceiveHalf<Ambient, K>;

/// The sending half of a connection.
pub type SendHalf<K> = anyrt_core::net::SendHalf<Ambient, K>;
