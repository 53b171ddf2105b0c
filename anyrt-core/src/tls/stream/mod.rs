//! [`TlsStream`]: a session of rustls that keeps the contract of byte streams.
//!
//! The session alone does not: this layer remembers how each direction ended, and ends the sending direction
//! without closing the transport. So a connection that was cut off stays cut off, and `unwrap` can return the
//! transport. An operation that TLS 1.2 does not support is refused by the attribute `HalfClose`, which
//! `send_eof` checks and `close` does not. The lower layer, between the session and its transport, is
//! `tls/records`.

mod receive;
mod receive_state;
mod send;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::rustls::{CommonState, ProtocolVersion};

use self::receive_state::Received;
use super::handshake::{Accepting, Connecting, Session};
use super::{
    AlpnProtocol, CipherSuite, PeerCertificates, ServerName, ServerSide, StandardCompatible,
    TlsClientConfig, TlsError, TlsServerConfig, TlsVersion,
};
use crate::engine::{Wait, deliver, poll_state};
use crate::stream::{Attributes, ByteStream, HalfClose, Request};
use crate::sync::begin;

/// A byte stream that is encrypted on its way over another byte stream.
///
/// The handshake takes place when the stream is created, so the identity of the peer is known from then on.
/// The transport may be any [`ByteStream`], including another `TlsStream`. It is closed when this stream is
/// dropped.
///
/// # The end
///
/// Each side ends its direction within TLS; the stream of the other side ends there. A transport that ends
/// without that is broken, which is an error that [`is_broken`](crate::stream::is_broken) recognizes, unless
/// the configuration is [relaxed](TlsClientConfig::relaxed).
///
/// With TLS 1.3 the directions end independently, so [`send_eof`] works. With TLS 1.2 the peer must stop when
/// one direction ends: `send_eof` fails as [`Unsupported`](io::ErrorKind::Unsupported), and the stream
/// remains usable. [`close`] ends both directions gracefully with either version; so does `poll_close`, for
/// foreign code. Both sides may do so at once: closing fails as [broken](crate::stream::is_broken) only if
/// the peer is gone without having ended its side.
///
/// [`send_eof`]: crate::stream::ByteSendStreamExt::send_eof
/// [`close`]: crate::stream::ByteSendStreamExt::close
///
/// # Attributes
///
/// [`AlpnProtocol`], [`CipherSuite`], [`PeerCertificates`], [`ServerName`], [`ServerSide`],
/// [`StandardCompatible`], [`TlsVersion`], and the attributes of the transport.
pub struct TlsStream<S> {
    session: Box<Session<S>>,
    /// The requested name of the server, on the client's side.
    host: Option<String>,
    relaxed: bool,
    /// Whether the end of the sending direction was passed to the session.
    end_sent: bool,
    received: Received,
    /// The data that closing has read in advance, for later reads.
    read_ahead: VecDeque<u8>,
}

