//! Listening on TCP addresses.

use std::fmt::Write;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::errors;
use super::{ListenOptions, MultiListener, SocketListener, TcpListener};
use crate::cancel::checkpoint_if_cancelled;
use crate::net::Ip;
use crate::net::lookup::lookup;
use crate::runtime::Net;

/// The number of ports that are tried, if several addresses are to share a port that the system chooses.
const PORTS: u32 = 10;

impl<R: Net> SocketListener<R, Ip> {
    /// Listens on an address; with port 0, the system chooses a free port.
    ///
    /// [`listen_tcp`] listens on the addresses of a name, or on all interfaces.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{TcpListener, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let client = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// assert_eq!(listener.accept().await?.1, client.local_addr()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<TcpListener<R>> {
        ListenOptions::new().bind(address.into())
    }

    /// Listens on an address, with options.
    ///
    /// # Errors
    ///
    /// As [`bind`](SocketListener::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ListenOptions, TcpListener};
    ///
    /// # anyrt::run(async {
    /// let options = ListenOptions::new().reuse_port(true);
    /// let listener = TcpListener::bind_with(([127, 0, 0, 1], 0), &options)?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind_with(
        address: impl Into<SocketAddr>,
        options: &ListenOptions,
    ) -> io::Result<TcpListener<R>> {
        options.bind(address.into())
    }
}

/// Listens on all addresses of a host, or on all interfaces if `host` is `None`, with one listener each.
///
/// All listeners have the same port, even if the system chooses it, which it does for port 0. Address
/// families that this machine does not have are skipped.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, no listener stays open.
///
/// # Errors
///
/// The error of the lookup; or one error for all addresses if listening fails on one of them, with the kind
/// of the first. No listener stays open then.
pub async fn listen_tcp<R: Net>(
    host: Option<&str>,
    port: u16,
) -> io::Result<MultiListener<TcpListener<R>>> {
    listen_tcp_with::<R>(host, port, &ListenOptions::new()).await
}

/// Listens on all addresses of a host, or on all interfaces, with options.
///
/// See [`listen_tcp`].
///
/// # Cancel safety
///
/// As [`listen_tcp`].
///
/// # Errors
///
/// As [`listen_tcp`].
pub async fn listen_tcp_with<R: Net>(
    host: Option<&str>,
    port: u16,
    options: &ListenOptions,
) -> io::Result<MultiListener<TcpListener<R>>> {
    checkpoint_if_cancelled().await;
    let addresses = addresses::<R>(host, port).await?;
    let options = options.clone().only_v6(true);
    let mut tries = if port == 0 && addresses.len() > 1 {
        PORTS
    } else {
        1
    };
    // Ends after `PORTS` tries at most, and after one if the port is given.
    loop {
        tries -= 1;
        match listen_at_all(&addresses, &options) {
            Err(failed) if failed.may_be_chance && tries > 0 => {}
            Err(failed) => return Err(failed.into_error()),
            Ok(listeners) => return Ok(MultiListener::new(listeners)),
        }
    }
}

/// Returns the addresses to listen on: each once, in the system's order of preference.
async fn addresses<R: Net>(host: Option<&str>, port: u16) -> io::Result<Vec<SocketAddr>> {
    let Some(host) = host else {
        let all = [
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            Ipv4Addr::UNSPECIFIED.into(),
        ];
        return Ok(all.map(|address| (address, port).into()).into());
    };
    let mut addresses = Vec::new();
    for address in lookup::<R>(host, port).await? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// The reason why there is no listener.
struct Failed {
    errors: Vec<(SocketAddr, io::Error)>,
    /// Whether the port that the system chose is in use on another address: another one may be free.
    may_be_chance: bool,
}

impl Failed {
    /// Combines the errors of all addresses, with the kind of the first.
    fn into_error(self) -> io::Error {
        let mut message = String::from("cannot listen at");
        for (index, (address, error)) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            // Writing to a string cannot fail.
            let _ = write!(message, "{separator} {address}: {error}");
        }
        let kind = self.errors.first().map(|(_, error)| error.kind());
        io::Error::new(kind.unwrap_or(io::ErrorKind::Other), message)
    }
}

/// Opens a listener on each address, all on one port. If one fails, the others are closed.
fn listen_at_all<R: Net>(
    addresses: &[SocketAddr],
    options: &ListenOptions,
) -> Result<Vec<TcpListener<R>>, Failed> {
    let mut listeners = Vec::new();
    let mut skipped = Vec::new();
    let mut chosen = None;
    for address in addresses {
        let mut address = *address;
        if let Some(port) = chosen {
            address.set_port(port);
        }
        let bound = options.bind::<R>(address).and_then(|listener| {
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        });
        match bound {
            Ok((listener, port)) => {
                chosen = Some(port);
                listeners.push(listener);
            }
            Err(error) if is_missing::<R>(address, &error) => skipped.push((address, error)),
            Err(error) => {
                let may_be_chance =
                    !listeners.is_empty() && error.kind() == io::ErrorKind::AddrInUse;
                return Err(Failed {
                    errors: vec![(address, error)],
                    may_be_chance,
                });
            }
        }
    }
    if listeners.is_empty() {
        return Err(Failed {
            errors: skipped,
            may_be_chance: false,
        });
    }
    Ok(listeners)
}

/// Returns whether listening on an address failed because this machine has no addresses of its family.
fn is_missing<R: Net>(address: SocketAddr, error: &io::Error) -> bool {
    if errors::is_unknown_family(error) {
        return true;
    }
    // The address may also belong to another machine. If even the loopback address cannot be bound, the
    // family is missing.
    let own = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    error.kind() == io::ErrorKind::AddrNotAvailable
        && ListenOptions::new().bind::<R>((own, 0).into()).is_err()
}
