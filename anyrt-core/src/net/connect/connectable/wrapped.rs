//! Connectables that connect by another one, and wrap its stream.

use std::io;

use futures_core::future::BoxFuture;

use super::Connectable;
use crate::stream::{BufferedByteStream, ByteStream, TextStream};

/// Connects to the same, and boxes the stream.
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

/// Connects to the same, with a buffer for what is received; see [`Connectable::buffered`].
#[derive(Clone, Copy, Debug)]
pub struct BufferedConnectable<C> {
    inner: C,
}

impl<C> BufferedConnectable<C> {
    pub(super) fn new(inner: C) -> BufferedConnectable<C> {
        BufferedConnectable { inner }
    }

    /// What it connects by.
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

/// Connects to the same, and exchanges text; see [`Connectable::text`].
#[derive(Clone, Copy, Debug)]
pub struct TextConnectable<C> {
    inner: C,
    lossy: bool,
}

impl<C> TextConnectable<C> {
    pub(super) fn new(inner: C) -> TextConnectable<C> {
        TextConnectable {
            inner,
            lossy: false,
        }
    }

    /// The same, with streams that take what is no text, as [`TextStream::lossy`].
    #[must_use]
    pub fn lossy(self) -> TextConnectable<C> {
        TextConnectable {
            lossy: true,
            ..self
        }
    }

    /// What it connects by.
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
