//! Targets of connections as values: a program chooses the target, and a library connects to it when and as
//! often as it needs.

use std::io;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::runtime::Net;
use crate::stream::ByteStream;

mod tcp;
#[cfg(unix)]
mod unix;
mod wrapped;

pub use self::tcp::TcpConnectable;
#[cfg(unix)]
pub use self::unix::UnixConnectable;
pub use self::wrapped::{BoxedStreams, BufferedConnectable, TextConnectable};

/// A target that can be connected to any number of times.
///
/// The trait is dyn compatible: `Box<dyn Connectable<Stream = Box<dyn ByteStream>>>` implements it too, and
/// [`BoxedStreams`] converts any connectable of byte streams so that it can be boxed like this. Wrappers of
/// streams exist for connectables as well: [`buffered`](Connectable::buffered),
/// [`text`](Connectable::text), and with the feature `tls` `TlsConnectable`.
///
/// A library that needs byte streams requires `Connectable<Stream: ByteStream>`.
///
/// # Contract
///
/// 1. [`connect`](Connectable::connect) MUST open a new connection each time.
/// 2. Its future MUST be cancel safe: if it is dropped before completing, nothing stays open.
///
/// # Examples
///
/// ```
/// use anyrt::net::{BoxedStreams, Connectable};
/// use anyrt::stream::ByteStream;
///
/// type Anything = Box<dyn Connectable<Stream = Box<dyn ByteStream>>>;
///
/// fn erased(connectable: impl Connectable<Stream: ByteStream> + 'static) -> Anything {
///     Box::new(BoxedStreams(connectable))
/// }
/// ```
pub trait Connectable: Send + Sync {
    /// The type of a connection: usually a [`ByteStream`], or a wrapper of one.
    type Stream: Send + 'static;

    /// Opens a new connection.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// An error with a [`LookupError`](crate::net::LookupError) or a
    /// [`ConnectError`](crate::net::ConnectError) inside, or an error of a layer above.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let address = listener.local_addr()?;
    /// let server = TcpConnectable::new("127.0.0.1", address.port());
    /// assert_eq!(server.connect().await?.peer_addr()?, address);
    /// assert_eq!(server.connect().await?.peer_addr()?, address, "any number of times");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>>;

    /// Returns a connectable that wraps each stream in a
    /// [`BufferedByteStream`](crate::stream::BufferedByteStream).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpListener};
    /// use anyrt::stream::ByteSendStreamExt;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let server = TcpConnectable::new("127.0.0.1", listener.local_addr()?.port()).buffered();
    /// let mut stream = server.connect().await?;
    /// listener.accept().await?.0.send(b"hello\n").await?;
    /// assert_eq!(stream.receive_until(b"\n", 100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn buffered(self) -> BufferedConnectable<Self>
    where
        Self: Sized,
        Self::Stream: ByteStream,
    {
        BufferedConnectable::new(self)
    }

    /// Returns a connectable that wraps each stream in a [`TextStream`](crate::stream::TextStream).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpListener};
    /// use anyrt::stream::ByteSendStreamExt;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let server = TcpConnectable::new("127.0.0.1", listener.local_addr()?.port()).text();
    /// let mut stream = server.connect().await?;
    /// listener.accept().await?.0.send(b"hello").await?;
    /// assert_eq!(stream.receive().await?, "hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn text(self) -> TextConnectable<Self>
    where
        Self: Sized,
        Self::Stream: ByteStream,
    {
        TextConnectable::new(self)
    }
}

impl<C: Connectable + ?Sized> Connectable for Box<C> {
    type Stream = C::Stream;

    fn connect(&self) -> BoxFuture<'_, io::Result<C::Stream>> {
        (**self).connect()
    }
}

impl<C: Connectable + ?Sized> Connectable for Arc<C> {
    type Stream = C::Stream;

    fn connect(&self) -> BoxFuture<'_, io::Result<C::Stream>> {
        (**self).connect()
    }
}

impl<C: Connectable + ?Sized> Connectable for &C {
    type Stream = C::Stream;

    fn connect(&self) -> BoxFuture<'_, io::Result<C::Stream>> {
        (**self).connect()
    }
}

/// A conversion into a connectable, for [`as_connectable`]: from a connectable itself, from a host and a port,
/// and on Unix systems from a path.
pub trait IntoConnectable<R> {
    /// The type of the connectable.
    type Connectable: Connectable;

    /// Converts the value into a connectable.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::Ambient;
    /// use anyrt::net::{IntoConnectable, TcpConnectable};
    ///
    /// let server: TcpConnectable = IntoConnectable::<Ambient>::into_connectable(("localhost", 80));
    /// assert_eq!((server.host(), server.port()), ("localhost", 80));
    /// ```
    fn into_connectable(self) -> Self::Connectable;
}

impl<R, C: Connectable> IntoConnectable<R> for C {
    type Connectable = C;

    fn into_connectable(self) -> C {
        self
    }
}

/// Converts a value into a connectable: a host and a port become a TCP target, a path becomes a Unix
/// socket, and a connectable stays as it is.
///
/// With the feature `tls`, `TcpConnectable::tls` adds encryption to a TCP target, and `TlsConnectable` to any
/// other.
pub fn as_connectable<R: Net, C: IntoConnectable<R>>(target: C) -> C::Connectable {
    target.into_connectable()
}
