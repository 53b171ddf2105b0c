//! One end of a connection: the ends of two pipes.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::{MemoryByteReceiveStream, MemoryByteSendStream};
use crate::stream::Attributes;

/// One end of a [`memory_byte_stream`](super::memory_byte_stream).
#[derive(Debug)]
pub struct MemoryByteStream {
    send_stream: MemoryByteSendStream,
    receive_stream: MemoryByteReceiveStream,
}

impl MemoryByteStream {
    pub(super) fn new(
        send_stream: MemoryByteSendStream,
        receive_stream: MemoryByteReceiveStream,
    ) -> MemoryByteStream {
        MemoryByteStream {
            send_stream,
            receive_stream,
        }
    }

    /// Splits the stream into its sending and its receiving direction, for two tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (near, mut far) = memory_byte_stream(4);
    /// let (mut sender, mut receiver) = near.into_parts();
    /// let echo = async {
    ///     let bytes = far.receive(4).await?;
    ///     far.send(&bytes).await
    /// };
    /// let (sent, received, echoed) =
    ///     anyrt::gather((sender.send(b"ping"), receiver.receive(4), echo)).await;
    /// assert_eq!(received?, b"ping");
    /// # sent?; echoed?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_parts(self) -> (MemoryByteSendStream, MemoryByteReceiveStream) {
        (self.send_stream, self.receive_stream)
    }

    /// Breaks the connection, like a network that fails. Receiving and sending of the peer fail as
    /// [broken](crate::stream::is_broken) from now on, and bytes in transit are lost.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, is_broken, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (near, mut far) = memory_byte_stream(4);
    /// near.reset();
    /// assert!(is_broken(&far.receive(4).await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn reset(self) {
        self.send_stream.reset();
        self.receive_stream.reset();
    }
}

impl AsyncRead for MemoryByteStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.receive_stream).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.receive_stream).poll_read_vectored(cx, buffers)
    }
}

impl AsyncWrite for MemoryByteStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.send_stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.send_stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.send_stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.send_stream).poll_close(cx)
    }
}

impl Attributes for MemoryByteStream {}
