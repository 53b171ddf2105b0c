//! The sending end of a pipe: a shell around [`Pipe`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;

use super::pipe::Pipe;
use crate::loom::Arc;
use crate::stream::Attributes;

/// The sending end of a [`memory_byte_pipe`](super::memory_byte_pipe).
///
/// After it is dropped or closed, the other end receives the bytes that were sent, and then the end of the
/// stream.
#[derive(Debug)]
pub struct MemoryByteSendStream(Arc<Pipe>);

impl MemoryByteSendStream {
    pub(super) fn new(pipe: Arc<Pipe>) -> MemoryByteSendStream {
        MemoryByteSendStream(pipe)
    }

    pub(super) fn reset(&self) {
        self.0.reset();
    }

    /// Sends bytes through a shared reference. One task at a time may wait.
    pub(crate) fn poll_send(
        &self,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_send(cx, slices)
    }
}

impl AsyncWrite for MemoryByteSendStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.end();
        Poll::Ready(Ok(()))
    }
}

impl Attributes for MemoryByteSendStream {}

impl Drop for MemoryByteSendStream {
    fn drop(&mut self) {
        self.0.end();
    }
}
