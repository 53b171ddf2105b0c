//! [`WithoutAttributes`]: a wrapper that gives a foreign stream an empty set of attributes.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::stream::Attributes;

/// A wrapper that makes a byte stream of a foreign stream, without attributes.
///
/// All behavior is that of the foreign stream. For example, sending after the end fails with the error of
/// that stream, which may differ from [closed](super::super::is_closed).
///
/// # Examples
///
/// ```
/// use anyrt::stream::{WithoutAttributes, ByteReceiveStream, ByteReceiveStreamExt};
///
/// async fn first_byte(mut stream: impl ByteReceiveStream) -> std::io::Result<u8> {
///     Ok(stream.receive(1).await?[0])
/// }
///
/// let byte = first_byte(WithoutAttributes(&b"bytes"[..]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WithoutAttributes<S>(pub S);

impl<S> Attributes for WithoutAttributes<S> {}

impl<S: AsyncRead + Unpin> AsyncRead for WithoutAttributes<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read_vectored(cx, buffers)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithoutAttributes<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
