//! The halves of a split [`TlsStream`]. They share it through [`Shared`], which has the protocol between
//! them.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsStream;
use crate::loom::Arc;
use crate::stream::shared::{Half, Shared};
use crate::stream::{Attributes, ByteStream, Request};

/// The sending half of a [`TlsStream`], created by [`into_split`](TlsStream::into_split).
///
/// [`send_eof`] and [`close`] work as for the whole stream: with TLS 1.3, either ends this direction and
/// leaves the other open; with TLS 1.2, `send_eof` fails unless the peer has ended its side, and `close` ends
/// both directions. Dropping this half sends nothing: if the end was not sent, the peer sees a broken
/// connection once the other half is dropped too.
///
/// [`send_eof`]: crate::stream::ByteSendStreamExt::send_eof
/// [`close`]: crate::stream::ByteSendStreamExt::close
pub struct TlsSendHalf<S>(Arc<Shared<TlsStream<S>>>);

/// The receiving half of a [`TlsStream`], created by [`into_split`](TlsStream::into_split).
///
/// Dropping it leaves the other half open.
pub struct TlsReceiveHalf<S>(Arc<Shared<TlsStream<S>>>);

impl<S> TlsStream<S> {
    /// Splits the stream into a sending and a receiving half, for two tasks.
    ///
    /// The halves have the attributes of the stream. They share its session, which one of them uses at a
    /// time: a half that finds it in use waits, but no longer than one poll of the other half takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, ByteStream};
    /// use anyrt::tls::TlsStream;
    /// use anyrt::gather;
    ///
    /// async fn ask<S: ByteStream>(stream: TlsStream<S>) -> std::io::Result<Vec<u8>> {
    ///     let (mut send, mut receive) = stream.into_split();
    ///     let (sent, received) = gather((send.send(b"question"), receive.receive(100))).await;
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
    /// Joins the halves into one stream again.
    ///
    /// # Errors
    ///
    /// Returns the halves if they belong to different streams.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use anyrt::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (near, mut far) = (near?, far?);
    /// let (send, receive) = near.into_split();
    /// let mut near = receive.reunite(send).unwrap();
    /// far.send(b"hello").await?;
    /// assert_eq!(near.receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
            // Closing may have read data in advance that the other half waits for.
            self.0.wake(Half::Receive);
        }
        polled
    }
}

impl<S: Attributes> Attributes for TlsSendHalf<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.look(|stream| stream.provide(demand));
    }
}

impl<S: Attributes> Attributes for TlsReceiveHalf<S> {
    fn provide(&self, demand: &mut Request<'_>) {
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
