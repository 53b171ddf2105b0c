//! Several listeners as one, and listeners of any type in a box.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures_util::future::BoxFuture;

use super::{Listener, SocketListener};
use crate::loom::atomic::{AtomicUsize, Ordering};
use crate::net::Domain;
use crate::runtime::Net;
use crate::stream::{Attributes, ByteStream, Request};

/// Several listeners as one: it accepts the connections of all of them.
///
/// The listeners have one type; [`BoxListener`] unifies different types. Dropping it closes all listeners. If
/// connections wait at several listeners, none is preferred.
///
/// Its attributes are those of the first listener that has them.
pub struct MultiListener<L> {
    listeners: Vec<L>,
    /// The index of the listener that the next call polls first, modulo their number. Relaxed suffices: it
    /// only spreads the load.
    first: AtomicUsize,
}

impl<L: Listener> MultiListener<L> {
    /// Combines several listeners. Without any, accepting never completes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, MultiListener, TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let bind = || TcpListener::bind(([127, 0, 0, 1], 0));
    /// let both = MultiListener::new([bind()?, bind()?]);
    /// for listener in both.listeners() {
    ///     let port = listener.local_addr()?.port();
    ///     let client = connect_tcp("127.0.0.1", port).await?;
    ///     assert_eq!(both.accept().await?.peer_addr()?, client.local_addr()?);
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(listeners: impl IntoIterator<Item = L>) -> MultiListener<L> {
        MultiListener {
            listeners: listeners.into_iter().collect(),
            first: AtomicUsize::new(0),
        }
    }

    /// Returns the listeners.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let listener = anyrt::net::listen_tcp(Some("localhost"), 0).await?;
    /// for one in listener.listeners() {
    ///     assert!(one.local_addr()?.ip().is_loopback());
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn listeners(&self) -> &[L] {
        &self.listeners
    }

    /// Consumes the value and returns the listeners.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let listener = anyrt::net::listen_tcp(Some("127.0.0.1"), 0).await?;
    /// assert_eq!(listener.into_listeners().len(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_listeners(self) -> Vec<L> {
        self.listeners
    }

    /// Closes all listeners, as dropping it does.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{connect_tcp, listen_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = listen_tcp(Some("127.0.0.1"), 0).await?;
    /// let port = listener.local_addr()?.port();
    /// listener.close();
    /// assert!(connect_tcp("127.0.0.1", port).await.is_err());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn close(self) {
        drop(self);
    }
}

impl<R: Net, K: Domain> MultiListener<SocketListener<R, K>> {
    /// Returns the address of the first listener. Those of [`listen_tcp`](super::listen_tcp) have one port.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) if there is no listener.
    /// - The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{connect_tcp, listen_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = listen_tcp(Some("localhost"), 0).await?;
    /// connect_tcp("localhost", listener.local_addr()?.port()).await?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<K::Address> {
        match self.listeners.first() {
            Some(first) => first.local_addr(),
            None => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "there is no listener, and so no address",
            )),
        }
    }
}

impl<L: Listener> Listener for MultiListener<L> {
    type Stream = L::Stream;

    async fn accept(&self) -> io::Result<L::Stream> {
        if let [only] = &*self.listeners {
            return only.accept().await;
        }
        let mut accepting = Vec::with_capacity(self.listeners.len());
        for listener in &self.listeners {
            accepting.push(Box::pin(listener.accept()));
        }
        if !accepting.is_empty() {
            let first = self.first.fetch_add(1, Ordering::Relaxed) % accepting.len();
            accepting.rotate_left(first);
        }
        // Accepting is cancel safe: the futures that are still pending are dropped and have accepted nothing.
        poll_fn(|cx| {
            for accept in &mut accepting {
                if let Poll::Ready(outcome) = accept.as_mut().poll(cx) {
                    return Poll::Ready(outcome);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl<L: Attributes> Attributes for MultiListener<L> {
    fn provide(&self, demand: &mut Request<'_>) {
        for listener in &self.listeners {
            listener.provide(demand);
        }
    }
}

impl<L: fmt::Debug> fmt::Debug for MultiListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MultiListener")
            .field(&self.listeners)
            .finish()
    }
}

/// A listener of any type, with connections of type `Box<dyn ByteStream>`.
pub struct BoxListener(Box<dyn AnyListener>);

impl BoxListener {
    /// Boxes a listener.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{BoxListener, Listener, TcpListener, UnixListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let tcp = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let port = tcp.local_addr()?.port();
    /// let unix = UnixListener::bind(&*dir.path().join("app.sock"))?;
    /// let listeners = [BoxListener::new(tcp), BoxListener::new(unix)];
    /// connect_tcp("127.0.0.1", port).await?;
    /// assert!(listeners[0].accept().await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new<L: Listener + 'static>(listener: L) -> BoxListener {
        BoxListener(Box::new(listener))
    }
}

/// The dyn compatible part of [`Listener`], implemented for every listener.
trait AnyListener: Attributes + Send + Sync {
    /// Accepts a connection and boxes it.
    fn accept_any(&self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>>;
}

impl<L: Listener> AnyListener for L {
    fn accept_any(&self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            let stream: Box<dyn ByteStream> = Box::new(self.accept().await?);
            Ok(stream)
        })
    }
}

impl Listener for BoxListener {
    type Stream = Box<dyn ByteStream>;

    fn accept(&self) -> impl Future<Output = io::Result<Box<dyn ByteStream>>> + Send {
        self.0.accept_any()
    }
}

impl Attributes for BoxListener {
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.provide(demand);
    }
}

impl fmt::Debug for BoxListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxListener").finish_non_exhaustive()
    }
}
