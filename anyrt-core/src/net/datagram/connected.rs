use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;

use super::ConnectedUdpSocket;
use super::common::{cut, refuse_zero};
use super::packets::Packets;
use crate::net::{Address, Internet, Kind};
use crate::runtime::{Net, Purpose, Socket};

/// A socket that exchanges packets with one peer, of either [kind](Kind).
///
/// Packets of others are not received. Everything else is as with [`DatagramSocket`]; its attributes
/// are also [`RemoteAddress`](crate::net::RemoteAddress) and with UDP [`RemotePort`](crate::net::RemotePort).
///
/// With UDP, an operation may report that an earlier packet found nobody
/// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)); the socket can be used all the same.
///
/// # Backend differences
///
/// On tokio, a receive that waits already does not learn that an earlier packet found nobody; the
/// next send does.
pub struct ConnectedDatagramSocket<R: Net, K: Kind> {
    pub(super) packets: Packets<R::Socket>,
    pub(super) kind: PhantomData<K>,
}

impl<R: Net> ConnectedDatagramSocket<R, Internet> {
    /// Opens a socket for packets from and to this peer, at a port that the system chooses.
    ///
    /// Nothing is sent, and the peer need not be there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn connect(peer: impl Into<SocketAddr>) -> io::Result<ConnectedUdpSocket<R>> {
        Self::open(peer.into(), None)
    }

    /// Opens a socket for packets from and to this peer, at an address of its own.
    ///
    /// # Errors
    ///
    /// What the system says, above all [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn connect_from(
        peer: impl Into<SocketAddr>,
        local: impl Into<SocketAddr>,
    ) -> io::Result<ConnectedUdpSocket<R>> {
        Self::open(peer.into(), Some(Address::Ip(local.into())))
    }

    fn open(peer: SocketAddr, local: Option<Address>) -> io::Result<ConnectedUdpSocket<R>> {
        let purpose = Purpose::Datagram {
            at: local.as_ref(),
            to: Some(&Address::Ip(peer)),
        };
        Ok(ConnectedDatagramSocket::of(R::socket(purpose, &[])?))
    }
}

impl<R: Net, K: Kind> ConnectedDatagramSocket<R, K> {
    /// Takes over a socket with a peer.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is of another kind, and what the system
    /// says if it has no peer.
    pub fn from_socket(socket: R::Socket) -> io::Result<ConnectedDatagramSocket<R, K>> {
        K::address(socket.local_address()?)?;
        socket.peer_address()?;
        Ok(ConnectedDatagramSocket::of(socket))
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// [Closed](crate::stream::is_closed), or what the system says.
    pub fn peer_addr(&self) -> io::Result<K::Address> {
        K::address(self.packets.socket()?.peer_address()?)
    }

    /// Receives a packet of up to `max` bytes.
    ///
    /// A longer packet is cut, as by [`receive_from`](DatagramSocket::receive_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](DatagramSocket::receive_from).
    pub async fn receive(&self, max: usize) -> io::Result<Vec<u8>> {
        let turn = self.packets.receiving().await?;
        refuse_zero(max)?;
        let mut buffer = vec![0; max];
        let length = turn
            .wait(|socket, cx| socket.poll_receive(cx, &mut buffer))
            .await?;
        Ok(cut(buffer, length))
    }

    /// Receives a packet into a buffer, and says how long it is.
    ///
    /// A longer packet is cut, as by [`receive_from`](DatagramSocket::receive_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](DatagramSocket::receive_from).
    pub async fn receive_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let turn = self.packets.receiving().await?;
        refuse_zero(buffer.len())?;
        turn.wait(|socket, cx| socket.poll_receive(cx, buffer))
            .await
    }

    /// Sends a packet to the peer. Waits while there is no room for it on this machine.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was sent.
    ///
    /// # Errors
    ///
    /// As [`send_to`](DatagramSocket::send_to).
    pub async fn send(&self, packet: &[u8]) -> io::Result<()> {
        let turn = self.packets.sending().await?;
        turn.wait(|socket, cx| socket.poll_send(cx, packet))
            .await
            .map(drop)
    }
}
