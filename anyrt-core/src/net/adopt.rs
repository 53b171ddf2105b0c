//! Sockets that were opened elsewhere, and those that go elsewhere.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{SocketType, sockopt};

use super::os::is_listening;
use super::{ConnectedDatagramSocket, DatagramSocket, Kind, SocketListener, SocketStream};
use crate::runtime::{AdoptSocket, Net, Socket};

impl<R: Net<Socket: AdoptSocket>, K: Kind> SocketStream<R, K> {
    /// Takes over a connected socket that was opened elsewhere: a `std::net::TcpStream`, a
    /// descriptor that this process was started with, or what a native object gives out (tokio's
    /// `into_std`, async-std's `TryFrom`, `Async::into_inner` of smol and async-io).
    ///
    /// It belongs to the new stream from then on, and programs that are started later do not inherit
    /// it. It does not block any more, which others that share it notice.
    ///
    /// # Errors
    ///
    /// The socket is closed then.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no socket, listens, exchanges
    ///   packets, or is of another family.
    /// - [`NotConnected`](io::ErrorKind::NotConnected) if it has no peer.
    /// - What the system says else, or that there is no runtime.
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<SocketStream<R, K>> {
        let descriptor = socket.into();
        check(descriptor.as_fd(), SocketType::STREAM, false)?;
        SocketStream::from_socket(R::Socket::adopt(descriptor)?)
    }

    /// Takes the descriptor out, from which a `std::net::TcpStream` can be made, say; and of that
    /// a native object of any runtime.
    ///
    /// It still does not block: see `set_nonblocking` where that is needed.
    ///
    /// # Errors
    ///
    /// What the system says; the connection is closed then.
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.into_socket().into_descriptor()
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Kind> SocketListener<R, K> {
    /// Takes over a socket that listens, and was opened elsewhere: a `std::net::TcpListener`, or a
    /// descriptor that this process was started with, as by systemd.
    ///
    /// Apart from that it is as [`SocketStream::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed then.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no socket, does not listen, or is of
    ///   another family. Systems other than Linux and Android do not report whether a socket listens:
    ///   there only a socket that has a peer is refused, and one without a peer fails when a connection
    ///   is accepted.
    /// - What the system says else, or that there is no runtime.
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<SocketListener<R, K>> {
        let descriptor = socket.into();
        check(descriptor.as_fd(), SocketType::STREAM, true)?;
        SocketListener::from_socket(R::Socket::adopt(descriptor)?)
    }

    /// Takes the descriptor out, which goes on listening; see [`SocketStream::into_descriptor`].
    ///
    /// # Errors
    ///
    /// What the system says; the listener is closed then.
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.into_socket().into_descriptor()
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Kind> DatagramSocket<R, K> {
    /// Takes over a socket for packets that was opened elsewhere, such as a `std::net::UdpSocket`,
    /// with an address of its own and without a peer.
    ///
    /// Apart from that it is as [`SocketStream::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed then.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no socket, is one for connections, has
    ///   a peer, or is of another family.
    /// - What the system says else, or that there is no runtime.
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<DatagramSocket<R, K>> {
        let descriptor = socket.into();
        check(descriptor.as_fd(), SocketType::DGRAM, false)?;
        let socket = R::Socket::adopt(descriptor)?;
        match socket.peer_address() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(wrong("this socket has a peer: adopt it as a connected one")),
        }
        DatagramSocket::from_socket(socket)
    }
}

impl<R: Net<Socket: AdoptSocket>, K: Kind> ConnectedDatagramSocket<R, K> {
    /// Takes over a socket for packets from and to one peer, as [`DatagramSocket::adopt`].
    ///
    /// # Errors
    ///
    /// The socket is closed then.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no socket, is one for connections, or
    ///   is of another family.
    /// - [`NotConnected`](io::ErrorKind::NotConnected) if it has no peer.
    /// - What the system says else, or that there is no runtime.
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<ConnectedDatagramSocket<R, K>> {
        let descriptor = socket.into();
        check(descriptor.as_fd(), SocketType::DGRAM, false)?;
        ConnectedDatagramSocket::from_socket(R::Socket::adopt(descriptor)?)
    }
}

/// Refuses what is no such socket.
fn check(socket: BorrowedFd<'_>, kind: SocketType, listens: bool) -> io::Result<()> {
    match sockopt::socket_type(socket) {
        Err(Errno::NOTSOCK) => return Err(wrong("this descriptor is no socket")),
        Ok(found) if found != kind => return Err(wrong("this socket is of another type")),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
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
