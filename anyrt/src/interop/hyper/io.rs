use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt_core::stream::{Attributes, Demand};
use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

/// A byte stream as hyper's connections want it.
///
/// Every stream of `futures::io` will do. `poll_shutdown` is the stream's `poll_close`. Vectored
/// writes are passed on, and `is_write_vectored` says so: `futures::io` does not tell which streams
/// gain from them. What does not gets the first slice of several.
///
/// What is read is copied once: hyper's buffers cannot be lent to a stream without `unsafe`. The
/// memory for it is as large as hyper's own buffer was at most, but not larger than 64 KiB; it is
/// 8 KiB for a connection that has only seen small messages.
///
/// The attributes of the stream are passed through.
///
/// # Examples
///
/// See [the module](super).
#[derive(Default)]
pub struct HyperIo<S> {
    stream: S,
    /// Where bytes are read to before hyper gets them. Nothing stays in it from read to read.
    scratch: Vec<u8>,
}

impl<S> HyperIo<S> {
    /// Wraps a stream.
    pub const fn new(stream: S) -> HyperIo<S> {
        HyperIo {
            stream,
            scratch: Vec::new(),
        }
    }

    /// The stream itself.
    pub const fn as_inner(&self) -> &S {
        &self.stream
    }

    /// The stream itself, to be changed.
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Takes the stream out. Nothing is lost, since nothing is buffered here.
    ///
    /// hyper may have read more than it used: what it gives back beside the stream comes first.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Read for HyperIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let room = cursor.remaining().min(CHUNK);
        if this.scratch.len() < room {
            this.scratch.resize(room, 0);
        }
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, &mut this.scratch[..room]))?;
        cursor.put_slice(&this.scratch[..read]);
        Poll::Ready(Ok(()))
    }
}

/// How much is read at once at most.
const CHUNK: usize = 64 * 1024;

impl<S: AsyncWrite + Unpin> Write for HyperIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

impl<S: fmt::Debug> fmt::Debug for HyperIo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HyperIo").field(&self.stream).finish()
    }
}

impl<S: Attributes> Attributes for HyperIo<S> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.stream.provide(demand);
    }
}
