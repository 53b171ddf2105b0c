use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use super::attempt::{Connecting, options};
use super::happy_eyeballs::{ATTEMPT_DELAY, happy_eyeballs};
use super::interleave;
use crate::net::lookup::{literal, lookup};
use crate::net::{Address, Internet, TcpStream};
use crate::runtime::{Net, SocketOption};

/// Connects to a host by TCP.
///
/// A name with several addresses is tried by happy eyeballs: the first connection that succeeds
/// counts, and the others are closed by then. A literal address is connected to directly.
/// [`TcpConnector`] has options, and says more.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing stays
/// open.
///
/// # Errors
///
/// - With a [`LookupError`](crate::net::LookupError) inside, if the name cannot be resolved.
/// - With a [`ConnectError`](crate::net::ConnectError) inside, if no attempt succeeds; with one address, the kind is that of
///   its attempt, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
pub fn connect_tcp<R: Net>(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
    TcpConnector::new().connect(host, port)
}

/// Connects by TCP, with options.
///
/// It follows RFC 8305 as far as that is about connecting. Of the values in its section 8,
///
/// - *First Address Family Count* is 1: see [`interleave`];
/// - *Connection Attempt Delay* is 250 ms, and can be [set](TcpConnector::attempt_delay). It is not
///   adapted to what was measured before, so its recommended bounds (100 ms and 2 s; never less
///   than 10 ms) are up to the caller;
/// - *Resolution Delay* and *Last Resolution Delay* do not apply: the system answers for both
///   families at once.
pub struct TcpConnector<R> {
    delay: Duration,
    local: Option<SocketAddr>,
    options: Vec<SocketOption>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Net> TcpConnector<R> {
    /// One without options.
    #[must_use]
    pub fn new() -> TcpConnector<R> {
        TcpConnector {
            delay: ATTEMPT_DELAY,
            local: None,
            options: Vec::new(),
            runtime: PhantomData,
        }
    }

    /// How long an attempt has for itself before the next one begins beside it.
    #[must_use]
    pub fn attempt_delay(self, delay: Duration) -> TcpConnector<R> {
        TcpConnector { delay, ..self }
    }

    /// Which address and port of its own the connection has; port 0 leaves that to the system.
    ///
    /// Addresses of the other family are left out then. With a port, an attempt begins when the one
    /// before it has failed, whatever the [delay](TcpConnector::attempt_delay).
    #[must_use]
    pub fn local_address(self, address: SocketAddr) -> TcpConnector<R> {
        TcpConnector {
            local: Some(address),
            ..self
        }
    }

    /// An option for the socket of each attempt, set before it connects.
    #[must_use]
    pub fn option(mut self, option: SocketOption) -> TcpConnector<R> {
        self.options.push(option);
        self
    }

    /// Connects to a host; see [`connect_tcp`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// As [`connect_tcp`]; [`InvalidInput`](io::ErrorKind::InvalidInput) if the host has no address
    /// of the family of the local one.
    pub fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
        let connector = self.clone();
        let host = host.to_owned();
        async move {
            let addresses = match literal(&host, port) {
                Some(address) => vec![address],
                None => interleave(lookup::<R>(&host, port).await?),
            };
            connector.connect_to_any(addresses).await
        }
    }

    /// Connects to one of several addresses, tried in this order.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// As [`connect`](TcpConnector::connect), except that nothing is looked up.
    pub fn connect_addresses(
        &self,
        addresses: &[SocketAddr],
    ) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
        self.clone().connect_to_any(addresses.to_vec())
    }

    async fn connect_to_any(self, mut addresses: Vec<SocketAddr>) -> io::Result<TcpStream<R>> {
        if let Some(local) = self.local {
            let before = addresses.len();
            addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
            if addresses.is_empty() && before > 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "no address of the host is of the family of the local address: choose one of \
                     the other family",
                ));
            }
        }
        // Only one socket at a time can have a given port.
        let alone = self.local.is_some_and(|local| local.port() != 0);
        let delay = if alone { Duration::MAX } else { self.delay };
        let local = self.local.map(Address::from);
        let options = options::<Internet>(&self.options);
        let connected = happy_eyeballs::<R, _, _, _>(addresses, delay, |address| {
            Connecting::new(address.into(), local.clone(), options.clone())
        });
        Ok(connected.await?)
    }
}

impl<R: Net> Default for TcpConnector<R> {
    fn default() -> TcpConnector<R> {
        TcpConnector::new()
    }
}

impl<R> Clone for TcpConnector<R> {
    fn clone(&self) -> TcpConnector<R> {
        TcpConnector {
            options: self.options.clone(),
            ..*self
        }
    }
}

impl<R> fmt::Debug for TcpConnector<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("attempt_delay", &self.delay)
            .field("local_address", &self.local)
            .field("options", &self.options)
            .finish()
    }
}
