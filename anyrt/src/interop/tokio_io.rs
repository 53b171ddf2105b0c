//! Byte streams as tokio's traits, and the way back; feature `tokio-io`.
//!
//! Of tokio only the traits are used: no runtime is needed, and what is wrapped runs on every
//! backend. Nothing is buffered, copied or allocated on the way.
//!
//! # Examples
//!
//! Anything that is written for tokio's traits takes a stream in [`ForTokio`], here its buffered
//! reader; what comes from there goes through anyrt in [`FromTokio`].
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::interop::tokio_io::{ForTokio, FromTokio};
//! use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
//! use tokio::io::AsyncBufReadExt;
//!
//! anyrt::run(async {
//!     let (near, far) = tokio::io::duplex(64);
//!     let mut near = FromTokio::new(near);
//!     near.send(b"a line\n").await.unwrap();
//!     near.send_eof().await.unwrap();
//!
//!     let far = FromTokio::new(far); // any byte stream of anyrt, such as a `TcpStream`
//!     let mut lines = tokio::io::BufReader::new(ForTokio::new(far)).lines();
//!     assert_eq!(lines.next_line().await.unwrap().unwrap(), "a line");
//!     assert_eq!(lines.next_line().await.unwrap(), None);
//! });
//! ```

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt_core::stream::{Attributes, Demand, SendError};
use pin_project::pin_project;
use tokio::io::ReadBuf;

/// A stream of `futures::io` as one of `tokio::io`.
///
/// `poll_shutdown` is the stream's `poll_close`. Vectored writes are passed on, and
/// `is_write_vectored` says so: `futures::io` does not tell which streams gain from them. What does
/// not gets the first slice of several, as without this wrapper.
///
/// The attributes of the stream are passed through.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::interop::tokio_io::ForTokio;
/// use tokio::io::AsyncReadExt;
///
/// let text = anyrt::run(async {
///     let mut text = String::new();
///     ForTokio::new(&b"bytes"[..]).read_to_string(&mut text).await?;
///     Ok::<_, std::io::Error>(text)
/// });
/// assert_eq!(text.unwrap(), "bytes");
/// ```
#[pin_project]
#[derive(Clone, Copy, Debug, Default)]
pub struct ForTokio<S>(#[pin] S);

impl<S> ForTokio<S> {
    /// Wraps a stream.
    pub const fn new(stream: S) -> ForTokio<S> {
        ForTokio(stream)
    }

    /// The stream itself.
    pub const fn as_inner(&self) -> &S {
        &self.0
    }

    /// The stream itself, to be changed.
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.0
    }

    /// Takes the stream out. Nothing is lost, since nothing is buffered.
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S: futures_io::AsyncRead> tokio::io::AsyncRead for ForTokio<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let initialized = buffer.initialized().len() - buffer.filled().len();
        let room = buffer.remaining().min(initialized.max(CHUNK));
        let room = buffer.initialize_unfilled_to(room);
        let read = ready!(self.project().0.poll_read(cx, room))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: futures_io::AsyncWrite> tokio::io::AsyncWrite for ForTokio<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().0.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().0.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().0.poll_close(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().0.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

impl<S: Attributes> Attributes for ForTokio<S> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.0.provide(demand);
    }
}

/// How much memory is initialised for one read at most. Somebody who hands out a large buffer that
/// is not initialised, and reads little at a time, would pay for all of it each time.
const CHUNK: usize = 16 * 1024;

/// A stream of `tokio::io` as one of `futures::io`, and as a byte stream of anyrt.
///
/// `poll_close` is the stream's `poll_shutdown`. Afterwards writing fails as
/// [closed](crate::stream::is_closed), and closing again does nothing. There are no attributes.
///
/// The stream runs where it could run without the wrapper: a socket of tokio needs tokio.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::interop::tokio_io::FromTokio;
/// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
///
/// anyrt::run(async {
///     let (near, far) = tokio::io::duplex(64);
///     let (mut near, mut far) = (FromTokio::new(near), FromTokio::new(far));
///     near.send(b"bytes").await.unwrap();
///     assert_eq!(far.receive(64).await.unwrap(), b"bytes");
/// });
/// ```
#[pin_project]
#[derive(Clone, Copy, Debug, Default)]
pub struct FromTokio<S> {
    #[pin]
    stream: S,
    sending: Sending,
}

/// How far the sending side is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sending {
    #[default]
    Open,
    /// The end is being said; it takes no more bytes.
    Ending,
    Ended,
}

impl<S> FromTokio<S> {
    /// Wraps a stream, whose sending side is taken to be open.
    pub const fn new(stream: S) -> FromTokio<S> {
        FromTokio {
            stream,
            sending: Sending::Open,
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

    /// Takes the stream out. Nothing is lost, since nothing is buffered.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: tokio::io::AsyncRead> futures_io::AsyncRead for FromTokio<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.project().stream.poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: tokio::io::AsyncWrite> FromTokio<S> {
    /// The stream, if it may be written to.
    fn writable(self: Pin<&mut Self>) -> io::Result<Pin<&mut S>> {
        let this = self.project();
        match this.sending {
            Sending::Open => Ok(this.stream),
            Sending::Ending | Sending::Ended => Err(SendError::Closed(()).into()),
        }
    }
}

impl<S: tokio::io::AsyncWrite> futures_io::AsyncWrite for FromTokio<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writable()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writable()?.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if *this.sending != Sending::Ended {
            *this.sending = Sending::Ending;
            ready!(this.stream.poll_shutdown(cx))?;
            *this.sending = Sending::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Attributes for FromTokio<S> {}
