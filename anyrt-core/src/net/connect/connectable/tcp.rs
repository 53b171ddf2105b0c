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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpConnectable;
    ///
    /// let server = TcpConnectable::new("localhost", 80);
    /// assert_eq!((server.host(), server.port()), ("localhost", 80));
    /// ```
    pub fn new(host: impl Into<String>, port: u16) -> TcpConnectable<R> {
        TcpConnectable {
            host: host.into(),
            port,
            connector: TcpConnector::new(),
        }
    }

    /// Sets the connector, which has the options.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, TcpConnectable, TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let connector = TcpConnector::new().local_address(([127, 0, 0, 1], 0).into());
    /// let server = TcpConnectable::new("127.0.0.1", listener.local_addr()?.port());
    /// assert!(server.connector(connector).connect().await?.local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn connector(self, connector: TcpConnector<R>) -> TcpConnectable<R> {
        TcpConnectable { connector, ..self }
    }

    /// Returns the host: a name or a literal address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpConnectable;
    ///
    /// assert_eq!(TcpConnectable::new("localhost", 80).host(), "localhost");
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpConnectable;
    ///
    /// assert_eq!(TcpConnectable::new("localhost", 80).port(), 80);
    /// ```
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
