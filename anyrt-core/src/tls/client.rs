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

/// How a client encrypts: whom it trusts, what it offers, and who it is.
///
/// Cloning is cheap, and clones share the sessions that they can resume: make one, and keep it.
///
/// # Examples
///
/// ```
/// use anyrt_core::tls::TlsClientConfig;
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
    /// Trusts whom the platform trusts.
    ///
    /// On Linux that is decided by the files of the distribution, or those that `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name, as they are now; on macOS and Windows by the system, when it is asked.
    ///
    /// # Errors
    ///
    /// If the platform trusts nobody: certificates are not installed, for example.
    ///
    /// # Blocking
    ///
    /// Reads some hundred kilobytes of certificates.
    pub fn new() -> io::Result<TlsClientConfig> {
        let builder = builder()?.with_platform_verifier().map_err(refuse_config)?;
        Ok(TlsClientConfig::with_verifier(builder))
    }

    /// Trusts these authorities, and no others.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if one cannot be used, or there is none.
    pub fn with_roots(
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> io::Result<TlsClientConfig> {
        let builder = builder()?.with_root_certificates(root_store(roots)?);
        Ok(TlsClientConfig::with_verifier(builder))
    }

    fn with_verifier(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> TlsClientConfig {
        Arc::new(builder.with_no_client_auth()).into()
    }

    /// Offers these protocols by ALPN, the one that is liked most first.
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Shows this certificate to servers that ask for one: the client's own first, then those that
    /// lead to an authority; with the private key of the first.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if they cannot be used, or do not belong
    /// together.
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

    /// Whether a connection that is cut off counts as the end of the stream.
    ///
    /// By default it is an error, as the standard wants it. There are protocols that say themselves
    /// where a message ends, and peers that then do not bother to end TLS. With others, whoever
    /// can cut the connection can make a part look like the whole.
    #[must_use]
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.relaxed = relaxed;
        self
    }
}

/// Everything that rustls can do.
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

/// The cryptography of all configurations that are made here. A process-wide one is not looked at.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder() -> io::Result<ConfigBuilder<ClientConfig, futures_rustls::rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(refuse_config)
}

/// # Errors
///
/// If there is no certificate, which would make every handshake fail.
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
