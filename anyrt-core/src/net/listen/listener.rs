use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::accept_error::AcceptError;
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::net::attributes::provide_socket;
use crate::net::stream::Connection;
use crate::net::{Address, Internet, Kind, SocketStream, Unix};
use crate::runtime::{Net, Socket, SocketOption};
use crate::stream::{Attributes, ByteStream, Demand};
use crate::sync::{ResourceGuard, ResourceUse};

/// Something that connections are accepted from.
///
/// # Contract
///
/// 1. [`accept`](Listener::accept) MUST be cancel safe: a connection is either delivered, or is there
///    for the next call.
/// 2. An error MUST leave the listener usable, unless it says that the listener itself is broken. What
///    went wrong with one connection only SHOULD NOT be reported: the next one is waited for.
/// 3. Dropping it closes it. What was accepted lives on.
pub trait Listener: Attributes + Send + Sync {
    /// What a connection is.
    type Stream: ByteStream + 'static;

    /// Accepts a connection.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was accepted.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A socket that accepts TCP connections.
pub type TcpListener<R> = SocketListener<R, Internet>;

/// A Unix socket that accepts connections.
pub type UnixListener<R> = SocketListener<R, Unix>;

/// A socket that accepts connections of either [kind](Kind).
///
/// It can be shared, but one task at a time accepts: a second one gets
/// [`Busy`](crate::error::Busy). Dropping it closes it; connections that nobody accepted are reset,
/// those that were accepted live on.
///
/// Its attributes are [`SocketFamily`](crate::net::SocketFamily), [`LocalAddress`](crate::net::LocalAddress),
/// with TCP [`LocalPort`](crate::net::LocalPort), and on Unix systems `Descriptor`. It has no remote ones.
pub struct SocketListener<R: Net, K: Kind> {
    socket: R::Socket,
    accepting: ResourceGuard,
    kind: PhantomData<K>,
}

impl<R: Net, K: Kind> SocketListener<R, K> {
    /// Takes over a socket that is listening.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is of another kind. That it is not
    /// listening shows when connections are to be accepted.
    pub fn from_socket(socket: R::Socket) -> io::Result<SocketListener<R, K>> {
        K::address(socket.local_address()?)?;
        Ok(SocketListener::of(socket))
    }

    /// Takes the socket out, which goes on listening.
    pub fn into_socket(self) -> R::Socket {
        self.socket
    }

    /// The socket itself.
    pub fn socket(&self) -> &R::Socket {
        &self.socket
    }

    /// The address that it listens at, with the port that it was given.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<K::Address> {
        K::address(self.socket.local_address()?)
    }

    /// Accepts a connection, and says where it comes from.
    ///
    /// Connections that broke off before they were accepted are passed over.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was accepted.
    ///
    /// # Errors
    ///
    /// - [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another task is accepting.
    /// - What the system says if there is no descriptor or memory left. The connection stays in the
    ///   queue then, and can be accepted later; unless it was the runtime's reactor that had no room
    ///   for it.
    /// - What else the system says.
    pub fn accept(&self) -> Accept<'_, R, K> {
        Accept {
            listener: self,
            inside: None,
            operation: FallibleOperation::new(),
        }
    }

    /// Closes the listener, as dropping it does. Nobody can be accepting then, which the compiler
    /// sees to.
    ///
    /// The file of a Unix socket stays, and is replaced when somebody binds its path again.
    pub fn close(self) {
        drop(self);
    }

    pub(in crate::net) fn of(socket: R::Socket) -> SocketListener<R, K> {
        SocketListener {
            socket,
            accepting: ResourceGuard::new("accepting from"),
            kind: PhantomData,
        }
    }
}

impl<R: Net, K: Kind> Listener for SocketListener<R, K> {
    type Stream = SocketStream<R, K>;

    async fn accept(&self) -> io::Result<SocketStream<R, K>> {
        let (stream, _) = SocketListener::accept(self).await?;
        Ok(stream)
    }
}

impl<R: Net, K: Kind> Attributes for SocketListener<R, K> {
    fn provide(&self, demand: &mut Demand<'_>) {
        provide_socket(&self.socket, demand);
    }
}

impl<R: Net, K: Kind> fmt::Debug for SocketListener<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketListener").field(&self.socket).finish()
    }
}

/// The future of [`SocketListener::accept`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Accept<'a, R: Net, K: Kind> {
    listener: &'a SocketListener<R, K>,
    inside: Option<ResourceUse<'a>>,
    operation: FallibleOperation<io::Error>,
}

impl<R: Net, K: Kind> Future for Accept<'_, R, K> {
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
                    // Others have their turn first: there may be many of these.
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

impl<R: Net, K: Kind> fmt::Debug for Accept<'_, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("listener", self.listener)
            .finish_non_exhaustive()
    }
}

fn accepted<R: Net, K: Kind>(
    socket: R::Socket,
    from: Address,
) -> io::Result<(SocketStream<R, K>, K::Address)> {
    // Some systems hand out connections that were reset already, without an address.
    let from = K::address(from).map_err(|_| io::ErrorKind::ConnectionAborted)?;
    if K::NO_DELAY {
        // Some systems refuse where the peer has gone already. The stream says so itself.
        drop(socket.set_option(SocketOption::NoDelay(true)));
    }
    Ok((SocketStream::of(Connection::new(socket)), from))
}
