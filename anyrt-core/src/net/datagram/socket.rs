//! Datagram sockets without a peer.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use super::buffer::{cut, refuse_zero, room};
use super::packets::Packets;
use crate::net::{Address, Domain, Ip};
use crate::runtime::{Net, Socket, SocketOption, SocketSpec};
use crate::time::sleep;

/// A datagram socket of either [kind](Domain) that sends to and receives from any address.
///
/// Packets keep their boundaries: a packet is received as a whole or not at all. UDP packets may be lost,
/// duplicated or reordered.
///
/// The socket can be shared. One task at a time receives and one sends; a second one gets
/// [`Busy`](crate::error::Busy). Any task can [`close`](DatagramSocket::close) it.
///
/// A UDP packet has up to 65,507 bytes (IPv4). A packet that is longer than the path allows, often some
/// 1,400 bytes, is fragmented, and is lost if one fragment is lost. A Unix packet may be as long as fits the
/// sending buffer ([`SocketOption::SendBuffer`]), 200 KiB by default on Linux and 2 KiB on macOS.
/// Sending to a broadcast address requires [`SocketOption::Broadcast`]. There are no methods for multicast
/// groups; they can be joined through the attribute `Descriptor`.
///
/// Its attributes are [`SocketFamily`](crate::net::SocketFamily), [`LocalAddress`](crate::net::LocalAddress),
/// with UDP [`LocalPort`](crate::net::LocalPort), and on Unix systems and Windows `Descriptor`.
pub struct DatagramSocket<R: Net, K: Domain> {
    pub(super) packets: Packets<R::Socket>,
    pub(super) kind: PhantomData<K>,
}

impl<R: Net> DatagramSocket<R, Ip> {
    /// Binds a socket to an address; with port 0, the system chooses a free port.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    ///
    /// # anyrt::run(async {
    /// let socket = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<DatagramSocket<R, Ip>> {
        Self::bind_with(address, &[])
    }

    /// Binds a socket to an address; the options are set before it is bound.
    ///
    /// # Errors
    ///
    /// As [`bind`](DatagramSocket::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{SocketOption, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let options = [SocketOption::Broadcast(true), SocketOption::ReceiveBuffer(1 << 20)];
    /// let socket = UdpSocket::bind_with(([127, 0, 0, 1], 0), &options)?;
    /// assert!(socket.local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind_with(
        address: impl Into<SocketAddr>,
        options: &[SocketOption],
    ) -> io::Result<DatagramSocket<R, Ip>> {
        let at = Address::Ip(address.into());
        let purpose = SocketSpec::Datagram {
            at: Some(&at),
            to: None,
        };
        Ok(DatagramSocket::of(R::socket(purpose, options)?))
    }
}

impl<R: Net, K: Domain> DatagramSocket<R, K> {
    /// Creates a datagram socket from a backend's socket without a peer.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the socket is of another kind.
    pub fn from_socket(socket: R::Socket) -> io::Result<DatagramSocket<R, K>> {
        K::address(socket.local_address()?)?;
        Ok(DatagramSocket::of(socket))
    }

    /// Receives a packet of up to `max` bytes, and returns it with the address of the sender.
    ///
    /// A longer packet is truncated: the rest is lost. With UDP,
    /// [`MAX_UDP_PACKET`](crate::net::MAX_UDP_PACKET) is always enough. If packets are known to be shorter, a
    /// `max` of one byte more than the longest reveals truncated ones. Each call allocates `max` bytes;
    /// [`receive_from_into`](DatagramSocket::receive_from_into) allocates nothing.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [Closed](crate::stream::is_closed) if the socket is closed, before or during the call.
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is receiving.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `max` is 0.
    /// - The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    ///
    /// # anyrt::run(async {
    /// let (first, second) =
    ///     (UdpSocket::bind(([127, 0, 0, 1], 0))?, UdpSocket::bind(([127, 0, 0, 1], 0))?);
    /// first.send_to(b"ping", second.local_addr()?).await?;
    /// let (packet, from) = second.receive_from(100).await?;
    /// assert_eq!((packet, from), (b"ping".to_vec(), first.local_addr()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn receive_from(&self, max: usize) -> io::Result<(Vec<u8>, K::Address)> {
        let guard = self.packets.receiving().await?;
        let mut buffer = room::<K>(max)?;
        let (length, from) = guard
            .wait(|socket, cx| socket.poll_receive_from(cx, &mut buffer))
            .await?;
        Ok((cut(buffer, length), K::address(from)?))
    }

    /// Receives a packet into a buffer, and returns its length and the address of the sender.
    ///
    /// A longer packet is truncated: the rest is lost, and the length of the received part is returned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](DatagramSocket::receive_from); an empty buffer counts as a `max` of 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    ///
    /// # anyrt::run(async {
    /// let (first, second) =
    ///     (UdpSocket::bind(([127, 0, 0, 1], 0))?, UdpSocket::bind(([127, 0, 0, 1], 0))?);
    /// first.send_to(b"ping", second.local_addr()?).await?;
    /// let mut buffer = [0; 100];
    /// assert_eq!(second.receive_from_into(&mut buffer).await?, (4, first.local_addr()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn receive_from_into(&self, buffer: &mut [u8]) -> io::Result<(usize, K::Address)> {
        let guard = self.packets.receiving().await?;
        refuse_zero(buffer.len())?;
        let (length, from) = guard
            .wait(|socket, cx| socket.poll_receive_from(cx, buffer))
            .await?;
        Ok((length, K::address(from)?))
    }

    /// Sends a packet to an address. Waits while the sending buffer, or the queue of a Unix socket, is full.
    ///
    /// The kernel does not report when an unconnected Unix socket has room, so sends to it are retried on a
    /// timer, after 1 ms at first and up to 20 ms later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was sent.
    ///
    /// # Errors
    ///
    /// - [Closed](crate::stream::is_closed) if the socket is closed, before or during the call.
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is sending.
    /// - The error of the operating system, for example that the packet is too long, or that no Unix socket
    ///   has the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    ///
    /// # anyrt::run(async {
    /// let (first, second) =
    ///     (UdpSocket::bind(([127, 0, 0, 1], 0))?, UdpSocket::bind(([127, 0, 0, 1], 0))?);
    /// first.send_to(b"ping", second.local_addr()?).await?;
    /// assert_eq!(second.receive_from(100).await?.0, b"ping");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn send_to(
        &self,
        packet: &[u8],
        to: impl Into<K::Address>,
    ) -> impl Future<Output = io::Result<()>> + Send {
        let to: Address = to.into().into();
        async move {
            let guard = self.packets.sending().await?;
            let mut pause = SHORTEST_PAUSE;
            loop {
                let sent = guard.wait(|socket, cx| socket.poll_send_to(cx, packet, &to));
                match sent.await {
                    // The queue of an unconnected Unix socket is full. Ends when the receiver has made room
                    // or is closed, or with a cancellation of the sleep.
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

/// The first pause before a send to a full Unix socket is retried. It doubles with each retry.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause between two retries.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
