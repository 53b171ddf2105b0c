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
    let port = |address: io::Result<Address>| Some(address.ok()?.as_ip()?.port());
    demand
        .try_provide::<SocketFamily>(|| Some(socket.local_address().ok()?.family()))
        .try_provide::<LocalAddress>(|| socket.local_address().ok())
        .try_provide::<LocalPort>(|| port(socket.local_address()));
    socket.provide(demand);
}

/// Offers what is known of a socket with one peer.
pub(super) fn provide_connected<S: Socket>(socket: &S, demand: &mut Demand<'_>) {
    let port = |address: io::Result<Address>| Some(address.ok()?.as_ip()?.port());
    demand
        .try_provide::<RemoteAddress>(|| socket.peer_address().ok())
        .try_provide::<RemotePort>(|| port(socket.peer_address()));
    provide_socket(socket, demand);
}
