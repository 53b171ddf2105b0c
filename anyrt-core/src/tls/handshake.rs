//! The handshake of one stream, from either side.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::{self, ProtocolVersion};
use futures_rustls::{FallibleAccept, FallibleConnect, TlsAcceptor, TlsConnector};

use super::records::Records;
use super::{TlsClientConfig, TlsError, TlsServerConfig};
use crate::host;

/// The session of a completed handshake. It has more than a kilobyte, so it is kept in a box.
pub(super) type Session<S> = futures_rustls::TlsStream<Records<S>>;

/// The handshake of a client.
pub(super) struct Connecting<S> {
    handshake: Handshake<FallibleConnect<Records<S>>, S>,
    /// The requested name of the server.
    pub(super) host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connecting<S> {
    pub(super) fn new(transport: S, host: &str, config: &TlsClientConfig) -> io::Result<Self> {
        let name = host::to_ascii(host)?;
        let Ok(server) = ServerName::try_from(&*name) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{host}` is neither a host name nor an IP address"),
            ));
        };
        let connector = TlsConnector::from(Arc::clone(&config.config));
        let connect = connector.connect(server.to_owned(), Records::new(transport));
        Ok(Connecting {
            handshake: Handshake::Running(Box::new(connect.into_fallible())),
            host: name.into_owned(),
        })
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<Session<S>>>> {
        let host = &self.host;
        let failed = |cause| TlsError::Connect {
            host: host.clone(),
            cause,
        };
        self.handshake.poll(cx, failed)
    }
}

/// The handshake of a server.
pub(super) struct Accepting<S> {
    handshake: Handshake<FallibleAccept<Records<S>>, S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Accepting<S> {
    pub(super) fn new(transport: S, config: &TlsServerConfig) -> Self {
        let acceptor = TlsAcceptor::from(Arc::clone(&config.config));
        let accept = acceptor.accept(Records::new(transport));
        Accepting {
            handshake: Handshake::Running(Box::new(accept.into_fallible())),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<Session<S>>>> {
        self.handshake.poll(cx, |cause| TlsError::Accept { cause })
    }
}

/// The handshake of either side.
///
/// ```text
///   Running ──handshake done──▶ Leaving ──last part written──▶ Over
///      └──────error──▶ the caller drops it
/// ```
enum Handshake<F, S> {
    Running(Box<F>),
    /// Complete, except for the last part, which must be written.
    Leaving(Box<Session<S>>),
    Over,
}

impl<F, T, S> Handshake<F, S>
where
    F: Future<Output = Result<T, (io::Error, Records<S>)>> + Unpin,
    T: Into<Session<S>>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        failed: impl FnOnce(rustls::Error) -> TlsError,
    ) -> Poll<io::Result<Box<Session<S>>>> {
        // 1. Run the handshake.
        if let Handshake::Running(handshake) = self {
            match ready!(Pin::new(handshake).poll(cx)) {
                Ok(session) => *self = Handshake::Leaving(Box::new(session.into())),
                Err((error, mut records)) => {
                    // Try to send the alert that tells the peer the reason; do not wait for that.
                    let _ = records.poll_push(cx);
                    return Poll::Ready(Err(explain(error, failed)));
                }
            }
        }
        // 2. Write the last part, if the peer waits for it.
        if let Handshake::Leaving(session) = self {
            let peer_waits = peer_waits(session);
            ready!(session.get_mut().0.poll_establish(cx, peer_waits))?;
        }
        // 3. Return the session.
        match std::mem::replace(self, Handshake::Over) {
            Handshake::Leaving(session) => Poll::Ready(Ok(session)),
            Handshake::Running(_) | Handshake::Over => panic!("polled after it was over"),
        }
    }
}

/// Returns whether the peer needs the last part of the handshake. A server of TLS 1.3 sends tickets in it,
/// and a client may have much to send before it reads them.
fn peer_waits<S>(session: &Session<S>) -> bool {
    let version = session.get_ref().1.protocol_version();
    matches!(session, Session::Client(_)) || version == Some(ProtocolVersion::TLSv1_2)
}

/// Converts an error of the session into a [`TlsError`]; errors of the transport stay as they are.
fn explain(error: io::Error, failed: impl FnOnce(rustls::Error) -> TlsError) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return TlsError::HandshakeCutOff.into();
    }
    match error.downcast::<rustls::Error>() {
        Ok(cause) => failed(cause).into(),
        Err(of_transport) => of_transport,
    }
}
