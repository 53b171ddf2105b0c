//! UDP and Unix datagram sockets.
//!
//! | file | contents |
//! | --- | --- |
//! | `socket` | [`DatagramSocket`], which sends to and receives from any address |
//! | `connected` | [`ConnectedDatagramSocket`], which has one peer |
//! | `common` | methods and traits of both |
//! | `buffer` | buffers that packets are received into |
//! | `packets` | sharing and closing a socket |
//! | `unix` | Unix datagram sockets and their files |

mod buffer;
mod common;
mod connected;
mod packets;
mod socket;
#[cfg(unix)]
mod unix;

pub use self::connected::ConnectedDatagramSocket;
pub use self::socket::DatagramSocket;
use super::{Ip, Unix};

/// A UDP socket that sends to and receives from any address.
pub type UdpSocket<R> = DatagramSocket<R, Ip>;

/// A UDP socket with one peer.
pub type ConnectedUdpSocket<R> = ConnectedDatagramSocket<R, Ip>;

/// A Unix datagram socket that sends to and receives from any address.
pub type UnixDatagram<R> = DatagramSocket<R, Unix>;

/// A Unix datagram socket with one peer.
pub type ConnectedUnixDatagram<R> = ConnectedDatagramSocket<R, Unix>;
