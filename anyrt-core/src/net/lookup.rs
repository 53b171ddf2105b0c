//! Lookup of hosts by name, and of names by address; the lookup of the system for backends.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::engine::deliver;
use crate::host::to_ascii;
use crate::runtime::{Net, Runtime};
use crate::sync::begin;
use crate::thread::to_thread;

/// Looks up the addresses of a host, each with the port, in the system's order of preference.
///
/// A successful lookup returns at least one address. A literal address resolves to itself, without a
/// request to the system. Names that are not ASCII need the feature `idna`.
///
/// # Cancel safety
///
/// Cancel safe: a lookup has no effect. The call of the system may continue on a detached thread.
///
/// # Errors
///
/// The error of the operating system, with a [`LookupError`] inside, if the name is not known or the
/// name server does not answer; [`NotFound`](io::ErrorKind::NotFound) if the name has no address.
pub fn lookup<R: Net>(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + use<R> {
    let host = host.to_owned();
    async move {
        begin().await;
        if let Some(address) = literal(&host, port) {
            return Ok(vec![address]);
        }
        let found = match to_ascii(&host) {
            Ok(ascii) => R::lookup(ascii.into_owned(), port).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(addresses) if addresses.is_empty() => {
                Err(LookupError::wrap(host, io::ErrorKind::NotFound.into()))
            }
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(LookupError::wrap(host, error)),
        }
    }
}

/// Looks up the name of a host, and the name of the service on the port.
///
/// If there is no name, the system returns the number in its place.
///
/// # Cancel safety
///
/// Cancel safe: a lookup has no effect. The call of the system may continue on a detached thread.
///
/// # Errors
///
/// The error of the operating system, with a [`LookupError`] inside.
pub async fn reverse_lookup<R: Net>(address: SocketAddr) -> io::Result<(String, String)> {
    begin().await;
    let found = R::reverse_lookup(address).await;
    found.map_err(|error| LookupError::wrap(address.to_string(), error))
}

/// Parses a literal IP address; returns `None` for a name.
pub(super) fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    let address: IpAddr = host.parse().ok()?;
    Some(SocketAddr::new(address, port))
}

/// The error for a name or an address that cannot be looked up. Nothing has been connected.
///
/// Functions that return an [`io::Error`] have it inside: [`LookupError::of`] finds it.
#[derive(Debug)]
pub struct LookupError {
    host: String,
    error: io::Error,
}

impl LookupError {
    /// Returns the lookup error inside an [`io::Error`], if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{LookupError, lookup};
    ///
    /// # anyrt::run(async {
    /// let error = lookup("no host has spaces", 80).await.unwrap_err();
    /// assert!(LookupError::of(&error).is_some());
    /// # });
    /// ```
    pub fn of(error: &io::Error) -> Option<&LookupError> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the name or address that was looked up.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{LookupError, lookup};
    ///
    /// # anyrt::run(async {
    /// let error = lookup("no host has spaces", 80).await.unwrap_err();
    /// assert_eq!(LookupError::of(&error).unwrap().host(), "no host has spaces");
    /// # });
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the reason, as the system reported it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{LookupError, lookup};
    ///
    /// # anyrt::run(async {
    /// let error = lookup("no host has spaces", 80).await.unwrap_err();
    /// let reason = LookupError::of(&error).unwrap().error();
    /// assert_eq!(reason.kind(), error.kind());
    /// # });
    /// ```
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    fn wrap(host: String, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), LookupError { host, error })
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not look up `{}`: {}", self.host, self.error)
    }
}

impl Error for LookupError {}

/// Looks up a name by the system's resolver, on a worker thread that is abandoned on cancellation.
///
/// For backends: the usual implementation of [`Net::lookup`](crate::runtime::Net::lookup).
///
/// # Errors
///
/// The error of the operating system.
pub async fn system_lookup<R: Runtime>(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        // Windows would return the addresses of this host.
        let text = "the name of the host is empty";
        return deliver(Err(io::Error::new(io::ErrorKind::NotFound, text))).await;
    }
    let lookup = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
    let options = to_thread::Options::<R>::new().abandon_on_cancel();
    deliver(options.run(lookup).await).await
}

/// Looks up the names of a host and a service by the system's resolver, on a worker thread that is
/// abandoned on cancellation.
///
/// For backends: the usual implementation of [`Net::reverse_lookup`](crate::runtime::Net::reverse_lookup).
///
/// # Errors
///
/// The error of the operating system.
pub async fn system_reverse_lookup<R: Runtime>(
    address: SocketAddr,
) -> io::Result<(String, String)> {
    let lookup = move || Ok(dns_lookup::getnameinfo(&address, 0)?);
    let options = to_thread::Options::<R>::new().abandon_on_cancel();
    deliver(options.run(lookup).await).await
}
