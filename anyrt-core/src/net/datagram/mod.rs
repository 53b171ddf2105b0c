//! Sockets that exchange packets.

mod common;
mod connected;
mod packets;
mod socket;
#[cfg(unix)]
mod unix;

pub use self::connected::ConnectedDatagramSocket;
pub use self::socket::DatagramSocket;
use super::{Internet, Unix};

/// No UDP packet carries more bytes: 65,507 with IPv4, 65,527 with IPv6.
pub const MAX_UDP_PACKET: usize = 65_527;

/// A UDP socket that exchanges packets with anybody.
pub type UdpSocket<R> = DatagramSocket<R, Internet>;

/// A UDP socket with one peer.
pub type ConnectedUdpSocket<R> = ConnectedDatagramSocket<R, Internet>;

/// A Unix datagram socket that exchanges packets with anybody.
pub type UnixDatagram<R> = DatagramSocket<R, Unix>;

/// A Unix datagram socket with one peer.
pub type ConnectedUnixDatagram<R> = ConnectedDatagramSocket<R, Unix>;
