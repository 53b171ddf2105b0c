//! The sending and the receiving half of a stream, which share its connection.

use std::fmt;
use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::SocketStream;
use super::connection::Connection;
use crate::loom::Arc;
use crate::net::Domain;
use crate::net::attributes::provide_connected;
use crate::runtime::Net;
use crate::stream::{Attributes, Request};

/// The sending and the receiving half of one connection.
type Halves<R, K> = (SendHalf<R, K>, ReceiveHalf<R, K>);

impl<R: Net, K: Domain> SocketStream<R, K> {
    /// Splits the stream into two halves, so that one task can send and another receive.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (mut peer, _) = listener.accept().await?;
    /// let (mut send, mut receive) = stream.into_split();
    /// let echo = async {
    ///     let bytes = peer.receive(100).await?;
    ///     peer.send(&bytes).await
    /// };
    /// let (_, answer, _) = anyrt::gather((send.send(b"ping"), receive.receive(100), echo)).await;
    /// assert_eq!(answer?, b"ping");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (SendHalf<R, K>, ReceiveHalf<R, K>) {
        of(self.connection)
    }
}

/// Splits a connection into its halves.
fn of<R: Net, K: Domain>(connection: Connection<R::Socket>) -> Halves<R, K> {
    let connection = Arc::new(connection);
    let receive = ReceiveHalf {
        connection: connection.clone(),
        kind: PhantomData,
    };
    let send = SendHalf {
        connection,
        ends: true,
        kind: PhantomData,
    };
    (send, receive)
}

/// The receiving half of a connection that was [split](SocketStream::into_split).
///
/// Dropping it leaves the sending half open.
pub struct ReceiveHalf<R: Net, K: Domain> {
    connection: Arc<Connection<R::Socket>>,
    kind: PhantomData<K>,
}

/// The sending half of a connection that was [split](SocketStream::into_split).
///
/// Dropping it shuts down the sending side, and leaves the receiving half open.
pub struct SendHalf<R: Net, K: Domain> {
    connection: Arc<Connection<R::Socket>>,
    /// Whether dropping the half shuts down the sending side; false once it is reunited.
    ends: bool,
    kind: PhantomData<K>,
}

impl<R: Net, K: Domain> ReceiveHalf<R, K> {
    /// Closes the connection in both directions, and thereby the other half: its pending and later operations
    /// fail with an error that [is closed](crate::stream::is_closed).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    /// use anyrt::stream::{ByteSendStreamExt, is_closed};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (mut send, receive) = stream.into_split();
    /// receive.close_connection();
    /// assert!(is_closed(&send.send(b"late").await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn close_connection(&self) {
        self.connection.close();
    }

    /// Reunites the two halves of a stream.
    ///
    /// # Errors
    ///
    /// Returns both halves if they do not belong to the same connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (send, receive) = stream.into_split();
    /// let stream = receive.reunite(send).unwrap();
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn reunite(self, mut send: SendHalf<R, K>) -> Result<SocketStream<R, K>, Halves<R, K>> {
        if !Arc::ptr_eq(&self.connection, &send.connection) {
            return Err((send, self));
        }
        send.ends = false;
        drop(send);
        let Some(connection) = Arc::into_inner(self.connection) else {
            unreachable!("a connection has exactly two halves");
        };
        Ok(SocketStream::of(connection))
    }
}

impl<R: Net, K: Domain> SendHalf<R, K> {
    /// Closes the connection in both directions, and thereby the other half: its pending and later operations
    /// fail with an error that [is closed](crate::stream::is_closed).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, is_closed};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let stream = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (send, mut receive) = stream.into_split();
    /// send.close_connection();
    /// assert!(is_closed(&receive.receive(100).await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn close_connection(&self) {
        self.connection.close();
    }
}

impl<R: Net, K: Domain> Drop for SendHalf<R, K> {
    fn drop(&mut self) {
        if self.ends {
            // An error is not reported: the connection has failed already.
            drop(self.connection.send_eof());
        }
    }
}

impl<R: Net, K: Domain> AsyncRead for ReceiveHalf<R, K> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_read(cx, buffer)
    }
}

impl<R: Net, K: Domain> AsyncWrite for SendHalf<R, K> {
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

impl<R: Net, K: Domain> Attributes for ReceiveHalf<R, K> {
    fn provide(&self, demand: &mut Request<'_>) {
        provide_connected(self.connection.socket(), demand);
    }
}

impl<R: Net, K: Domain> Attributes for SendHalf<R, K> {
    fn provide(&self, demand: &mut Request<'_>) {
        provide_connected(self.connection.socket(), demand);
    }
}

impl<R: Net, K: Domain> fmt::Debug for ReceiveHalf<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceiveHalf")
            .field(&self.connection)
            .finish()
    }
}

impl<R: Net, K: Domain> fmt::Debug for SendHalf<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendHalf").field(&self.connection).finish()
    }
}
