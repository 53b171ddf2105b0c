//! What can be connected to, as a value: a program says where, and a library when and how often.

use std::fmt;
use std::io;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::TcpConnector;
use crate::net::TcpStream;
use crate::runtime::Net;
use crate::stream::ByteStream;

#[cfg(unix)]
mod unix;
mod wrapped;

#[cfg(unix)]
pub use self::unix::UnixConnectable;
pub use self::wrapped::{BoxedStreams, BufferedConnectable, TextConnectable};

/// Something that can be connected to, any number of times.
///
/// It is made for trait objects: `Box<dyn Connectable<Stream = Box<dyn ByteStream>>>` is one too,
/// and [`BoxedStreams`] makes any into such. What wraps streams wraps connectables: there are
/// [`buffered`](Connectable::buffered), [`text`](Connectable::text), and with the feature `tls`
/// `TlsConnectable`.
///
/// A library that wants bytes asks for `Connectable<Stream: ByteStream>`.
///
/// # Contract
///
/// 1. [`connect`](Connectable::connect) MUST give a new connection each time.
/// 2. Its future MUST be cancel safe: dropped before completing, nothing stays open.
///
/// # Examples
///
/// ```
/// use anyrt_core::net::{BoxedStreams, Connectable};
/// use anyrt_core::stream::ByteStream;
///
/// type Anything = Box<dyn Connectable<Stream = Box<dyn ByteStream>>>;
///
/// fn erased(connectable: impl Connectable<Stream: ByteStream> + 'static) -> Anything {
///     Box::new(BoxedStreams(connectable))
/// }
/// ```
pub trait Connectable: Send + Sync {
    /// What connecting gives: a [`ByteStream`], as a rule, or what is made of one.
    type Stream: Send + 'static;

    /// Connects.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// What went wrong: with a [`LookupError`](crate::net::LookupError) or a
    /// [`ConnectError`](crate::net::ConnectError) inside, or what the layers above say.
    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>>;

    /// Connects to the same, and wraps the stream into a
    /// [`BufferedByteStream`](crate::stream::BufferedByteStream).
    fn buffered(self) -> BufferedConnectable<Self>
    where
        Self: Sized,
        Self::Stream: ByteStream,
    {
        BufferedConnectable::new(self)
    }

    /// Connects to the same, and wraps the stream into a
    /// [`TextStream`](crate::stream::TextStream).
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

/// A host and port to connect to by TCP.
pub struct TcpConnectable<R> {
    host: String,
    port: u16,
    connector: TcpConnector<R>,
}

impl<R: Net> TcpConnectable<R> {
    /// This host and port.
    pub fn new(host: impl Into<String>, port: u16) -> TcpConnectable<R> {
        TcpConnectable {
            host: host.into(),
            port,
            connector: TcpConnector::new(),
        }
    }

    /// The same with other options.
    #[must_use]
    pub fn connector(self, connector: TcpConnector<R>) -> TcpConnectable<R> {
        TcpConnectable { connector, ..self }
    }

    /// The host: its name, or a literal address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl<R: Net> Connectable for TcpConnectable<R> {
    type Stream = TcpStream<R>;

    fn connect(&self) -> BoxFuture<'_, io::Result<TcpStream<R>>> {
        Box::pin(self.connector.connect(&self.host, self.port))
    }
}

impl<R> Clone for TcpConnectable<R> {
    fn clone(&self) -> TcpConnectable<R> {
        TcpConnectable {
            host: self.host.clone(),
            port: self.port,
            connector: self.connector.clone(),
        }
    }
}

impl<R> fmt::Debug for TcpConnectable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnectable")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("connector", &self.connector)
            .finish()
    }
}

/// What [`as_connectable`] takes: a connectable itself, a host and a port, and on Unix systems a
/// path.
pub trait IntoConnectable<R> {
    /// What becomes of it.
    type Connectable: Connectable;

    /// Makes a connectable of it.
    fn into_connectable(self) -> Self::Connectable;
}

impl<R, C: Connectable> IntoConnectable<R> for C {
    type Connectable = C;

    fn into_connectable(self) -> C {
        self
    }
}

impl<R: Net, H: Into<String>> IntoConnectable<R> for (H, u16) {
    type Connectable = TcpConnectable<R>;

    fn into_connectable(self) -> TcpConnectable<R> {
        TcpConnectable::new(self.0, self.1)
    }
}

/// Makes a connectable of whatever can be one: a host and a port give TCP, a path gives a Unix
/// socket, and a connectable is itself.
///
/// With the feature `tls`, `TcpConnectable::tls` encrypts what it gives for a host and a port, and
/// `TlsConnectable` everything else.
pub fn as_connectable<R: Net, C: IntoConnectable<R>>(target: C) -> C::Connectable {
    target.into_connectable()
}
