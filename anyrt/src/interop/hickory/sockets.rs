//! The sockets of hickory.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::net::Address;
use anyrt_core::runtime::{Net, Socket, SocketSpec};
use anyrt_core::stream::{Attributes, Request};
use futures_io::{AsyncRead, AsyncWrite};
use hickory_net::runtime::{DnsTcpStream, DnsUdpSocket};

use super::HickoryTime;
use crate::net::TcpStream;
use crate::{Ambient, AmbientSocket};

/// A UDP socket for hickory.
///
/// One task at a time receives from it, and one sends, as hickory does.
#[derive(Debug)]
pub struct HickoryUdpSocket(AmbientSocket);

impl HickoryUdpSocket {
    /// Binds a socket to an address; with port 0, the system chooses a free port.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::hickory::HickoryUdpSocket;
    ///
    /// anyrt::run(async {
    ///     let socket = HickoryUdpSocket::bind(([127, 0, 0, 1], 0))?;
    ///     // hickory gives it to the tasks of the provider.
    ///     # drop(socket);
    ///     # Ok::<_, std::io::Error>(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<HickoryUdpSocket> {
        let at = Address::Ip(address.into());
        let purpose = SocketSpec::Datagram {
            at: Some(&at),
            to: None,
        };
        Ok(HickoryUdpSocket(Ambient::socket(purpose, &[])?))
    }
}

impl DnsUdpSocket for HickoryUdpSocket {
    type Time = HickoryTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.0
            .poll_receive_from(cx, buffer)
            .map(|received| match received? {
                (length, Address::Ip(from)) => Ok((length, from)),
                _ => Err(io::ErrorKind::InvalidData.into()),
            })
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        packet: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, packet, &Address::Ip(target))
    }
}

/// A TCP connection for hickory: a [`TcpStream`].
///
/// The attributes of the stream are passed through.
#[derive(Debug)]
pub struct HickoryTcpStream(pub(super) TcpStream);

impl HickoryTcpStream {
    /// Wraps a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::hickory::HickoryTcpStream;
    ///
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let server = listener.local_addr()?.port();
    /// anyrt::run(async {
    ///     let stream = anyrt::net::connect_tcp("127.0.0.1", server).await?;
    ///     let peer = HickoryTcpStream::new(stream).into_inner().peer_addr()?;
    ///     assert_eq!(peer.port(), server);
    ///     # Ok::<_, std::io::Error>(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub const fn new(stream: TcpStream) -> HickoryTcpStream {
        HickoryTcpStream(stream)
    }

    /// Returns a reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::hickory::HickoryTcpStream;
    ///
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let server = listener.local_addr()?.port();
    /// anyrt::run(async {
    ///     let stream = anyrt::net::connect_tcp("127.0.0.1", server).await?;
    ///     let stream = HickoryTcpStream::new(stream);
    ///     assert_eq!(stream.as_inner().peer_addr()?.port(), server);
    ///     # Ok::<_, std::io::Error>(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub const fn as_inner(&self) -> &TcpStream {
        &self.0
    }

    /// Returns the stream. The wrapper does not buffer, so it loses no data.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hickory::HickoryTcpStream;
    /// use anyrt::stream::ByteSendStreamExt;
    ///
    /// /// Tells the server that there are no more requests.
    /// async fn finish(stream: HickoryTcpStream) -> std::io::Result<()> {
    ///     stream.into_inner().send_eof().await
    /// }
    /// ```
    pub fn into_inner(self) -> TcpStream {
        self.0
    }
}

impl DnsTcpStream for HickoryTcpStream {
    type Time = HickoryTime;
}

impl AsyncRead for HickoryTcpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for HickoryTcpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

impl Attributes for HickoryTcpStream {
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.provide(demand);
    }
}
