//! Sockets that exchange packets.

mod packets;
mod socket;

pub use self::socket::{
    ConnectedDatagramSocket, ConnectedUdpSocket, ConnectedUnixDatagram, DatagramSocket,
    MAX_UDP_PACKET, UdpSocket, UnixDatagram,
};
