use std::io;
use std::net::SocketAddr;

use super::errors::REUSE_ADDRESS;
use super::{SocketListener, TcpListener};
use crate::net::Address;
use crate::runtime::{Net, Purpose, SocketOption};

/// How many connections may wait to be accepted. Systems have limits of their own, which are often
/// lower.
pub(super) const BACKLOG: u32 = 1024;

/// How to listen for TCP connections.
///
/// # Examples
///
/// ```
/// use anyrt_core::net::ListenOptions;
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
    /// The defaults, which are given with each option.
    pub fn new() -> ListenOptions {
        ListenOptions {
            backlog: BACKLOG,
            reuse_address: REUSE_ADDRESS,
            reuse_port: false,
            only_v6: true,
        }
    }

    /// How many connections may wait to be accepted, as far as the system allows; 1024 by default.
    pub fn backlog(mut self, connections: u32) -> ListenOptions {
        self.backlog = connections;
        self
    }

    /// Whether a port can be bound that connections of a former listener linger on
    /// (`SO_REUSEADDR`). On by default, except on Windows, where it means something else.
    pub fn reuse_address(mut self, on: bool) -> ListenOptions {
        self.reuse_address = on;
        self
    }

    /// Whether several listeners of one user share the port, and the connections
    /// (`SO_REUSEPORT`). Off by default; all of them have to ask for it.
    pub fn reuse_port(mut self, on: bool) -> ListenOptions {
        self.reuse_port = on;
        self
    }

    /// Whether a listener at an IPv6 address takes no IPv4 connections (`IPV6_V6ONLY`).
    ///
    /// On by default, whatever the system's own default is, so that there can be one listener of each
    /// family on the same port. [`listen_tcp_with`] has it always on.
    pub fn only_v6(mut self, on: bool) -> ListenOptions {
        self.only_v6 = on;
        self
    }

    pub(super) fn bind<R: Net>(&self, address: SocketAddr) -> io::Result<TcpListener<R>> {
        let mut options = vec![SocketOption::ReuseAddress(self.reuse_address)];
        if self.reuse_port {
            options.push(SocketOption::ReusePort(true));
        }
        if address.is_ipv6() {
            options.push(SocketOption::OnlyV6(self.only_v6));
        }
        let purpose = Purpose::Listen {
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
