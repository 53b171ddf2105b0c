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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixDatagram;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log.sock");
    /// let log = UnixDatagram::bind(&*path)?;
    /// UnixDatagram::unbound()?.send_to(b"started", &*path).await?;
    /// assert_eq!(log.receive_from(100).await?.0, b"started");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixDatagram;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log.sock");
    /// let log = UnixDatagram::bind(&*path)?;
    /// UnixDatagram::unbound()?.send_to(b"started", &*path).await?;
    /// assert_eq!(log.receive_from(100).await?.1.as_path(), None, "there is no address to answer to");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUnixDatagram, UnixDatagram};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log.sock");
    /// let log = UnixDatagram::bind(&*path)?;
    /// ConnectedUnixDatagram::connect(&*path)?.send(b"started").await?;
    /// assert_eq!(log.receive_from(100).await?.0, b"started");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectedUnixDatagram, UnixDatagram};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let (server_path, client_path) = (dir.path().join("server"), dir.path().join("client"));
    /// let server = UnixDatagram::bind(&*server_path)?;
    /// let client = ConnectedUnixDatagram::connect_from(&*server_path, &*client_path)?;
    /// server.send_to(b"answer", &*client_path).await?;
    /// assert_eq!(client.receive(100).await?, b"answer");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
