use std::io;

use futures_core::future::BoxFuture;

use super::{TlsClientConfig, TlsStream};
use crate::net::Connectable;

/// A way to connect, with TLS on top.
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
}

impl<C: Connectable> Connectable for TlsConnectable<C> {
    type Stream = TlsStream<C::Stream>;

    /// Connects, and shakes hands: see [`TlsStream::connect`].
    fn connect(&self) -> BoxFuture<'_, io::Result<Self::Stream>> {
        Box::pin(async {
            let stream = self.inner.connect().await?;
            TlsStream::connect(stream, &self.host, &self.config).await
        })
    }
}
