use std::io;

use futures_core::future::BoxFuture;

use super::{TlsClientConfig, TlsStream};
use crate::net::{Connectable, TcpConnectable};
use crate::runtime::Net;
use crate::stream::ByteStream;

/// A way to connect, with TLS on top.
///
/// [`TcpConnectable::tls`] makes one that takes the host for the name.
#[derive(Clone, Debug)]
pub struct TlsConnectable<C> {
    inner: C,
    host: String,
    config: TlsClientConfig,
}

impl<C> TlsConnectable<C> {
    /// Connects by `inner`, and then expects a certificate for `host`.
    pub fn new(inner: C, host: impl Into<String>, config: TlsClientConfig) -> TlsConnectable<C> {
        TlsConnectable {
            inner,
            host: host.into(),
            config,
        }
    }

    /// What it connects by.
    pub fn as_inner(&self) -> &C {
        &self.inner
    }

    /// Whose certificate is expected.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl<C: Connectable<Stream: ByteStream>> Connectable for TlsConnectable<C> {
    type Stream = TlsStream<C::Stream>;

    /// Connects, and shakes hands: see [`TlsStream::connect`].
    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>> {
        Box::pin(async {
            let stream = self.inner.connect().await?;
            TlsStream::connect(stream, &self.host, &self.config).await
        })
    }
}

impl<R: Net> TcpConnectable<R> {
    /// Encrypts the connections, and expects a certificate for the [host](TcpConnectable::host).
    ///
    /// [`TlsConnectable::new`] is for certificates of another name, and for what is no TCP.
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
