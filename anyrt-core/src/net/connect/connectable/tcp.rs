//! TCP targets.

use std::fmt;
use std::io;

use futures_core::future::BoxFuture;

use super::{Connectable, IntoConnectable};
use crate::net::TcpStream;
use crate::net::connect::TcpConnector;
use crate::runtime::Net;

/// A host and port to connect to by TCP.
pub struct TcpConnectable<R> {
    host: String,
    port: u16,
    connector: TcpConnector<R>,
}

impl<R: Net> TcpConnectable<R> {
    /// Creates a target from a host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> TcpConnectable<R> {
        TcpConnectable {
            host: host.into(),
            port,
            connector: TcpConnector::new(),
        }
    }

    /// Sets the connector, which has the options.
    #[must_use]
    pub fn connector(self, connector: TcpConnector<R>) -> TcpConnectable<R> {
        TcpConnectable { connector, ..self }
    }

    /// Returns the host: a name or a literal address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl<R: Net> Connectable for TcpConnectable<R> {
    type Stream = TcpStream<R>;

    fn connect(&self) -> BoxFuture<'_, io::Result<TcpStream<R>>> {
        Box::pin(self.connector.connect(&self.host, self.port))
    }
}

impl<R> Clone for TcpConnectable<R> {
    fn clone(&self) -> TcpConnectable<R> {
        TcpConnectable {
            host: self.host.clone(),
            port: self.port,
            connector: self.connector.clone(),
        }
    }
}

impl<R> fmt::Debug for TcpConnectable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnectable")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("connector", &self.connector)
            .finish()
    }
}

impl<R: Net, H: Into<String>> IntoConnectable<R> for (H, u16) {
    type Connectable = TcpConnectable<R>;

    fn into_connectable(self) -> TcpConnectable<R> {
        TcpConnectable::new(self.0, self.1)
    }
}
