//! Sockets and names: connecting, listening, datagrams, and lookup.
//!
//! | room | contents |
//! | --- | --- |
//! | `address` | addresses: IP, Unix, and their families |
//! | `kind` | the two kinds of sockets, as type parameters: `Ip` and `Unix` |
//! | `attributes` | typed attributes of sockets: addresses, ports, family |
//! | `lookup` | names to addresses and back, and the lookup of the system |
//! | `os` | system calls on Unix: `OsSocket`, error numbers, stale socket files; on Windows, `winsock` takes its place |
//! | `system` | the facet of runtimes whose sockets are those of the system |
//! | `stream` | connected streams, their halves, and descriptors sent through Unix sockets |
//! | `datagram` | UDP and Unix datagram sockets |
//! | `connect` | `connect_tcp`, `connect_unix`, happy eyeballs, and connectables |
//! | `listen` | listeners, accepting, and serving |
//! | `adopt` | sockets that were opened elsewhere, and descriptors taken out of ours |
//!
//! A room imports only rooms that stand above it in this table; `connect` and `listen` do not import each
//! other. Everything is generic over [`Net`](crate::runtime::Net) and runs on a simulated network too, except
//! `os`, `system`, `adopt`, and the methods that send and receive descriptors.

mod address;
#[cfg(any(unix, windows))]
mod adopt;
mod attributes;
mod connect;
mod datagram;
mod domain;
mod listen;
mod lookup;
#[cfg(unix)]
mod os;
#[cfg(windows)]
#[path = "winsock/mod.rs"]
mod os;
mod stream;
#[cfg(any(unix, windows))]
mod system;

pub use self::address::{Address, Family, UnixAddress};
pub use self::attributes::{LocalAddress, LocalPort, RemoteAddress, RemotePort, SocketFamily};
pub use self::connect::{
    ATTEMPT_DELAY, BoxedStreams, BufferedConnectable, ConnectError, Connectable, FailedAttempt,
    HappyEyeballs, IntoConnectable, TcpConnectable, TcpConnector, TextConnectable, as_connectable,
    connect_tcp, happy_eyeballs, interleave,
};
#[cfg(unix)]
pub use self::connect::{ConnectUnix, UnixConnectable, connect_unix};
pub use self::datagram::{
    ConnectedDatagramSocket, ConnectedUdpSocket, ConnectedUnixDatagram, DatagramSocket, UdpSocket,
    UnixDatagram,
};
pub use self::domain::{Domain, Ip, MAX_UDP_PACKET, Unix};
#[cfg(unix)]
pub use self::listen::UnixListenOptions;
pub use self::listen::{
    Accept, BoxListener, ListenOptions, Listener, MultiListener, ServeOptions, SocketListener,
    TcpListener, UnixListener, listen_tcp, listen_tcp_with,
};
pub use self::lookup::{LookupError, lookup, reverse_lookup};
pub use self::lookup::{system_lookup, system_reverse_lookup};
#[cfg(any(unix, windows))]
pub use self::os::{Descriptor, OsSocket};
pub use self::stream::{ReceiveHalf, SendHalf, SocketStream, TcpStream, UnixStream};
