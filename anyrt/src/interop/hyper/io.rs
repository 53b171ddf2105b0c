//! A byte stream as an I/O object of hyper.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt_core::stream::{Attributes, Request};
use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

/// A wrapper that makes a byte stream an I/O object of hyper.
///
/// It accepts every stream of `futures::io`. `poll_shutdown` calls `poll_close` of the stream. Vectored
/// writes are passed on. `is_write_vectored` returns `true`, because `futures::io` does not report which
/// streams support them. A stream that does not support them gets the first slice.
///
/// Received bytes are copied once, because a stream cannot read into hyper's buffers without `unsafe`.
/// The memory for that is as large as the largest of hyper's own buffers so far, but not larger than 64
/// KiB; it is 8 KiB for a connection that has only received small messages.
///
/// The attributes of the stream are passed through.
///
/// # Examples
///
/// See [the module](super).
#[derive(Default)]
pub struct HyperIo<S> {
    stream: S,
    /// The buffer that bytes are read into before they are copied to hyper. It has no data between
    /// reads.
    scratch: Vec<u8>,
}

impl<S> HyperIo<S> {
    /// Wraps a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperIo;
    /// use anyrt::stream::memory_byte_stream;
    ///
    /// fn accepts(_: impl hyper::rt::Read + hyper::rt::Write) {}
    ///
    /// let (near, _far) = memory_byte_stream(64);
    /// accepts(HyperIo::new(near));
    /// ```
    pub const fn new(stream: S) -> HyperIo<S> {
        HyperIo {
            stream,
            scratch: Vec::new(),
        }
    }

    /// Returns a reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperIo;
    ///
    /// assert_eq!(HyperIo::new(&b"bytes"[..]).as_inner(), b"bytes");
    /// ```
    pub const fn as_inner(&self) -> &S {
        &self.stream
    }

    /// Returns a mutable reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperIo;
    ///
    /// let mut io = HyperIo::new(&b"bytes"[..]);
    /// *io.as_inner_mut() = b"other bytes";
    /// assert_eq!(io.into_inner(), b"other bytes");
    /// ```
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the stream. The wrapper does not buffer, so it loses no data.
    ///
    /// hyper may have read more bytes than it used. It returns them next to the stream; they come before
    /// the rest of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::hyper::HyperIo;
    ///
    /// assert_eq!(HyperIo::new(&b"bytes"[..]).into_inner(), b"bytes");
    /// ```
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

/// The most bytes that one read returns.
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
    fn provide(&self, demand: &mut Request<'_>) {
        self.stream.provide(demand);
    }
}
