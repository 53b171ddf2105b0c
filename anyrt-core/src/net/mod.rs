//! Sockets: connecting, listening, packets, and names.

mod address;
#[cfg(unix)]
mod adopt;
mod attributes;
mod connect;
mod datagram;
mod kind;
mod listen;
mod lookup;
#[cfg(unix)]
mod os;
mod stream;

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
    ConnectedDatagramSocket, ConnectedUdpSocket, ConnectedUnixDatagram, DatagramSocket,
    MAX_UDP_PACKET, UdpSocket, UnixDatagram,
};
pub use self::kind::{Internet, Kind, Unix};
#[cfg(unix)]
pub use self::listen::UnixListenOptions;
pub use self::listen::{
    Accept, BoxListener, ListenOptions, Listener, MultiListener, ServeOptions, SocketListener,
    TcpListener, UnixListener, listen_tcp, listen_tcp_with,
};
pub use self::lookup::{LookupError, lookup, reverse_lookup};
pub use self::lookup::{system_lookup, system_reverse_lookup};
#[cfg(unix)]
pub use self::os::{Descriptor, OsSocket};
pub use self::stream::{ReceiveHalf, SendHalf, SocketStream, TcpStream, UnixStream};
