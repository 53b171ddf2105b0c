//! Names of hosts and services.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::runtime::Runtime;
use crate::thread::to_thread;

/// Has the system look a name up, on a worker thread that is left behind if nobody waits any more.
///
/// For backends: what [`Net::lookup`](crate::runtime::Net::lookup) does.
///
/// # Errors
///
/// What the system says.
pub async fn system_lookup<R: Runtime>(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let lookup = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
    to_thread::Options::<R>::new()
        .abandon_on_cancel()
        .run(lookup)
        .await
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
    to_thread::Options::<R>::new()
        .abandon_on_cancel()
        .run(lookup)
        .await
}