impl<S: ByteStream> TlsStream<S> {
    /// Creates the client side of a TLS stream: performs the handshake with the server at the other end.
    ///
    /// The server must present a certificate for `host`, which is a name or an IP address. An
    /// internationalized name needs the feature `idna`, and stands for its form in IDNA 2008.
    ///
    /// There is no time limit: use `fail_after`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the transport.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `host` is not a valid host name.
    /// - [`TlsError::Connect`] if the server is not trusted, or does not speak TLS.
    /// - [`TlsError::HandshakeCutOff`] if the server closes the connection.
    /// - Any error of the transport.
    ///
    /// The transport is closed on error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
    /// use anyrt::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let (near, far) = memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (mut near, mut far) = (near?, far?);
    /// near.send(b"hello").await?;
    /// assert_eq!(far.receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn connect(
        stream: S,
        host: &str,
        config: &TlsClientConfig,
    ) -> impl Future<Output = io::Result<TlsStream<S>>> + Send + use<S> {
        let connecting = Connecting::new(stream, host, config);
        let relaxed = config.relaxed;
        async move {
            begin().await;
            let mut connecting = connecting?;
            let session = deliver(wait(|cx| connecting.poll(cx)).await).await?;
            Ok(TlsStream::new(session, Some(connecting.host), relaxed))
        }
    }

    /// Creates the server side of a TLS stream: performs the handshake with the client at the other end.
    ///
    /// There is no time limit: use `fail_after`. A [`TlsListener`](super::TlsListener) has one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the transport.
    ///
    /// # Errors
    ///
    /// - [`TlsError::Accept`] if either side refuses the other, or the client does not speak TLS.
    /// - [`TlsError::HandshakeCutOff`] if the client closes the connection.
    /// - Any error of the transport.
    ///
    /// The transport is closed on error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::memory_byte_stream;
    /// use anyrt::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let (near, far) = memory_byte_stream(4096);
    /// let (accepted, refused) = anyrt::gather((
    ///     TlsStream::accept(far, &server),
    ///     TlsStream::connect(near, "other.example", &client),
    /// )).await;
    /// assert!(refused.is_err(), "the certificate is for another name");
    /// # drop(accepted);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn accept(
        stream: S,
        config: &TlsServerConfig,
    ) -> impl Future<Output = io::Result<TlsStream<S>>> + Send + use<S> {
        let mut accepting = Accepting::new(stream, config);
        let relaxed = config.relaxed;
        async move {
            begin().await;
            let session = deliver(wait(|cx| accepting.poll(cx)).await).await?;
            Ok(TlsStream::new(session, None, relaxed))
        }
    }

    /// Ends TLS in both directions, and returns the transport, together with the bytes that were already read
    /// from it: those that the peer sent after the end of TLS.
    ///
    /// The peer must end TLS too, by `unwrap` or `close`, and everything that it sent before must have been
    /// received.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the transport.
    ///
    /// # Errors
    ///
    /// - [`TlsError::NotReceived`] if the peer has sent more data within TLS.
    /// - [`TlsError::CutOff`] if the peer does not end TLS; unless relaxed.
    /// - Any error of the transport.
    ///
    /// The transport is closed on error.
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
    /// let (near, far) = (near?, far?);
    /// let (near, far) = anyrt::gather((near.unwrap(), far.unwrap())).await;
    /// let ((mut near, _), (mut far, _)) = (near?, far?);
    /// near.send(b"in the clear").await?;
    /// assert_eq!(far.receive(100).await?, b"in the clear");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn unwrap(mut self) -> io::Result<(S, Vec<u8>)> {
        begin().await;
        deliver(wait(|cx| self.poll_end(cx)).await).await?;
        // The session is dropped here; `Records` has all bytes that it has not received.
        let records = match *self.session {
            Session::Client(session) => session.into_inner().0,
            Session::Server(session) => session.into_inner().0,
        };
        Ok(records.into_parts())
    }

    /// Ends both directions. Each poll tries both: the peer may have to be read from before it reads. Reading
    /// comes first, since a peer that has ended TLS may already be gone.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // 1. Receive the end. One byte is enough: data here is an error.
        let received = Pin::new(&mut *self).poll_read(cx, &mut [0])?;
        // 2. Send the end, and combine the results.
        let sent = Pin::new(&mut *self).poll_close(cx);
        match received {
            Poll::Ready(0) => sent,
            Poll::Ready(_) => Poll::Ready(Err(TlsError::NotReceived.into())),
            Poll::Pending => {
                let _ = sent?;
                Poll::Pending
            }
        }
    }
}

impl<S> TlsStream<S> {
    pub(super) fn new(session: Box<Session<S>>, host: Option<String>, relaxed: bool) -> Self {
        TlsStream {
            session,
            host,
            relaxed,
            end_sent: false,
            received: Received::Open,
            read_ahead: VecDeque::new(),
        }
    }

    /// Returns the transport.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::MemoryByteStream;
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
    /// let (near, far) = (near?, far?);
    /// let transport: &MemoryByteStream = near.transport();
    /// # let _ = (transport, far);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn transport(&self) -> &S {
        self.session.get_ref().0.transport()
    }

    fn common(&self) -> &CommonState {
        self.session.get_ref().1
    }

    fn server_name(&self) -> Option<String> {
        match &*self.session {
            Session::Client(_) => self.host.clone(),
            Session::Server(session) => session.get_ref().1.server_name().map(str::to_owned),
        }
    }

    /// Returns whether the sending direction can end alone. This depends on the version, unless the receiving
    /// direction has ended already.
    fn can_close_half(&self) -> bool {
        // With TLS 1.2, ending one direction makes the peer end the other, so a peer that has ended already
        // loses nothing.
        self.received.has_ended()
            || self.common().protocol_version() != Some(ProtocolVersion::TLSv1_2)
    }
}

impl<S: Attributes> Attributes for TlsStream<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        let common = self.common();
        demand
            .provide::<AlpnProtocol>(|| Some(common.alpn_protocol()?.to_vec()))
            .provide_option::<CipherSuite>(|| Some(common.negotiated_cipher_suite()?.suite()))
            .provide_option::<TlsVersion>(|| common.protocol_version())
            .provide::<PeerCertificates>(|| {
                let chain = common.peer_certificates().unwrap_or_default();
                chain.iter().map(|der| der.clone().into_owned()).collect()
            })
            .provide::<ServerName>(|| self.server_name())
            .provide::<ServerSide>(|| matches!(*self.session, Session::Server(_)))
            .provide::<StandardCompatible>(|| !self.relaxed)
            .provide::<HalfClose>(|| self.can_close_half());
        self.transport().provide(demand);
    }
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("transport", self.transport())
            .field("version", &self.common().protocol_version())
            .field("end_sent", &self.end_sent)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

/// Waits for the peer, listed as a wait for the connection.
async fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    poll_fn(|cx| {
        let polled = poll(cx);
        if polled.is_pending() {
            poll_state::waits_for(Wait::Connection);
        }
        polled
    })
    .await
}
