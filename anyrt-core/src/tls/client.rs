//! [`TlsClientConfig`], and the parts that it shares with the configuration of servers.

use std::fmt;
use std::io;
use std::sync::Arc;

use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::client::WantsClientCert;
use futures_rustls::rustls::crypto::{CryptoProvider, ring};
use futures_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use futures_rustls::rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::error::refuse_config;

/// A client configuration: the trusted authorities, the offered protocols, and the client's certificate.
///
/// Cloning is cheap, and clones share the sessions that they can resume: create one configuration, and keep
/// it.
///
/// # Examples
///
/// ```
/// use anyrt::tls::TlsClientConfig;
///
/// # fn main() -> std::io::Result<()> {
/// # if TlsClientConfig::new().is_err() { return Ok(()) }
/// let config = TlsClientConfig::new()?.alpn(["h2", "http/1.1"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsClientConfig {
    pub(super) config: Arc<ClientConfig>,
    pub(super) relaxed: bool,
}

impl TlsClientConfig {
    /// Creates a configuration that trusts the authorities of the platform.
    ///
    /// On Linux these are the certificates of the distribution, or those that `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name, as of now. On macOS and Windows the system decides, at each handshake.
    ///
    /// # Errors
    ///
    /// If the platform trusts no authority, for example because certificates are not installed.
    ///
    /// # Blocking
    ///
    /// Reads some hundred kilobytes of certificates.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::tls::TlsClientConfig;
    ///
    /// match TlsClientConfig::new() {
    ///     Ok(config) => drop(config.alpn(["h2", "http/1.1"])),
    ///     Err(error) => assert!(!error.to_string().is_empty()), // no certificates are installed
    /// }
    /// ```
    pub fn new() -> io::Result<TlsClientConfig> {
        let builder = builder()?.with_platform_verifier().map_err(refuse_config)?;
        Ok(TlsClientConfig::with_verifier(builder))
    }

    /// Creates a configuration that trusts these authorities, and no others.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if one is unusable, or there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::tls::{TlsClientConfig, certificates_from_pem};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// let authority = certificates_from_pem(made.cert.pem())?;
    /// assert!(TlsClientConfig::with_roots(authority).is_ok());
    /// assert!(TlsClientConfig::with_roots([]).is_err(), "it would trust no server");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_roots(
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> io::Result<TlsClientConfig> {
        let builder = builder()?.with_root_certificates(root_store(roots)?);
        Ok(TlsClientConfig::with_verifier(builder))
    }

    fn with_verifier(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> TlsClientConfig {
        Arc::new(builder.with_no_client_auth()).into()
    }

    /// Sets the ALPN protocols to offer, in order of preference.
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
    /// let client = TlsClientConfig::with_roots(chain.clone())?.alpn(["h2", "http/1.1"]);
    /// let server = TlsServerConfig::new(chain, key)?.alpn(["http/1.1"]);
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (near, far) = (near?, far?);
    /// assert_eq!(near.attribute::<AlpnProtocol>(), Ok(Some(b"http/1.1".to_vec())));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the certificate for servers that request one: the client's own first, then the chain up to an
    /// authority; and the private key of the first.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if they are unusable, or do not match.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::AttributesExt;
    /// use anyrt::tls::{PeerCertificates, TlsClientConfig, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// # let own = rcgen::generate_simple_self_signed(["client.example".to_owned()])?;
    /// # let own_chain = anyrt::tls::certificates_from_pem(own.cert.pem())?;
    /// # let own_key = anyrt::tls::private_key_from_pem(own.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::with_client_roots(chain.clone(), key, own_chain.clone())?;
    /// let client = TlsClientConfig::with_roots(chain)?.client_certificate(own_chain.clone(), own_key)?;
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (near, far) = (near?, far?);
    /// assert_eq!(far.attribute::<PeerCertificates>()?, own_chain);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn client_certificate(
        mut self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<Self> {
        let config = Arc::make_mut(&mut self.config);
        let key = CertifiedKey::from_der(chain, key, config.crypto_provider());
        let key = key.map_err(refuse_config)?;
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(key));
        Ok(self)
    }

    /// Sets whether a broken connection counts as the end of the stream. Defaults to false.
    ///
    /// By default it is an error, as the standard requires. Some protocols mark the end of a message
    /// themselves, and some of their peers do not end TLS. With other protocols, an attacker who can cut the
    /// connection can make a truncated message look complete.
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
    /// let client = TlsClientConfig::with_roots(chain.clone())?.relaxed(true);
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let (near, far) = anyrt::stream::memory_byte_stream(4096);
    /// let (near, far) = anyrt::gather((
    ///     TlsStream::connect(near, "host.example", &client),
    ///     TlsStream::accept(far, &server),
    /// )).await;
    /// let (mut near, far) = (near?, far?);
    /// drop(far); // without the end of TLS
    /// assert!(is_end_of_stream(&near.receive(100).await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.relaxed = relaxed;
        self
    }
}

/// Accepts any configuration of rustls.
impl From<Arc<ClientConfig>> for TlsClientConfig {
    fn from(config: Arc<ClientConfig>) -> Self {
        TlsClientConfig {
            config,
            relaxed: false,
        }
    }
}

impl fmt::Debug for TlsClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClientConfig")
            .field("alpn", &self.config.alpn_protocols)
            .field("relaxed", &self.relaxed)
            .finish_non_exhaustive()
    }
}

/// Returns the cryptography of all configurations that are created here. A process-wide default is not used.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Returns a builder with this cryptography and the default versions of TLS.
fn builder() -> io::Result<ConfigBuilder<ClientConfig, futures_rustls::rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(refuse_config)
}

/// Creates a store of trusted authorities.
///
/// # Errors
///
/// If there is no certificate, since every handshake would fail.
pub(super) fn root_store(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> io::Result<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(refuse_config)?;
    }
    if store.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "at least one certificate of an authority is needed",
        ));
    }
    Ok(Arc::new(store))
}
