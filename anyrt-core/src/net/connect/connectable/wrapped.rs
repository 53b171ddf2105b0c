//! Connectables that wrap the streams of another one.

use std::io;

use futures_core::future::BoxFuture;

use super::Connectable;
use crate::stream::{BufferedByteStream, ByteStream, TextStream};

/// A connectable that boxes the streams of another one.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it wraps, and nothing else")]
pub struct BoxedStreams<C>(pub C);

impl<C: Connectable<Stream: ByteStream>> Connectable for BoxedStreams<C> {
    type Stream = Box<dyn ByteStream>;

    fn connect(&self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async {
            let stream = self.0.connect().await?;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}

/// A connectable that adds a receive buffer to the streams of another one; see [`Connectable::buffered`].
#[derive(Clone, Copy, Debug)]
pub struct BufferedConnectable<C> {
    inner: C,
}

impl<C> BufferedConnectable<C> {
    /// Wraps a connectable.
    pub(super) fn new(inner: C) -> BufferedConnectable<C> {
        BufferedConnectable { inner }
    }

    /// Returns the wrapped connectable.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable};
    ///
    /// let server = TcpConnectable::new("localhost", 80).buffered();
    /// assert_eq!(server.as_inner().host(), "localhost");
    /// ```
    pub fn as_inner(&self) -> &C {
        &self.inner
    }
}

impl<C: Connectable<Stream: ByteStream>> Connectable for BufferedConnectable<C> {
    type Stream = BufferedByteStream<C::Stream>;

    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>> {
        Box::pin(async { Ok(BufferedByteStream::new(self.inner.connect().await?)) })
    }
}

/// A connectable that makes the streams of another one text streams; see [`Connectable::text`].
#[derive(Clone, Copy, Debug)]
pub struct TextConnectable<C> {
    inner: C,
    lossy: bool,
}

impl<C> TextConnectable<C> {
    /// Wraps a connectable; its streams are strict.
    pub(super) fn new(inner: C) -> TextConnectable<C> {
        TextConnectable {
            inner,
            lossy: false,
        }
    }

    /// Makes the streams accept bytes that are not UTF-8, as [`TextStream::lossy`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpListener};
    /// use anyrt::stream::ByteSendStreamExt;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let server = TcpConnectable::new("127.0.0.1", listener.local_addr()?.port()).text().lossy();
    /// let mut stream = server.connect().await?;
    /// listener.accept().await?.0.send(b"to\xff").await?;
    /// assert_eq!(stream.receive().await?, "to\u{fffd}");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn lossy(self) -> TextConnectable<C> {
        TextConnectable {
            lossy: true,
            ..self
        }
    }

    /// Returns the wrapped connectable.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable};
    ///
    /// let server = TcpConnectable::new("localhost", 80).text();
    /// assert_eq!(server.as_inner().port(), 80);
    /// ```
    pub fn as_inner(&self) -> &C {
        &self.inner
    }
}

impl<C: Connectable<Stream: ByteStream>> Connectable for TextConnectable<C> {
    type Stream = TextStream<C::Stream>;

    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>> {
        Box::pin(async {
            let stream = self.inner.connect().await?;
            Ok(if self.lossy {
                TextStream::lossy(stream)
            } else {
                TextStream::new(stream)
            })
        })
    }
}
