//! The receiving end of a pipe: a shell around [`Pipe`].

use std::io::{self, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncRead;

use super::pipe::Pipe;
use crate::loom::Arc;
use crate::stream::Attributes;

/// The receiving end of a [`memory_byte_pipe`](super::memory_byte_pipe).
///
/// After it is dropped, sending fails as [broken](crate::stream::is_broken).
#[derive(Debug)]
pub struct MemoryByteReceiveStream(Arc<Pipe>);

impl MemoryByteReceiveStream {
    pub(super) fn new(pipe: Arc<Pipe>) -> MemoryByteReceiveStream {
        MemoryByteReceiveStream(pipe)
    }

    pub(super) fn reset(&self) {
        self.0.reset();
    }

    /// Receives bytes through a shared reference. One task at a time may wait.
    pub(crate) fn poll_receive(
        &self,
        cx: &Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_receive(cx, buffers)
    }
}

impl AsyncRead for MemoryByteReceiveStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_receive(cx, &mut [IoSliceMut::new(buffer)])
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_receive(cx, buffers)
    }
}

impl Attributes for MemoryByteReceiveStream {}

impl Drop for MemoryByteReceiveStream {
    fn drop(&mut self) {
        self.0.break_off();
    }
}
