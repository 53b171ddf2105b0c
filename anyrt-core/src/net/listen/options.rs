//! Options of TCP listeners.

use std::io;
use std::net::SocketAddr;

use super::errors::REUSE_ADDRESS;
use super::{SocketListener, TcpListener};
use crate::net::Address;
use crate::runtime::{Net, SocketOption, SocketSpec};

/// The default length of the queue of connections that wait to be accepted. The limit of the system is often
/// lower.
pub(super) const BACKLOG: u32 = 1024;

/// Options of a TCP listener.
///
/// # Examples
///
/// ```
/// use anyrt::net::ListenOptions;
///
/// let options = ListenOptions::new().backlog(16).reuse_port(true);
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until something is bound with them"]
pub struct ListenOptions {
    backlog: u32,
    reuse_address: bool,
    reuse_port: bool,
    only_v6: bool,
}

impl ListenOptions {
    /// Creates options with their defaults, which are documented at each option.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind_with(([127, 0, 0, 1], 0), &ListenOptions::new())?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> ListenOptions {
        ListenOptions {
            backlog: BACKLOG,
            reuse_address: REUSE_ADDRESS,
            reuse_port: false,
            only_v6: true,
        }
    }

    /// Sets how many connections may wait to be accepted, up to the limit of the system; 1024 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let short = ListenOptions::new().backlog(16);
    /// let listener = TcpListener::bind_with(([127, 0, 0, 1], 0), &short)?;
    /// // The connection waits in the queue until it is accepted.
    /// assert!(connect_tcp("127.0.0.1", listener.local_addr()?.port()).await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn backlog(mut self, connections: u32) -> ListenOptions {
        self.backlog = connections;
        self
    }

    /// Sets whether a port can be bound while connections of an earlier listener linger on it
    /// (`SO_REUSEADDR`). On by default, except on Windows, where the option has another meaning.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let exclusive = ListenOptions::new().reuse_address(false);
    /// let listener = TcpListener::bind_with(([127, 0, 0, 1], 0), &exclusive)?;
    /// assert!(TcpListener::bind_with(listener.local_addr()?, &exclusive).is_err());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn reuse_address(mut self, on: bool) -> ListenOptions {
        self.reuse_address = on;
        self
    }

    /// Sets whether several listeners of one user can share the port and its connections
    /// (`SO_REUSEPORT`). Off by default; each of the listeners has to set it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let shared = ListenOptions::new().reuse_port(true);
    /// let first = TcpListener::bind_with(([127, 0, 0, 1], 0), &shared)?;
    /// let second = TcpListener::bind_with(first.local_addr()?, &shared)?;
    /// assert_eq!(first.local_addr()?, second.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn reuse_port(mut self, on: bool) -> ListenOptions {
        self.reuse_port = on;
        self
    }

    /// Sets whether a listener on an IPv6 address refuses IPv4 connections (`IPV6_V6ONLY`).
    ///
    /// On by default, regardless of the system's default, so that each family can have a listener on the
    /// same port. [`listen_tcp_with`](crate::net::listen_tcp_with) always sets it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener};
    /// use std::net::Ipv6Addr;
    ///
    /// # anyrt::run(async {
    /// let both = ListenOptions::new().only_v6(false);
    /// // Some machines have no IPv6.
    /// if let Ok(listener) = TcpListener::bind_with((Ipv6Addr::UNSPECIFIED, 0), &both) {
    ///     let port = listener.local_addr()?.port();
    ///     assert!(anyrt::net::connect_tcp("127.0.0.1", port).await.is_ok());
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn only_v6(mut self, on: bool) -> ListenOptions {
        self.only_v6 = on;
        self
    }

    /// Opens a listener on an address.
    pub(super) fn bind<R: Net>(&self, address: SocketAddr) -> io::Result<TcpListener<R>> {
        let mut options = vec![SocketOption::ReuseAddress(self.reuse_address)];
        if self.reuse_port {
            options.push(SocketOption::ReusePort(true));
        }
        if address.is_ipv6() {
            options.push(SocketOption::OnlyV6(self.only_v6));
        }
        let purpose = SocketSpec::Listen {
            at: &Address::Ip(address),
            backlog: self.backlog,
        };
        Ok(SocketListener::of(R::socket(purpose, &options)?))
    }
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions::new()
    }
}
