use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsStream;
use crate::loom::Arc;
use crate::stream::shared::{Half, Shared};
use crate::stream::{Attributes, ByteStream, Demand};

/// The sending half of a [`TlsStream`] that was [split](TlsStream::into_split).
///
/// [`send_eof`] and [`close`] do what they do for the whole stream: with TLS 1.3, either ends this
/// direction and leaves the other open; with TLS 1.2, `send_eof` is refused unless the peer has ended
/// its side, and `close` ends both directions. Dropping it sends nothing: once the other half is
/// dropped too, a peer that was not told of the end sees a connection that is cut off.
///
/// [`send_eof`]: crate::stream::ByteSendStreamExt::send_eof
/// [`close`]: crate::stream::ByteSendStreamExt::close
pub struct TlsSendHalf<S>(Arc<Shared<TlsStream<S>>>);

/// The receiving half of a [`TlsStream`] that was [split](TlsStream::into_split).
///
/// Dropping it leaves the other half open.
pub struct TlsReceiveHalf<S>(Arc<Shared<TlsStream<S>>>);

impl<S> TlsStream<S> {
    /// Splits the stream into two halves, for two tasks: one to send, one to receive.
    ///
    /// The halves have the attributes of the stream. They share its session, and one of them at a time
    /// uses it: a half that finds it in use waits for the other, but for no longer than one of its polls
    /// takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, ByteStream};
    /// use anyrt_core::tls::TlsStream;
    /// use futures_util::future::join;
    ///
    /// async fn ask<S: ByteStream>(stream: TlsStream<S>) -> std::io::Result<Vec<u8>> {
    ///     let (mut send, mut receive) = stream.into_split();
    ///     let (sent, received) = join(send.send(b"question"), receive.receive(100)).await;
    ///     sent?;
    ///     send.close().await?;
    ///     received
    /// }
    /// ```
    pub fn into_split(self) -> (TlsSendHalf<S>, TlsReceiveHalf<S>) {
        let shared = Arc::new(Shared::new(self));
        (TlsSendHalf(shared.clone()), TlsReceiveHalf(shared))
    }
}

impl<S> TlsReceiveHalf<S> {
    /// Makes one stream of the halves again.
    ///
    /// # Errors
    ///
    /// Returns the halves if they are not of one stream.
    pub fn reunite(
        self,
        send: TlsSendHalf<S>,
    ) -> Result<TlsStream<S>, (TlsSendHalf<S>, TlsReceiveHalf<S>)> {
        if !Arc::ptr_eq(&self.0, &send.0) {
            return Err((send, self));
        }
        drop(send);
        let Some(shared) = Arc::into_inner(self.0) else {
            unreachable!("there are two halves, and no more");
        };
        Ok(shared.into_inner())
    }
}

impl<S: ByteStream> AsyncRead for TlsReceiveHalf<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Half::Receive, cx, |stream, cx| {
            Pin::new(stream).poll_read(cx, buffer)
        })
    }
}

impl<S: ByteStream> AsyncWrite for TlsSendHalf<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Half::Send, cx, |stream, cx| {
            Pin::new(stream).poll_write(cx, bytes)
        })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(Half::Send, cx, |stream, cx| {
            Pin::new(stream).poll_write_vectored(cx, slices)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0
            .poll(Half::Send, cx, |stream, cx| Pin::new(stream).poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self
            .0
            .poll(Half::Send, cx, |stream, cx| Pin::new(stream).poll_close(cx));
        if polled.is_ready() {
            // Closing may have read ahead what the other half waits for.
            self.0.wake(Half::Receive);
        }
        polled
    }
}

impl<S: Attributes> Attributes for TlsSendHalf<S> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.0.look(|stream| stream.provide(demand));
    }
}

impl<S: Attributes> Attributes for TlsReceiveHalf<S> {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.0.look(|stream| stream.provide(demand));
    }
}

impl<S> fmt::Debug for TlsSendHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSendHalf").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for TlsReceiveHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsReceiveHalf").finish_non_exhaustive()
    }
}
