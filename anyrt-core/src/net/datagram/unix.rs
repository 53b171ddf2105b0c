//! Unix datagram sockets and their files.

use std::io;

use super::{ConnectedDatagramSocket, ConnectedUnixDatagram, DatagramSocket, UnixDatagram};
use crate::net::os::replacing_a_stale_file;
use crate::net::{Address, Unix, UnixAddress};
use crate::runtime::{Net, SocketSpec};

impl<R: Net> DatagramSocket<R, Unix> {
    /// Binds a socket to a path, or on Linux to an [abstract name](UnixAddress::Abstract).
    ///
    /// Stale socket files are replaced as by [`UnixListener::bind`](crate::net::SocketListener::bind).
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(address: impl Into<UnixAddress>) -> io::Result<UnixDatagram<R>> {
        let at = Address::Unix(address.into());
        let purpose = SocketSpec::Datagram {
            at: Some(&at),
            to: None,
        };
        let socket = replacing_a_stale_file::<R>(&at, purpose, &[])?;
        Ok(DatagramSocket::of(socket))
    }

    /// Opens an unnamed socket: it can send, but receivers cannot answer.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    pub fn unbound() -> io::Result<UnixDatagram<R>> {
        let purpose = SocketSpec::Datagram {
            at: Some(&Address::Unix(UnixAddress::Unnamed)),
            to: None,
        };
        Ok(DatagramSocket::of(R::socket(purpose, &[])?))
    }
}

impl<R: Net> ConnectedDatagramSocket<R, Unix> {
    /// Opens an unnamed socket for packets to this peer, which cannot answer.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`NotFound`](io::ErrorKind::NotFound), or
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if the peer is gone.
    pub fn connect(peer: impl Into<UnixAddress>) -> io::Result<ConnectedUnixDatagram<R>> {
        let to = Address::Unix(peer.into());
        let purpose = SocketSpec::Datagram {
            at: None,
            to: Some(&to),
        };
        Ok(ConnectedDatagramSocket::of(R::socket(purpose, &[])?))
    }

    /// Opens a socket for packets from and to this peer, bound to a path or an abstract name.
    ///
    /// Stale socket files are replaced as by [`UnixListener::bind`](crate::net::SocketListener::bind).
    ///
    /// # Errors
    ///
    /// As [`connect`](ConnectedDatagramSocket::connect), and
    /// [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn connect_from(
        peer: impl Into<UnixAddress>,
        local: impl Into<UnixAddress>,
    ) -> io::Result<ConnectedUnixDatagram<R>> {
        let (at, to) = (Address::Unix(local.into()), Address::Unix(peer.into()));
        let purpose = SocketSpec::Datagram {
            at: Some(&at),
            to: Some(&to),
        };
        let socket = replacing_a_stale_file::<R>(&at, purpose, &[])?;
        Ok(ConnectedDatagramSocket::of(socket))
    }
}
