//! Sockets: connecting, listening, packets, and names.

mod address;
#[cfg(unix)]
mod adopt;
mod attributes;
mod connect;
#[cfg(unix)]
mod connect_unix;
mod connectable;
mod connection;
mod datagram;
#[cfg(not(unix))]
mod errors;
mod eyeballs;
mod halves;
mod kind;
mod listen;
mod listener;
mod lookup;
mod multi;
#[cfg(unix)]
mod os;
mod serve;
mod stream;
mod trouble;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
use self::os::errors;

pub use self::address::{Address, Family, UnixAddress};
pub use self::attributes::{LocalAddress, LocalPort, RemoteAddress, RemotePort, SocketFamily};
pub use self::connect::{TcpConnector, connect_tcp, interleave};
#[cfg(unix)]
pub use self::connect_unix::{ConnectUnix, connect_unix};
#[cfg(unix)]
pub use self::connectable::UnixConnectable;
pub use self::connectable::{
    BoxedStreams, BufferedConnectable, Connectable, IntoConnectable, TcpConnectable,
    TextConnectable, as_connectable,
};
pub use self::datagram::{
    ConnectedDatagramSocket, ConnectedUdpSocket, ConnectedUnixDatagram, DatagramSocket,
    MAX_UDP_PACKET, UdpSocket, UnixDatagram,
};
pub use self::eyeballs::{
    ATTEMPT_DELAY, ConnectError, FailedAttempt, HappyEyeballs, happy_eyeballs,
};
pub use self::halves::{ReceiveHalf, SendHalf};
pub use self::kind::{Internet, Kind, Unix};
pub use self::listen::{ListenOptions, listen_tcp, listen_tcp_with};
pub use self::listener::{Accept, Listener, SocketListener, TcpListener, UnixListener};
pub use self::lookup::{LookupError, lookup, reverse_lookup};
pub use self::lookup::{system_lookup, system_reverse_lookup};
pub use self::multi::{BoxListener, MultiListener};
#[cfg(unix)]
pub use self::os::{Descriptor, OsSocket};
pub use self::serve::ServeOptions;
pub use self::stream::{SocketStream, TcpStream, UnixStream};
#[cfg(unix)]
pub use self::unix::UnixListenOptions;
