use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use super::UdpSocket;
use super::common::{cut, refuse_zero};
use super::packets::Packets;
use crate::net::{Address, Internet, Kind};
use crate::runtime::{Net, Purpose, Socket, SocketOption};
use crate::time::sleep;

/// A socket that exchanges packets with anybody, of either [kind](Kind).
///
/// Packets keep their borders: what is sent at once is received at once, or not at all. With UDP
/// they may be lost, come twice, and in another order.
///
/// It can be shared. One task at a time receives and one sends; a second one gets
/// [`Busy`](crate::error::Busy). Any of them can [`close`](DatagramSocket::close) it.
///
/// A UDP packet has up to 65,507 bytes (IPv4); what is longer than the path allows, often some 1,400
/// bytes, travels in pieces, and is lost if one of them is. Unix sockets take as much as fits the
/// sending buffer ([`SocketOption::SendBuffer`]), 200 KiB by default on Linux and 2 KiB on macOS.
/// Sending to a broadcast address needs [`SocketOption::Broadcast`]. Multicast groups are not
/// offered; they can be joined through the attribute `Descriptor`.
///
/// Its attributes are [`SocketFamily`](crate::net::SocketFamily), [`LocalAddress`](crate::net::LocalAddress),
/// with UDP [`LocalPort`](crate::net::LocalPort), and on Unix systems `Descriptor`.
pub struct DatagramSocket<R: Net, K: Kind> {
    pub(super) packets: Packets<R::Socket>,
    pub(super) kind: PhantomData<K>,
}

impl<R: Net> DatagramSocket<R, Internet> {
    /// Binds a socket to an address; on port 0, the system chooses a free one.
    ///
    /// # Errors
    ///
    /// What the system says, above all [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<UdpSocket<R>> {
        Self::bind_with(address, &[])
    }

    /// Binds a socket to an address, with options that are set before.
    ///
    /// # Errors
    ///
    /// As [`bind`](DatagramSocket::bind).
    pub fn bind_with(
        address: impl Into<SocketAddr>,
        options: &[SocketOption],
    ) -> io::Result<UdpSocket<R>> {
        let at = Address::Ip(address.into());
        let purpose = Purpose::Datagram {
            at: Some(&at),
            to: None,
        };
        Ok(DatagramSocket::of(R::socket(purpose, options)?))
    }
}

impl<R: Net, K: Kind> DatagramSocket<R, K> {
    /// Takes over a socket without a peer.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is of another kind.
    pub fn from_socket(socket: R::Socket) -> io::Result<DatagramSocket<R, K>> {
        K::address(socket.local_address()?)?;
        Ok(DatagramSocket::of(socket))
    }

    /// Receives a packet of up to `max` bytes, and says who sent it.
    ///
    /// A longer packet is cut: the rest of it is lost. With UDP, [`MAX_UDP_PACKET`] is always
    /// enough; where packets are known to be shorter, one byte more than the longest shows
    /// what was cut. So much is allocated each time, which
    /// [`receive_from_into`](DatagramSocket::receive_from_into) does without.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [Closed](crate::stream::is_closed) if the socket is closed, also meanwhile.
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is receiving.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `max` is 0.
    /// - What the system says.
    pub async fn receive_from(&self, max: usize) -> io::Result<(Vec<u8>, K::Address)> {
        let turn = self.packets.receiving().await?;
        refuse_zero(max)?;
        let mut buffer = vec![0; max];
        let (length, from) = turn
            .wait(|socket, cx| socket.poll_receive_from(cx, &mut buffer))
            .await?;
        Ok((cut(buffer, length), K::address(from)?))
    }

    /// Receives a packet into a buffer, and says how long it is and who sent it.
    ///
    /// A longer packet is cut: the rest of it is lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](DatagramSocket::receive_from); an empty buffer counts as a `max` of 0.
    pub async fn receive_from_into(&self, buffer: &mut [u8]) -> io::Result<(usize, K::Address)> {
        let turn = self.packets.receiving().await?;
        refuse_zero(buffer.len())?;
        let (length, from) = turn
            .wait(|socket, cx| socket.poll_receive_from(cx, buffer))
            .await?;
        Ok((length, K::address(from)?))
    }

    /// Sends a packet to an address. Waits while there is no room for it on this machine.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was sent.
    ///
    /// # Errors
    ///
    /// - [Closed](crate::stream::is_closed) if the socket is closed, also meanwhile.
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is sending.
    /// - What the system says, among it that the packet is too long, and with Unix sockets that there
    ///   is nobody at the address.
    pub fn send_to(
        &self,
        packet: &[u8],
        to: impl Into<K::Address>,
    ) -> impl Future<Output = io::Result<()>> + Send {
        let to: Address = to.into().into();
        async move {
            let turn = self.packets.sending().await?;
            let mut pause = SHORTEST_PAUSE;
            loop {
                let sent = turn.wait(|socket, cx| socket.poll_send_to(cx, packet, &to));
                match sent.await {
                    // Nobody tells when a Unix socket that this one is not connected to has room.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        sleep::<R>(pause).await;
                        pause = LONGEST_PAUSE.min(2 * pause);
                    }
                    outcome => return outcome.map(drop),
                }
            }
        }
    }
}

/// How long to wait before sending to a Unix socket without room is tried again: at first, and
/// in the end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
