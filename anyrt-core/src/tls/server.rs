use std::fmt;
use std::io;
use std::sync::Arc;

use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::server::danger::ClientCertVerifier;
use futures_rustls::rustls::server::{NoClientAuth, ServerConfig, WebPkiClientVerifier};

use super::client::{provider, root_store};
use super::error::refuse_config;

/// How a server encrypts: who it is, what it offers, and whether it asks who the clients are.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct TlsServerConfig {
    pub(super) config: Arc<ServerConfig>,
    pub(super) relaxed: bool,
}

impl TlsServerConfig {
    /// Shows this certificate: the server's own first, then those that lead to an authority; with
    /// the private key of the first. Clients are not asked for one.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if they cannot be used, or do not belong
    /// together.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<TlsServerConfig> {
        TlsServerConfig::with_verifier(Arc::new(NoClientAuth), chain, key)
    }

    /// As [`new`](TlsServerConfig::new), and takes only clients with a certificate of one of these
    /// authorities.
    ///
    /// With TLS 1.3 a client that is turned away has finished its handshake by then: it learns of
    /// it when it receives.
    ///
    /// # Errors
    ///
    /// As [`new`](TlsServerConfig::new); also if one of the authorities cannot be used, or there is
    /// none.
    pub fn with_client_roots(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        client_roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> io::Result<TlsServerConfig> {
        let roots = root_store(client_roots)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        let verifier =
            verifier.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        TlsServerConfig::with_verifier(verifier, chain, key)
    }

    fn with_verifier(
        verifier: Arc<dyn ClientCertVerifier>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<TlsServerConfig> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refuse_config)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(refuse_config)?;
        Ok(Arc::new(config).into())
    }

    /// Accepts these protocols by ALPN, the one that is liked most first.
    ///
    /// A client that offers protocols, and none of these, is turned away.
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a connection that is cut off counts as the end of the stream.
    ///
    /// See [`TlsClientConfig::relaxed`](super::TlsClientConfig::relaxed).
    #[must_use]
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.relaxed = relaxed;
        self
    }
}

/// Everything that rustls can do, but for early data (0-RTT), which is never accepted: whoever
/// records it can send it again, so a stream must not mix it with the rest. Clients send theirs
/// after the handshake, then.
impl From<Arc<ServerConfig>> for TlsServerConfig {
    fn from(mut config: Arc<ServerConfig>) -> Self {
        if config.max_early_data_size > 0 {
            Arc::make_mut(&mut config).max_early_data_size = 0;
        }
        TlsServerConfig {
            config,
            relaxed: false,
        }
    }
}

impl fmt::Debug for TlsServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServerConfig")
            .field("alpn", &self.config.alpn_protocols)
            .field("relaxed", &self.relaxed)
            .finish_non_exhaustive()
    }
}
