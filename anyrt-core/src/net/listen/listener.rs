//! Listeners of sockets, and the trait of all listeners.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::accept_error::AcceptError;
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::net::attributes::provide_socket;
use crate::net::stream::Connection;
use crate::net::{Address, Domain, Ip, SocketStream, Unix};
use crate::runtime::{Net, Socket, SocketOption};
use crate::stream::{Attributes, ByteStream, Request};
use crate::sync::{ResourceGuard, ResourceUse};

/// A source of accepted connections.
///
/// # Contract
///
/// 1. [`accept`](Listener::accept) MUST be cancel safe: a connection is either delivered, or left for the
///    next call.
/// 2. An error MUST leave the listener usable, unless it reports that the listener itself is broken. An error
///    of a single connection SHOULD NOT be reported; the next connection is awaited instead.
/// 3. Dropping it closes it. Accepted connections stay open.
pub trait Listener: Attributes + Send + Sync {
    /// The type of a connection.
    type Stream: ByteStream + 'static;

    /// Accepts a connection.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// async fn first<L: Listener>(listener: &L) -> std::io::Result<L::Stream> {
    ///     listener.accept().await
    /// }
    ///
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let client = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert_eq!(first(&listener).await?.peer_addr()?, client.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A socket that accepts TCP connections.
pub type TcpListener<R> = SocketListener<R, Ip>;

/// A Unix socket that accepts connections.
pub type UnixListener<R> = SocketListener<R, Unix>;

/// A socket that accepts connections of either [kind](Domain).
///
/// It can be shared, but only one task at a time can accept: a second one gets
/// [`Busy`](crate::error::Busy). Dropping it closes it: connections that were not accepted are reset,
/// and accepted ones stay open.
///
/// Its attributes are [`SocketFamily`](crate::net::SocketFamily), [`LocalAddress`](crate::net::LocalAddress),
/// with TCP [`LocalPort`](crate::net::LocalPort), and on Unix systems and Windows `Descriptor`. It has no remote
/// address.
pub struct SocketListener<R: Net, K: Domain> {
    socket: R::Socket,
    accepting: ResourceGuard,
    kind: PhantomData<K>,
}

impl<R: Net, K: Domain> SocketListener<R, K> {
    /// Creates a listener from a listening socket.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the socket is of another kind. If it does not listen,
    /// accepting fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let address = listener.local_addr()?;
    /// let listener = TcpListener::from_socket(listener.into_socket())?;
    /// assert_eq!(listener.local_addr()?, address);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_socket(socket: R::Socket) -> io::Result<SocketListener<R, K>> {
        K::address(socket.local_address()?)?;
        Ok(SocketListener::of(socket))
    }

    /// Returns the socket, which continues to listen.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::AmbientSocket;
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let port = listener.local_addr()?.port();
    /// let _socket: AmbientSocket = listener.into_socket();
    /// assert!(connect_tcp("127.0.0.1", port).await.is_ok(), "it continues to listen");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_socket(self) -> R::Socket {
        self.socket
    }

    /// Returns the underlying socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    /// use anyrt_core::runtime::Socket;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// assert_eq!(listener.socket().local_address()?, listener.local_addr()?.into());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn socket(&self) -> &R::Socket {
        &self.socket
    }

    /// Returns the address of the listener, with the actual port if the system chose it.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// assert_ne!(listener.local_addr()?.port(), 0, "the system chose one");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<K::Address> {
        K::address(self.socket.local_address()?)
    }

    /// Accepts a connection, and returns it with the address of the peer.
    ///
    /// Connections that broke off before they were accepted are skipped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was accepted.
    ///
    /// # Errors
    ///
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is accepting.
    /// - The error of the operating system if descriptors or memory have run out. The connection then stays
    ///   in the queue and can be accepted later, unless it was the runtime's reactor that had no room for it.
    /// - Other errors of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let client = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let (_stream, from) = listener.accept().await?;
    /// assert_eq!(from, client.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn accept(&self) -> Accept<'_, R, K> {
        Accept {
            listener: self,
            inside: None,
            operation: FallibleOperation::new(),
        }
    }

    /// Closes the listener, as dropping it does. As it takes the listener by value, no task can be accepting.
    ///
    /// The file of a Unix socket stays, and is replaced when its path is bound again.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let port = listener.local_addr()?.port();
    /// listener.close();
    /// assert!(connect_tcp("127.0.0.1", port).await.is_err());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn close(self) {
        drop(self);
    }

    /// Creates a listener from a socket whose kind was checked.
    pub(in crate::net) fn of(socket: R::Socket) -> SocketListener<R, K> {
        SocketListener {
            socket,
            accepting: ResourceGuard::new("accepting from"),
            kind: PhantomData,
        }
    }
}

impl<R: Net, K: Domain> Listener for SocketListener<R, K> {
    type Stream = SocketStream<R, K>;

    async fn accept(&self) -> io::Result<SocketStream<R, K>> {
        let (stream, _) = SocketListener::accept(self).await?;
        Ok(stream)
    }
}

impl<R: Net, K: Domain> Attributes for SocketListener<R, K> {
    fn provide(&self, demand: &mut Request<'_>) {
        provide_socket(&self.socket, demand);
    }
}

impl<R: Net, K: Domain> fmt::Debug for SocketListener<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketListener").field(&self.socket).finish()
    }
}

/// The future of [`SocketListener::accept`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Accept<'a, R: Net, K: Domain> {
    listener: &'a SocketListener<R, K>,
    /// The exclusive right to accept, from the first poll until a result.
    inside: Option<ResourceUse<'a>>,
    operation: FallibleOperation<io::Error>,
}

impl<R: Net, K: Domain> Future for Accept<'_, R, K> {
    type Output = io::Result<(SocketStream<R, K>, K::Address)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (listener, inside) = (this.listener, &mut this.inside);
        this.operation.poll(cx, |cx| {
            if inside.is_none() {
                *inside = Some(listener.accepting.enter()?);
            }
            let outcome = match listener.socket.poll_accept(cx) {
                Poll::Pending => {
                    poll_state::waits_for(Wait::Connection);
                    return Poll::Pending;
                }
                Poll::Ready(outcome) => outcome.and_then(|(socket, from)| accepted(socket, from)),
            };
            match outcome {
                Err(error) if AcceptError::of(&error) == AcceptError::Connection => {
                    // Yields first, as there may be many broken connections; the next poll tries again.
                    poll_state::yield_turn(cx.waker());
                    Poll::Pending
                }
                outcome => {
                    *inside = None;
                    Poll::Ready(outcome)
                }
            }
        })
    }
}

impl<R: Net, K: Domain> fmt::Debug for Accept<'_, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("listener", self.listener)
            .finish_non_exhaustive()
    }
}

/// Creates the stream of an accepted socket.
fn accepted<R: Net, K: Domain>(
    socket: R::Socket,
    from: Address,
) -> io::Result<(SocketStream<R, K>, K::Address)> {
    // Some systems return connections that were reset already, without an address.
    let from = K::address(from).map_err(|_| io::ErrorKind::ConnectionAborted)?;
    if K::NO_DELAY {
        // Some systems refuse if the peer has gone already. Using the stream reports that.
        drop(socket.set_option(SocketOption::NoDelay(true)));
    }
    Ok((SocketStream::of(Connection::new(socket)), from))
}
