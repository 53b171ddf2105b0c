//! Attributes of sockets, and the functions by which streams, listeners and datagram sockets provide them.

use std::io;

use super::{Address, Family};
use crate::runtime::Socket;
use crate::stream::{Attribute, Request};

/// The family of a socket's addresses.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SocketFamily;

impl Attribute for SocketFamily {
    type Value = Family;
    const NAME: &'static str = "socket family";
}

/// The local address of a socket.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalAddress;

impl Attribute for LocalAddress {
    type Value = Address;
    const NAME: &'static str = "local address";
}

/// The local port of a socket. Unix sockets have none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalPort;

impl Attribute for LocalPort {
    type Value = u16;
    const NAME: &'static str = "local port";
}

/// The address of the connected peer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RemoteAddress;

impl Attribute for RemoteAddress {
    type Value = Address;
    const NAME: &'static str = "remote address";
}

/// The port of the connected peer. Unix sockets have none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RemotePort;

impl Attribute for RemotePort {
    type Value = u16;
    const NAME: &'static str = "remote port";
}

/// Provides the attributes that every socket has, and those of the backend's socket.
pub(super) fn provide_socket<S: Socket>(socket: &S, demand: &mut Request<'_>) {
    demand
        .provide_result::<SocketFamily>(|| Ok(Some(socket.local_address()?.family())))
        .provide_result::<LocalAddress>(|| socket.local_address().map(Some))
        .provide_result::<LocalPort>(|| port(socket.local_address()));
    socket.provide(demand);
}

/// Provides the attributes of a socket with a peer: the remote ones, and those of every socket.
pub(super) fn provide_connected<S: Socket>(socket: &S, demand: &mut Request<'_>) {
    demand
        .provide_result::<RemoteAddress>(|| socket.peer_address().map(Some))
        .provide_result::<RemotePort>(|| port(socket.peer_address()));
    provide_socket(socket, demand);
}

/// Returns the port of an address, or `None` for a Unix socket.
fn port(address: io::Result<Address>) -> io::Result<Option<u16>> {
    Ok(address?.as_ip().map(|address| address.port()))
}
