//! Connecting by TCP.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use super::attempt::{Connecting, options};
use super::happy_eyeballs::{ATTEMPT_DELAY, happy_eyeballs};
use super::interleave;
use crate::net::lookup::{literal, lookup};
use crate::net::{Address, Ip, TcpStream};
use crate::runtime::{Net, SocketOption};

/// Connects to a host by TCP.
///
/// If a name has several addresses, they are tried by happy eyeballs: the first attempt that succeeds
/// wins, and the others are closed before this returns. A literal address is connected to directly.
/// [`TcpConnector`] has options, and documents the details.
///
/// # Cancel safety
///
/// As [`TcpConnector::connect`].
///
/// # Errors
///
/// As [`TcpConnector::connect`].
pub fn connect_tcp<R: Net>(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
    TcpConnector::new().connect(host, port)
}

/// Connects by TCP, with options.
///
/// It follows the parts of RFC 8305 that concern connecting. Of the parameters in its section 8,
///
/// - *First Address Family Count* is 1: see [`interleave`];
/// - *Connection Attempt Delay* is 250 ms, and can be [set](TcpConnector::attempt_delay). It is not
///   adapted to earlier measurements, so the caller is responsible for the recommended bounds (100 ms and
///   2 s; never less than 10 ms);
/// - *Resolution Delay* and *Last Resolution Delay* do not apply: the system returns the addresses of both
///   families at once.
pub struct TcpConnector<R> {
    delay: Duration,
    local: Option<SocketAddr>,
    options: Vec<SocketOption>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Net> TcpConnector<R> {
    /// Creates a connector with the default options.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let port = listener.local_addr()?.port();
    /// let stream = TcpConnector::new().connect("127.0.0.1", port).await?;
    /// assert_eq!(stream.peer_addr()?.port(), port);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn new() -> TcpConnector<R> {
        TcpConnector {
            delay: ATTEMPT_DELAY,
            local: None,
            options: Vec::new(),
            runtime: PhantomData,
        }
    }

    /// Sets the delay after the start of one attempt until the next one starts; 250 ms by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpConnector, TcpListener};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let eager = TcpConnector::new().attempt_delay(Duration::from_millis(50));
    /// // No second attempt is needed.
    /// assert!(eager.connect("127.0.0.1", listener.local_addr()?.port()).await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn attempt_delay(self, delay: Duration) -> TcpConnector<R> {
        TcpConnector { delay, ..self }
    }

    /// Sets the local address and port; with port 0, the system chooses a free port.
    ///
    /// Addresses of the other family are skipped. With a port other than 0, an attempt begins only when the
    /// previous one has failed, and the [delay](TcpConnector::attempt_delay) has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let connector = TcpConnector::new().local_address(([127, 0, 0, 1], 0).into());
    /// let stream = connector.connect("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert!(stream.local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn local_address(self, address: SocketAddr) -> TcpConnector<R> {
        TcpConnector {
            local: Some(address),
            ..self
        }
    }

    /// Adds an option that is set on the socket of each attempt before it connects.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{SocketOption, TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let connector = TcpConnector::new().option(SocketOption::KeepAlive(true));
    /// assert!(connector.connect("127.0.0.1", listener.local_addr()?.port()).await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    /// - An error with a [`LookupError`](crate::net::LookupError) or a
    ///   [`ConnectError`](crate::net::ConnectError) inside.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the host has no address of the family of the
    ///   local address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let address = listener.local_addr()?;
    /// let connector = TcpConnector::new();
    /// let stream = connector.connect("127.0.0.1", address.port()).await?;
    /// assert_eq!(stream.peer_addr()?, address);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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

    /// Connects to the first of several addresses that succeeds, tried in this order.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// As [`connect`](TcpConnector::connect), except that there is no lookup.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpConnector, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let closed = ([127, 0, 0, 1], anyrt::testing::free_tcp_port()?).into();
    /// let open = listener.local_addr()?;
    /// let stream = TcpConnector::new().connect_addresses(&[closed, open]).await?;
    /// assert_eq!(stream.peer_addr()?, open);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn connect_addresses(
        &self,
        addresses: &[SocketAddr],
    ) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
        self.clone().connect_to_any(addresses.to_vec())
    }

    /// Connects to one of these addresses by happy eyeballs.
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
        // With a given local port, only one socket at a time can be bound: no attempts in parallel.
        let alone = self.local.is_some_and(|local| local.port() != 0);
        let delay = if alone { Duration::MAX } else { self.delay };
        let local = self.local.map(Address::from);
        let options = options::<Ip>(&self.options);
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
