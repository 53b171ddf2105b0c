//! The stream of a connected socket.

use std::fmt;
use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use crate::net::attributes::provide_connected;
use crate::net::{Domain, Ip, Unix};
use crate::runtime::{Net, Socket, SocketOption};
use crate::stream::{Attributes, Request};

/// A TCP connection.
pub type TcpStream<R> = SocketStream<R, Ip>;

/// A connection through a Unix socket.
pub type UnixStream<R> = SocketStream<R, Unix>;

/// A connection of either [kind](Domain): TCP, or through a Unix socket.
///
/// It is a [`ByteStream`](crate::stream::ByteStream). It is read and written by the methods of
/// [`ByteReceiveStreamExt`](crate::stream::ByteReceiveStreamExt) and
/// [`ByteSendStreamExt`](crate::stream::ByteSendStreamExt), and by any code that accepts
/// `futures::io::{AsyncRead, AsyncWrite}`. Closing the sending side
/// ([`send_eof`](crate::stream::ByteSendStreamExt::send_eof), `poll_close`) leaves the receiving side open.
/// Dropping the stream closes the connection; bytes that were sent still arrive.
///
/// TCP connections have `TCP_NODELAY` on.
///
/// Its attributes are [`SocketFamily`](crate::net::SocketFamily), [`LocalAddress`](crate::net::LocalAddress),
/// [`RemoteAddress`](crate::net::RemoteAddress), with TCP [`LocalPort`](crate::net::LocalPort) and
/// [`RemotePort`](crate::net::RemotePort), and on Unix systems and Windows `Descriptor`.
pub struct SocketStream<R: Net, K: Domain> {
    pub(super) connection: Connection<R::Socket>,
    kind: PhantomData<K>,
}

impl<R: Net, K: Domain> SocketStream<R, K> {
    /// Creates a stream from a connected socket.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the socket is of another kind, and the error of the
    /// operating system if it is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, TcpStream, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let stream = TcpStream::from_socket(stream.into_socket())?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_socket(socket: R::Socket) -> io::Result<SocketStream<R, K>> {
        K::address(socket.local_address()?)?;
        socket.peer_address()?;
        if K::NO_DELAY {
            socket.set_option(SocketOption::NoDelay(true))?;
        }
        Ok(SocketStream::of(Connection::new(socket)))
    }

    /// Returns the socket, still connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::AmbientSocket;
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let socket: AmbientSocket = stream.into_socket();
    /// let (peer, _) = listener.accept().await?;
    /// assert!(peer.peer_addr().is_ok(), "it is still connected");
    /// # drop(socket);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_socket(self) -> R::Socket {
        self.connection.into_socket()
    }

    /// Returns the underlying socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    /// use anyrt_core::runtime::Socket;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert_eq!(stream.socket().local_address()?, stream.local_addr()?.into());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn socket(&self) -> &R::Socket {
        self.connection.socket()
    }

    /// Returns the local address.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (_peer, from) = listener.accept().await?;
    /// assert_eq!(stream.local_addr()?, from);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<K::Address> {
        K::address(self.socket().local_address()?)
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// The error of the operating system, for example if the peer has gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<K::Address> {
        K::address(self.socket().peer_address()?)
    }

    /// Sets an option of the socket.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{SocketOption, TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert!(stream.set_option(SocketOption::KeepAlive(true)).is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn set_option(&self, option: SocketOption) -> io::Result<()> {
        self.socket().set_option(option)
    }

    /// Creates a stream from a connection whose kind was checked.
    pub(in crate::net) fn of(connection: Connection<R::Socket>) -> SocketStream<R, K> {
        SocketStream {
            connection,
            kind: PhantomData,
        }
    }
}

impl<R: Net, K: Domain> fmt::Debug for SocketStream<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(f)
    }
}

impl<R: Net, K: Domain> Attributes for SocketStream<R, K> {
    fn provide(&self, demand: &mut Request<'_>) {
        provide_connected(self.socket(), demand);
    }
}

impl<R: Net, K: Domain> AsyncRead for SocketStream<R, K> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_read(cx, buffer)
    }
}

impl<R: Net, K: Domain> AsyncWrite for SocketStream<R, K> {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write_vectored(cx, slices)
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.connection.send_eof())
    }
}
