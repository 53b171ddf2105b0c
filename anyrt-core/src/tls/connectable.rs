//! [`TlsConnectable`].

use std::io;

use futures_core::future::BoxFuture;

use super::{TlsClientConfig, TlsStream};
use crate::net::{Connectable, TcpConnectable};
use crate::runtime::Net;
use crate::stream::ByteStream;

/// A connectable with TLS on top.
///
/// [`TcpConnectable::tls`] creates one that uses the host as the expected name.
#[derive(Clone, Debug)]
pub struct TlsConnectable<C> {
    inner: C,
    host: String,
    config: TlsClientConfig,
}

impl<C> TlsConnectable<C> {
    /// Creates a connectable that connects by `inner`, and expects a certificate for `host`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpListener};
    /// use anyrt::stream::ByteReceiveStreamExt;
    /// use anyrt::tls::{TlsClientConfig, TlsConnectable, TlsListener, TlsServerConfig};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let tcp = TcpConnectable::new("127.0.0.1", listener.local_addr()?.port());
    /// let listener = TlsListener::new(listener, TlsServerConfig::new(chain.clone(), key)?);
    /// let server = TlsConnectable::new(tcp, "host.example", TlsClientConfig::with_roots(chain)?);
    /// let (connected, accepted) = anyrt::gather((server.connect(), anyrt::net::Listener::accept(&listener))).await;
    /// assert!(connected.is_ok() && accepted.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(inner: C, host: impl Into<String>, config: TlsClientConfig) -> TlsConnectable<C> {
        TlsConnectable {
            inner,
            host: host.into(),
            config,
        }
    }

    /// Returns the inner connectable.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpConnectable;
    /// use anyrt::tls::{TlsClientConfig, certificates_from_pem};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// let config = TlsClientConfig::with_roots(certificates_from_pem(made.cert.pem())?)?;
    /// let server = TcpConnectable::new("host.example", 443).tls(config);
    /// assert_eq!(server.as_inner().port(), 443);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_inner(&self) -> &C {
        &self.inner
    }

    /// Returns the name for which a certificate is expected.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpConnectable;
    /// use anyrt::tls::{TlsClientConfig, certificates_from_pem};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// let config = TlsClientConfig::with_roots(certificates_from_pem(made.cert.pem())?)?;
    /// let server = TcpConnectable::new("host.example", 443).tls(config);
    /// assert_eq!(server.host(), "host.example");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl<C: Connectable<Stream: ByteStream>> Connectable for TlsConnectable<C> {
    type Stream = TlsStream<C::Stream>;

    /// Connects, and performs the handshake: see [`TlsStream::connect`].
    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>> {
        Box::pin(async {
            let stream = self.inner.connect().await?;
            TlsStream::connect(stream, &self.host, &self.config).await
        })
    }
}

impl<R: Net> TcpConnectable<R> {
    /// Adds TLS to the connections, and expects a certificate for the [host](TcpConnectable::host).
    ///
    /// Use [`TlsConnectable::new`] for certificates of another name, and for other connectables than TCP.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::net::{Connectable, as_connectable};
    /// use anyrt_core::runtime::Net;
    /// use anyrt_core::stream::ByteStream;
    /// use anyrt_core::tls::TlsClientConfig;
    ///
    /// fn library(server: impl Connectable<Stream: ByteStream>) {}
    ///
    /// fn program<R: Net>(config: TlsClientConfig) {
    ///     library(as_connectable::<R, _>(("example.org", 80)));
    ///     library(as_connectable::<R, _>(("example.org", 443)).tls(config));
    /// }
    /// ```
    pub fn tls(self, config: TlsClientConfig) -> TlsConnectable<TcpConnectable<R>> {
        let host = self.host().to_owned();
        TlsConnectable::new(self, host, config)
    }
}
