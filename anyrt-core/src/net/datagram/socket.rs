//! Sockets that exchange packets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use super::packets::Packets;
use crate::net::attributes::{provide_connected, provide_socket};
use crate::net::{Address, Internet, Kind, Unix};
use crate::runtime::{Net, Purpose, Socket, SocketOption};
use crate::stream::{Attributes, Demand};
use crate::time::sleep;

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
    packets: Packets<R::Socket>,
    kind: PhantomData<K>,
}

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
    packets: Packets<R::Socket>,
    kind: PhantomData<K>,
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

/// What both kinds of sockets have.
macro_rules! common {
    ($($socket:ident: $provide:ident,)*) => { $(
        impl<R: Net, K: Kind> $socket<R, K> {
            /// The address of its own, with the port that it was given.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or what the system says.
            pub fn local_addr(&self) -> io::Result<K::Address> {
                K::address(self.packets.socket()?.local_address()?)
            }

            /// Sets an option of the socket.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or what the system says.
            pub fn set_option(&self, option: SocketOption) -> io::Result<()> {
                self.packets.socket()?.set_option(option)
            }

            /// Closes the socket for all who share it. Operations that wait fail as
            /// [closed](crate::stream::is_closed), and so do later ones. Closing it again is fine.
            ///
            /// The system's socket is closed when the last operation has failed, if there is one.
            pub fn close(&self) {
                self.packets.close();
            }

            pub(in crate::net) fn of(socket: R::Socket) -> $socket<R, K> {
                $socket {
                    packets: Packets::new(socket),
                    kind: PhantomData,
                }
            }
        }

        impl<R: Net, K: Kind> Attributes for $socket<R, K> {
            fn provide(&self, demand: &mut Demand<'_>) {
                if let Ok(socket) = self.packets.socket() {
                    $provide(&*socket, demand);
                }
            }
        }

        impl<R: Net, K: Kind> fmt::Debug for $socket<R, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($socket)).field(&self.packets).finish()
            }
        }
    )* };
}

common! {
    DatagramSocket: provide_socket,
    ConnectedDatagramSocket: provide_connected,
}

/// How long to wait before sending to a Unix socket without room is tried again: at first, and
/// in the end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Refuses to receive nothing, which would throw a packet away.
fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a packet needs room for one byte at least",
        ));
    }
    Ok(())
}

/// Keeps what was received. Packets may be kept: a small one does not occupy the room of the largest.
fn cut(mut buffer: Vec<u8>, length: usize) -> Vec<u8> {
    buffer.truncate(length);
    if buffer.capacity() > 2 * length {
        buffer.shrink_to_fit();
    }
    buffer
}
