//! Names of hosts and services.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::engine::deliver;
use crate::host::to_ascii;
use crate::runtime::{Net, Runtime};
use crate::sync::begin;
use crate::thread::to_thread;

/// Looks up the addresses of a host, each with the port, in the order that the system prefers.
///
/// There is at least one. A literal address resolves to itself, without the system. Names that
/// are not ASCII need the feature `idna`.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect. The system may go on looking, in a thread that nobody waits for.
///
/// # Errors
///
/// What the system says if the name is not known, or there is no answer, with a [`LookupError`]
/// inside.
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

/// Looks up the name of a host, and that of the service on the port.
///
/// Where there is no name, the system gives the number in its place.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect. The system may go on looking, in a thread that nobody waits for.
///
/// # Errors
///
/// What the system says, with a [`LookupError`] inside.
pub async fn reverse_lookup<R: Net>(address: SocketAddr) -> io::Result<(String, String)> {
    begin().await;
    let found = R::reverse_lookup(address).await;
    found.map_err(|error| LookupError::wrap(address.to_string(), error))
}

/// The address that stands there instead of a name.
pub(super) fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    let address: IpAddr = host.parse().ok()?;
    Some(SocketAddr::new(address, port))
}

/// A name or an address could not be looked up. Nothing has been connected to.
///
/// Functions that return an [`io::Error`] have it inside: [`LookupError::of`] finds it.
#[derive(Debug)]
pub struct LookupError {
    host: String,
    error: io::Error,
}

impl LookupError {
    /// What an error is about, if it is about looking up a name.
    pub fn of(error: &io::Error) -> Option<&LookupError> {
        error.get_ref()?.downcast_ref()
    }

    /// What was looked up.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Why there is no answer.
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

/// Has the system look a name up, on a worker thread that is left behind if nobody waits any more.
///
/// For backends: what [`Net::lookup`](crate::runtime::Net::lookup) does.
///
/// # Errors
///
/// What the system says.
pub async fn system_lookup<R: Runtime>(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let lookup = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
    let options = to_thread::Options::<R>::new().abandon_on_cancel();
    deliver(options.run(lookup).await).await
}

/// Has the system look up the name of a host and that of a service, on a worker thread that is
/// left behind if nobody waits any more.
///
/// For backends: what [`Net::reverse_lookup`](crate::runtime::Net::reverse_lookup) does.
///
/// # Errors
///
/// What the system says.
pub async fn system_reverse_lookup<R: Runtime>(
    address: SocketAddr,
) -> io::Result<(String, String)> {
    let lookup = move || Ok(dns_lookup::getnameinfo(&address, 0)?);
    let options = to_thread::Options::<R>::new().abandon_on_cancel();
    deliver(options.run(lookup).await).await
}
