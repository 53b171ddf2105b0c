//! Datagram sockets with one peer.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;

use super::buffer::{cut, refuse_zero, room};
use super::packets::Packets;
use crate::net::{Address, Domain, Ip};
use crate::runtime::{Net, Socket, SocketSpec};

/// A datagram socket of either [kind](Domain) with one peer.
///
/// Packets from other addresses are not received. Otherwise it behaves as
/// [`DatagramSocket`](crate::net::DatagramSocket); it also has the attributes
/// [`RemoteAddress`](crate::net::RemoteAddress) and, with UDP, [`RemotePort`](crate::net::RemotePort).
///
/// With UDP, an operation may report that no socket received an earlier packet
/// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)); the socket can still be used.
///
/// # Backend differences
///
/// On tokio, a pending receive does not report that an earlier packet was refused; the next send does.
pub struct ConnectedDatagramSocket<R: Net, K: Domain> {
    pub(super) packets: Packets<R::Socket>,
    pub(super) kind: PhantomData<K>,
}

impl<R: Net> ConnectedDatagramSocket<R, Ip> {
    /// Opens a socket for packets from and to this peer, on a port that the system chooses.
    ///
    /// It sends nothing, and the peer need not exist yet.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
    /// client.send(b"ping").await?;
    /// assert_eq!(server.receive_from(100).await?.0, b"ping");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn connect(peer: impl Into<SocketAddr>) -> io::Result<ConnectedDatagramSocket<R, Ip>> {
        Self::open(peer.into(), None)
    }

    /// Opens a socket for packets from and to this peer, bound to this local address.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect_from(server.local_addr()?, ([127, 0, 0, 1], 0))?;
    /// assert!(client.local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn connect_from(
        peer: impl Into<SocketAddr>,
        local: impl Into<SocketAddr>,
    ) -> io::Result<ConnectedDatagramSocket<R, Ip>> {
        Self::open(peer.into(), Some(Address::Ip(local.into())))
    }

    /// Opens a socket with this peer, bound to `local` if there is one.
    fn open(
        peer: SocketAddr,
        local: Option<Address>,
    ) -> io::Result<ConnectedDatagramSocket<R, Ip>> {
        let to = Address::Ip(peer);
        let purpose = SocketSpec::Datagram {
            at: local.as_ref(),
            to: Some(&to),
        };
        Ok(ConnectedDatagramSocket::of(R::socket(purpose, &[])?))
    }
}

impl<R: Net, K: Domain> ConnectedDatagramSocket<R, K> {
    /// Creates a datagram socket from a backend's socket with a peer.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the socket is of another kind, and the error of the
    /// operating system if it has no peer.
    pub fn from_socket(socket: R::Socket) -> io::Result<ConnectedDatagramSocket<R, K>> {
        K::address(socket.local_address()?)?;
        socket.peer_address()?;
        Ok(ConnectedDatagramSocket::of(socket))
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [Closed](crate::stream::is_closed), or the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
    /// assert_eq!(client.peer_addr()?, server.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<K::Address> {
        K::address(self.packets.socket()?.peer_address()?)
    }

    /// Receives a packet of up to `max` bytes.
    ///
    /// A longer packet is truncated, as by [`receive_from`](crate::net::DatagramSocket::receive_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](crate::net::DatagramSocket::receive_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
    /// server.send_to(b"news", client.local_addr()?).await?;
    /// assert_eq!(client.receive(100).await?, b"news");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn receive(&self, max: usize) -> io::Result<Vec<u8>> {
        let guard = self.packets.receiving().await?;
        let mut buffer = room::<K>(max)?;
        let length = guard
            .wait(|socket, cx| socket.poll_receive(cx, &mut buffer))
            .await?;
        Ok(cut(buffer, length))
    }

    /// Receives a packet into a buffer, and returns its length.
    ///
    /// A longer packet is truncated, as by [`receive_from`](crate::net::DatagramSocket::receive_from).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive_from`](crate::net::DatagramSocket::receive_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
    /// server.send_to(b"news", client.local_addr()?).await?;
    /// let mut buffer = [0; 100];
    /// assert_eq!(client.receive_into(&mut buffer).await?, 4);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn receive_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let guard = self.packets.receiving().await?;
        refuse_zero(buffer.len())?;
        guard
            .wait(|socket, cx| socket.poll_receive(cx, buffer))
            .await
    }

    /// Sends a packet to the peer. Waits while the sending buffer, or the queue of a Unix socket, is full.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was sent.
    ///
    /// # Errors
    ///
    /// As [`send_to`](crate::net::DatagramSocket::send_to).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
    /// client.send(b"ping").await?;
    /// assert_eq!(server.receive_from(100).await?, (b"ping".to_vec(), client.local_addr()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn send(&self, packet: &[u8]) -> io::Result<()> {
        let guard = self.packets.sending().await?;
        guard
            .wait(|socket, cx| socket.poll_send(cx, packet))
            .await
            .map(drop)
    }
}
