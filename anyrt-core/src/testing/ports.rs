//! Ports that are not in use.

use std::io;
#[cfg(feature = "net")]
use std::net::IpAddr;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use crate::loom::lock_static;
use crate::loom::process::Mutex;
#[cfg(feature = "net")]
use crate::net::Address;
#[cfg(feature = "net")]
use crate::runtime::{Net, Socket, SocketSpec};

/// The ports that were returned, so that none is returned twice.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// Returns a TCP port on the loopback interface that is not in use, different in each call.
///
/// # Errors
///
/// The error of the operating system if there is none.
pub fn free_tcp_port() -> io::Result<u16> {
    free_port(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr())
}

/// Returns a UDP port on the loopback interface that is not in use, different in each call.
///
/// # Errors
///
/// The error of the operating system if there is none.
pub fn free_udp_port() -> io::Result<u16> {
    free_port(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr())
}

/// Returns a TCP port on the loopback interface of the runtime's own network, which is not in use: for a runtime whose
/// sockets are not those of the operating system.
///
/// # Errors
///
/// The error of the runtime if there is none.
#[cfg(feature = "net")]
pub fn free_tcp_port_of<R: Net>() -> io::Result<u16> {
    let at = Address::Ip(ANY_PORT);
    let (at, backlog) = (&at, 1);
    port_of::<R>(SocketSpec::Listen { at, backlog })
}

/// Returns a UDP port on the loopback interface of the runtime's own network, as [`free_tcp_port_of`] does.
///
/// # Errors
///
/// The error of the runtime if there is none.
#[cfg(feature = "net")]
pub fn free_udp_port_of<R: Net>() -> io::Result<u16> {
    let at = Address::Ip(ANY_PORT);
    let (at, to) = (Some(&at), None);
    port_of::<R>(SocketSpec::Datagram { at, to })
}

/// The loopback interface, with a port that the runtime chooses.
#[cfg(feature = "net")]
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Returns the port that the runtime chooses for a socket.
#[cfg(feature = "net")]
fn port_of<R: Net>(spec: SocketSpec<'_>) -> io::Result<u16> {
    let address = R::socket(spec, &[])?.local_address()?;
    let address = address.as_ip();
    Ok(address
        .expect("a socket at an address of IP has one")
        .port())
}

fn free_port(bind: impl Fn() -> io::Result<SocketAddr>) -> io::Result<u16> {
    // Ends: the system chooses among thousands of ports, and few were returned before.
    loop {
        let port = bind()?.port();
        let mut given = lock_static(&GIVEN);
        if !given.contains(&port) {
            given.push(port);
            return Ok(port);
        }
    }
}
