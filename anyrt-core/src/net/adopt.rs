//! Conversion from and to descriptors: sockets that were opened elsewhere, and ours that leave.

use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedFd;

use super::os::{SocketType, is_listening, socket_type};
use super::{ConnectedDatagramSocket, DatagramSocket, Domain, SocketListener, SocketStream};
use crate::runtime::{AdoptSocket, Net, Socket};

impl<R: Net<Socket: AdoptSocket>, K: Domain> SocketStream<R, K> {
    /// Adopts a connected socket that was opened elsewhere: a `std::net::TcpStream`, a descriptor that
    /// this process was started with, or one taken out of a native object (tokio's `into_std`,
    /// async-std's `TryFrom`, `Async::into_inner` of smol and async-io).
    ///
    /// The stream owns the socket. Programs that are started later do not inherit it. The socket is set
    /// to non-blocking mode, which affects all duplicates of the descriptor. On Windows, the descriptor is the
    /// handle of the socket, an `OwnedSocket`.
    ///
    /// # Errors
    ///
    /// The socket is closed on an error.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the descriptor is not a socket, or if the socket
    ///   listens, is a datagram socket, or is of another family.
    /// - [`NotConnected`](io::ErrorKind::NotConnected) if the socket has no peer.
    /// - Other errors of the operating system, or that there is no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpStream;
    /// use anyrt::stream::ByteReceiveStreamExt;
    /// use std::io::Write;
    ///
    /// # anyrt::run(async {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// let socket = std::net::TcpStream::connect(address)?;
    /// # listener.accept()?.0.write_all(b"hello")?;
    /// let mut stream = TcpStream::adopt(socket)?;
    /// assert_eq!(stream.receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<SocketStream<R, K>> {
        let descriptor = socket.into();
        check(&descriptor, SocketType::STREAM, false)?;
        SocketStream::from_socket(R::Socket::adopt(descriptor)?)
    }

    /// Returns the descriptor. A `std::net::TcpStream` can be made from it, for example, and a native
    /// object of any runtime from that.
    ///
    /// The descriptor stays in non-blocking mode: call `set_nonblocking(false)` if it has to block.
    ///
    /// # Errors
    ///
    /// The error of the operating system; the connection is closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let socket = std::net::TcpStream::from(stream.into_descriptor()?);
    /// assert_eq!(socket.peer_addr()?, listener.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.into_socket().into_descriptor()
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Domain> SocketListener<R, K> {
    /// Adopts a listening socket that was opened elsewhere: a `std::net::TcpListener`, or a descriptor
    /// that this process was started with, by systemd for example.
    ///
    /// Otherwise it behaves as [`SocketStream::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed on an error.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the descriptor is not a socket, or if the socket
    ///   does not listen or is of another family. Systems other than Linux and Android do not report
    ///   whether a socket listens: there, only a socket that has a peer is refused, and one without a peer
    ///   fails when a connection is accepted.
    /// - Other errors of the operating system, or that there is no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    ///
    /// # anyrt::run(async {
    /// let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let address = socket.local_addr()?;
    /// let listener = TcpListener::adopt(socket)?;
    /// assert_eq!(listener.local_addr()?, address);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<SocketListener<R, K>> {
        let descriptor = socket.into();
        check(&descriptor, SocketType::STREAM, true)?;
        SocketListener::from_socket(R::Socket::adopt(descriptor)?)
    }

    /// Returns the descriptor, which continues to listen; see [`SocketStream::into_descriptor`].
    ///
    /// # Errors
    ///
    /// The error of the operating system; the listener is closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let address = listener.local_addr()?;
    /// let socket = std::net::TcpListener::from(listener.into_descriptor()?);
    /// assert_eq!(socket.local_addr()?, address);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.into_socket().into_descriptor()
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Domain> DatagramSocket<R, K> {
    /// Adopts a datagram socket without a peer that was opened elsewhere, such as a `std::net::UdpSocket`.
    ///
    /// Otherwise it behaves as [`SocketStream::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed on an error.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the descriptor is not a socket, or if the socket
    ///   is a stream socket, has a peer, or is of another family.
    /// - Other errors of the operating system, or that there is no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    ///
    /// # anyrt::run(async {
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// let address = socket.local_addr()?;
    /// assert_eq!(UdpSocket::adopt(socket)?.local_addr()?, address);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<DatagramSocket<R, K>> {
        let descriptor = socket.into();
        check(&descriptor, SocketType::DGRAM, false)?;
        let socket = R::Socket::adopt(descriptor)?;
        match socket.peer_address() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(wrong("this socket has a peer: adopt it as a connected one")),
        }
        DatagramSocket::from_socket(socket)
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Domain> ConnectedDatagramSocket<R, K> {
    /// Adopts a datagram socket with a peer, as [`DatagramSocket::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed on an error.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the descriptor is not a socket, or if the socket
    ///   is a stream socket or of another family.
    /// - [`NotConnected`](io::ErrorKind::NotConnected) if the socket has no peer.
    /// - Other errors of the operating system, or that there is no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
    ///
    /// # anyrt::run(async {
    /// let server = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.connect(server.local_addr()?)?;
    /// ConnectedUdpSocket::adopt(socket)?.send(b"ping").await?;
    /// assert_eq!(server.receive_from(100).await?.0, b"ping");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<ConnectedDatagramSocket<R, K>> {
        let descriptor = socket.into();
        check(&descriptor, SocketType::DGRAM, false)?;
        ConnectedDatagramSocket::from_socket(R::Socket::adopt(descriptor)?)
    }
}

/// Checks that a descriptor is a socket of this type that listens, or does not, as required.
fn check(socket: &OwnedFd, kind: SocketType, listens: bool) -> io::Result<()> {
    match socket_type(socket)? {
        None => return Err(wrong("this descriptor is no socket")),
        Some(found) if found != kind => return Err(wrong("this socket is of another type")),
        Some(_) => {}
    }
    match (listens, is_listening(socket)?) {
        (false, Some(true)) => Err(wrong("this socket listens: adopt it as a listener")),
        (true, Some(false)) => Err(wrong(
            "this socket does not listen: call `listen` on it first",
        )),
        _ => Ok(()),
    }
}

fn wrong(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
