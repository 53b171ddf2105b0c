//! Sockets: connecting, listening, packets, and names.

mod address;
mod attributes;
mod connection;
mod halves;
mod kind;
mod lookup;
#[cfg(unix)]
mod os;
mod stream;

pub use self::address::{Address, Family, UnixAddress};
pub use self::attributes::{LocalAddress, LocalPort, RemoteAddress, RemotePort, SocketFamily};
pub use self::halves::{ReceiveHalf, SendHalf};
pub use self::kind::{Internet, Kind, Unix};
pub use self::lookup::{system_lookup, system_reverse_lookup};
#[cfg(unix)]
pub use self::os::{Descriptor, OsSocket};
pub use self::stream::{SocketStream, TcpStream, UnixStream};
