//! What is known of sockets.

use std::io;

use super::{Address, Family};
use crate::runtime::Socket;
use crate::stream::{Attribute, Demand};

/// The kind of a socket's addresses.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SocketFamily;

impl Attribute for SocketFamily {
    type Value = Family;
    const NAME: &'static str = "socket family";
}

/// The address of a socket's own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalAddress;

impl Attribute for LocalAddress {
    type Value = Address;
    const NAME: &'static str = "local address";
}

/// The port of a socket's own. Unix sockets have none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalPort;

impl Attribute for LocalPort {
    type Value = u16;
    const NAME: &'static str = "local port";
}

/// The address of the peer that a socket is connected to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RemoteAddress;

impl Attribute for RemoteAddress {
    type Value = Address;
    const NAME: &'static str = "remote address";
}

/// The port of the peer that a socket is connected to. Unix sockets have none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RemotePort;

impl Attribute for RemotePort {
    type Value = u16;
    const NAME: &'static str = "remote port";
}

/// Offers what is known of any socket.
pub(super) fn provide_socket<S: Socket>(socket: &S, demand: &mut Demand<'_>) {
    demand
        .provide_result::<SocketFamily>(|| Ok(Some(socket.local_address()?.family())))
        .provide_result::<LocalAddress>(|| socket.local_address().map(Some))
        .provide_result::<LocalPort>(|| port(socket.local_address()));
    socket.provide(demand);
}

/// Offers what is known of a socket with one peer.
pub(super) fn provide_connected<S: Socket>(socket: &S, demand: &mut Demand<'_>) {
    demand
        .provide_result::<RemoteAddress>(|| socket.peer_address().map(Some))
        .provide_result::<RemotePort>(|| port(socket.peer_address()));
    provide_socket(socket, demand);
}

/// Returns the port of an address, if it has one.
fn port(address: io::Result<Address>) -> io::Result<Option<u16>> {
    Ok(address?.as_ip().map(|address| address.port()))
}
