//! [`TlsServerConfig`].

use std::fmt;
use std::io;
use std::sync::Arc;

use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::server::danger::ClientCertVerifier;
use futures_rustls::rustls::server::{NoClientAuth, ServerConfig, WebPkiClientVerifier};

use super::client::{provider, root_store};
use super::error::refuse_config;

/// A server configuration: the server's certificate, the accepted protocols, and whether clients must present
/// a certificate.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct TlsServerConfig {
    pub(super) config: Arc<ServerConfig>,
    pub(super) relaxed: bool,
}

impl TlsServerConfig {
    /// Creates a configuration with this certificate: the server's own first, then the chain up to an
    /// authority; and the private key of the first. Clients are not asked for a certificate.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if they are unusable, or do not match.
    ///
    /// # Examples
    ///
    /// ```
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
    /// # drop((near, far));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<TlsServerConfig> {
        TlsServerConfig::with_verifier(Arc::new(NoClientAuth), chain, key)
    }

    /// Creates a configuration like [`new`](TlsServerConfig::new) that accepts only clients with a
    /// certificate of one of these authorities.
    ///
    /// With TLS 1.3 a client that is rejected has already completed its handshake: it gets the error when it
    /// receives.
    ///
    /// # Errors
    ///
    /// As [`new`](TlsServerConfig::new); also if one of the authorities is unusable, or there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::ByteReceiveStreamExt;
    /// use anyrt::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::with_client_roots(chain.clone(), key, chain.clone())?;
    /// let without_certificate = TlsClientConfig::with_roots(chain)?;
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (_client, accepted) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &without_certificate),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// assert!(accepted.is_err());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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

    /// Sets the ALPN protocols to accept, in order of preference.
    ///
    /// A client that offers protocols, but none of these, is rejected.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::AttributesExt;
    /// use anyrt::tls::{AlpnProtocol, TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?.alpn(["http/1.1", "h2"]);
    /// let server = TlsServerConfig::new(chain, key)?.alpn(["h2", "http/1.1"]);
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (near, far) = (near?, far?);
    /// assert_eq!(far.attribute::<AlpnProtocol>(), Ok(Some(b"h2".to_vec())), "the server's choice");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether a broken connection counts as the end of the stream. Defaults to false.
    ///
    /// See [`TlsClientConfig::relaxed`](super::TlsClientConfig::relaxed).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, is_end_of_stream};
    /// use anyrt::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?;
    /// let server = TlsServerConfig::new(chain, key)?.relaxed(true);
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (near, mut far) = (near?, far?);
    /// drop(near); // without the end of TLS
    /// assert!(is_end_of_stream(&far.receive(100).await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.relaxed = relaxed;
        self
    }
}

/// Accepts any configuration of rustls, but disables early data (0-RTT): an attacker can record and replay
/// it, so a stream must not mix it with other data. Clients then send it after the handshake.
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
