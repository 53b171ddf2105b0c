//! What can be connected to, as a value: a program says where, and a library when and how often.

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

/// Makes a connectable of whatever can be one: a host and a port give TCP, a path gives a Unix
/// socket, and a connectable is itself.
///
/// With the feature `tls`, `TcpConnectable::tls` encrypts what it gives for a host and a port, and
/// `TlsConnectable` everything else.
pub fn as_connectable<R: Net, C: IntoConnectable<R>>(target: C) -> C::Connectable {
    target.into_connectable()
}
