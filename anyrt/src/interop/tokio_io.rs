//! Adapters between byte streams and tokio's I/O traits; feature `tokio-io`.
//!
//! Only the traits of tokio are used: no runtime is needed, and wrapped streams run on every backend.
//! The wrappers do not buffer, copy or allocate.
//!
//! # Examples
//!
//! Crates that are written for tokio's traits accept a stream in [`ForTokio`], such as tokio's buffered
//! reader here. A stream of such a crate is used by anyrt in [`FromTokio`].
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

use anyrt_core::stream::{Attributes, Request, SendError};
use pin_project::pin_project;
use tokio::io::ReadBuf;

/// A wrapper that makes a `futures::io` stream a `tokio::io` stream.
///
/// `poll_shutdown` calls `poll_close` of the stream. Vectored writes are passed on. `is_write_vectored`
/// returns `true`, because `futures::io` does not report which streams support them. A stream that does
/// not support them gets the first slice, as without this wrapper.
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::ForTokio;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let mut bytes = Vec::new();
    /// ForTokio::new(&b"bytes"[..]).read_to_end(&mut bytes).await.unwrap();
    /// assert_eq!(bytes, b"bytes");
    /// # });
    /// ```
    pub const fn new(stream: S) -> ForTokio<S> {
        ForTokio(stream)
    }

    /// Returns a reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::ForTokio;
    ///
    /// assert_eq!(ForTokio::new(&b"bytes"[..]).as_inner(), b"bytes");
    /// ```
    pub const fn as_inner(&self) -> &S {
        &self.0
    }

    /// Returns a mutable reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::ForTokio;
    ///
    /// let mut stream = ForTokio::new(&b"bytes"[..]);
    /// *stream.as_inner_mut() = b"other bytes";
    /// assert_eq!(stream.into_inner(), b"other bytes");
    /// ```
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.0
    }

    /// Returns the stream. No data is lost, since the wrapper does not buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::ForTokio;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let mut stream = ForTokio::new(&b"to be"[..]);
    /// stream.read_exact(&mut [0; 3]).await.unwrap();
    /// assert_eq!(stream.into_inner(), b"be");
    /// # });
    /// ```
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
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.provide(demand);
    }
}

/// The most bytes that are initialized for one read. If the caller's buffer is large and not
/// initialized, and each read returns little, initializing all of it every time would be expensive.
const CHUNK: usize = 16 * 1024;

/// A wrapper that makes a `tokio::io` stream a `futures::io` stream, and a byte stream of anyrt.
///
/// `poll_close` calls `poll_shutdown` of the stream. Afterwards writing fails as
/// [closed](crate::stream::is_closed), and closing again has no effect. There are no attributes.
///
/// The wrapper does not change where the stream can run: a socket of tokio needs tokio.
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

/// The state of the sending side. It moves from `Open` through `Ending` to `Ended` as it is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sending {
    #[default]
    Open,
    /// `poll_shutdown` was called and is not complete. Writing fails.
    Ending,
    Ended,
}

impl<S> FromTokio<S> {
    /// Wraps a stream with an open sending side.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::FromTokio;
    /// use anyrt::stream::ByteReceiveStreamExt;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// # anyrt::run(async {
    /// let (near, mut far) = tokio::io::duplex(64);
    /// tokio::io::AsyncWriteExt::write_all(&mut far, b"hello").await.unwrap();
    /// assert_eq!(FromTokio::new(near).receive(64).await.unwrap(), b"hello");
    /// # });
    /// ```
    pub const fn new(stream: S) -> FromTokio<S> {
        FromTokio {
            stream,
            sending: Sending::Open,
        }
    }

    /// Returns a reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::FromTokio;
    ///
    /// assert_eq!(FromTokio::new(&b"bytes"[..]).as_inner(), b"bytes");
    /// ```
    pub const fn as_inner(&self) -> &S {
        &self.stream
    }

    /// Returns a mutable reference to the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::FromTokio;
    ///
    /// let mut stream = FromTokio::new(&b"bytes"[..]);
    /// *stream.as_inner_mut() = b"other bytes";
    /// assert_eq!(stream.into_inner(), b"other bytes");
    /// ```
    pub const fn as_inner_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the stream. No data is lost, since the wrapper does not buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::interop::tokio_io::FromTokio;
    ///
    /// assert_eq!(FromTokio::new(&b"bytes"[..]).into_inner(), b"bytes");
    /// ```
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
    /// Returns the stream if its sending side is open, or else the error of a closed stream.
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
