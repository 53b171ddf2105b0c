//! Sockets: connecting, listening, packets, and names.

mod address;
mod attributes;
#[cfg(unix)]
mod os;

pub use self::address::{Address, Family, UnixAddress};
pub use self::attributes::{LocalAddress, LocalPort, RemoteAddress, RemotePort, SocketFamily};
#[cfg(unix)]
pub use self::os::{Descriptor, OsSocket};
