//! Which socket is where.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use anyrt_core::net::{Address, UnixAddress};

use super::listener::Listener;
use super::packets::Inbox;
use crate::host::{HostId, Incarnation};

/// The sockets that can be reached, and the ports that were given.
#[derive(Debug, Default)]
pub(crate) struct Book {
    listeners: BTreeMap<Endpoint, Weak<Listener>>,
    inboxes: BTreeMap<Endpoint, Weak<Inbox>>,
    /// The number of ports that each host has given.
    ports: BTreeMap<HostId, u16>,
}

/// An address on a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Endpoint {
    host: HostId,
    name: Name,
}

/// An address, with an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Ip(SocketAddr),
    Path(PathBuf),
    Abstract(Vec<u8>),
}

/// The kind of a socket: those of each have ports of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Stream,
    Datagram,
}

/// The first of the ports that are given where a program names none.
const FIRST_PORT: u16 = 49_152;

impl Endpoint {
    /// Returns the endpoint of an address, or `None` if the address has no name.
    pub(super) fn of(host: HostId, address: &Address) -> Option<Endpoint> {
        let name = match address {
            Address::Ip(address) => Name::Ip(*address),
            Address::Unix(UnixAddress::Path(path)) => Name::Path(path.clone()),
            Address::Unix(UnixAddress::Abstract(name)) => Name::Abstract(name.clone()),
            _ => return None,
        };
        Some(Endpoint { host, name })
    }

    /// Returns the endpoint that receives for every address of the host with this port.
    fn any(&self) -> Option<Endpoint> {
        let Name::Ip(address) = self.name else {
            return None;
        };
        let any: IpAddr = match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let name = Name::Ip(SocketAddr::new(any, address.port()));
        Some(Endpoint {
            host: self.host,
            name,
        })
    }

    /// Returns whether both receive some of the same packets.
    fn collides(&self, other: &Endpoint) -> bool {
        self == other
            || self.any().is_some_and(|any| any == *other)
            || other.any().is_some_and(|any| any == *self)
    }
}

/// Returns the address that a packet to this one reaches: the unspecified one means the own host.
pub(super) fn target(to: &Address) -> Address {
    match to.as_ip() {
        Some(address) if address.ip().is_unspecified() => {
            let ip: IpAddr = match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
            Address::Ip(SocketAddr::new(ip, address.port()))
        }
        _ => to.clone(),
    }
}

impl Book {
    fn next_port(&mut self, host: HostId) -> u16 {
        let count = self.ports.entry(host).or_default();
        let port = FIRST_PORT + *count % (u16::MAX - FIRST_PORT);
        *count = count.wrapping_add(1);
        port
    }

    /// Returns the address with a port that is free, if it names none.
    fn settle(
        &mut self,
        host: HostId,
        transport: Transport,
        address: &Address,
    ) -> io::Result<Address> {
        let Some(ip) = address.as_ip().filter(|ip| ip.port() == 0) else {
            return Ok(address.clone());
        };
        for _ in FIRST_PORT..u16::MAX {
            let address = Address::Ip(SocketAddr::new(ip.ip(), self.next_port(host)));
            if !self.is_taken(host, transport, &address) {
                return Ok(address);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// Returns whether a socket has the address. A name of Unix belongs to one socket, of whatever kind; a port
    /// to one of each kind.
    fn is_taken(&self, host: HostId, transport: Transport, address: &Address) -> bool {
        let Some(endpoint) = Endpoint::of(host, address) else {
            return false;
        };
        let concerns = |other| transport == other || address.as_ip().is_none();
        concerns(Transport::Stream) && collides_with_one(&self.listeners, &endpoint)
            || concerns(Transport::Datagram) && collides_with_one(&self.inboxes, &endpoint)
    }

    /// Returns the address that is bound for this one, which gets a port if it has none.
    fn bind(&mut self, host: HostId, transport: Transport, at: &Address) -> io::Result<Address> {
        let at = self.settle(host, transport, at)?;
        if self.is_taken(host, transport, &at) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(at)
    }

    /// Removes all sockets of a host. Returns them for a drop without the lock.
    pub(super) fn remove_host(&mut self, host: HostId) -> impl Sized + use<> {
        (
            remove_of(host, &mut self.listeners),
            remove_of(host, &mut self.inboxes),
        )
    }

    pub(super) fn add_listener(&mut self, host: HostId, at: &Address, listener: &Arc<Listener>) {
        if let Some(endpoint) = Endpoint::of(host, at) {
            self.listeners.insert(endpoint, Arc::downgrade(listener));
        }
    }

    pub(super) fn add_inbox(&mut self, host: HostId, at: &Address, inbox: &Arc<Inbox>) {
        if let Some(endpoint) = Endpoint::of(host, at) {
            self.inboxes.insert(endpoint, Arc::downgrade(inbox));
        }
    }

    /// Removes a socket; returns it for a drop without the lock.
    pub(super) fn remove_listener(&mut self, host: HostId, at: &Address) -> Option<Weak<Listener>> {
        self.listeners.remove(&Endpoint::of(host, at)?)
    }

    pub(super) fn remove_inbox(&mut self, host: HostId, at: &Address) -> Option<Weak<Inbox>> {
        self.inboxes.remove(&Endpoint::of(host, at)?)
    }

    /// Returns the socket that accepts connections to this address.
    pub(super) fn listener(&self, host: HostId, to: &Address) -> Option<Arc<Listener>> {
        find(&self.listeners, host, to)
    }

    /// Returns the socket that receives packets to this address.
    pub(super) fn inbox(&self, host: HostId, to: &Address) -> Option<Arc<Inbox>> {
        find(&self.inboxes, host, to)
    }
}

/// Removes the entries of a host from a map.
fn remove_of<T>(
    host: HostId,
    map: &mut BTreeMap<Endpoint, Weak<T>>,
) -> BTreeMap<Endpoint, Weak<T>> {
    let (removed, kept) = mem::take(map)
        .into_iter()
        .partition(|(at, _)| at.host == host);
    *map = kept;
    removed
}

/// Returns whether a socket of the same host, of those in the map, receives some of the same packets.
fn collides_with_one<T>(map: &BTreeMap<Endpoint, Weak<T>>, endpoint: &Endpoint) -> bool {
    let first = Endpoint {
        host: endpoint.host,
        name: Name::Ip(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0)),
    };
    map.range(first..)
        .take_while(|(other, _)| other.host == endpoint.host)
        .any(|(other, socket)| socket.strong_count() > 0 && endpoint.collides(other))
}

fn find<T>(map: &BTreeMap<Endpoint, Weak<T>>, host: HostId, to: &Address) -> Option<Arc<T>> {
    let endpoint = Endpoint::of(host, to)?;
    if let Some(found) = map.get(&endpoint).and_then(Weak::upgrade) {
        return Some(found);
    }
    map.get(&endpoint.any()?).and_then(Weak::upgrade)
}

/// Returns the address from which `to` can be reached, on a host with these addresses.
fn reaches(to: IpAddr, own: [IpAddr; 2]) -> IpAddr {
    match to {
        to if to.is_loopback() => to,
        IpAddr::V4(_) => own[0],
        IpAddr::V6(_) => own[1],
    }
}

impl Incarnation {
    /// Returns the address of a new socket: the chosen one, or one from which `to` can be reached.
    ///
    /// # Errors
    ///
    /// `AddrNotAvailable` if the chosen one is not an address of the host, `AddrInUse`, and `InvalidInput` if
    /// both are missing.
    pub(super) fn local_address(
        &self,
        transport: Transport,
        chosen: Option<&Address>,
        to: Option<&Address>,
    ) -> io::Result<Address> {
        let own = self.shared.lock().hosts.addresses(self.host);
        let at = match (chosen, to) {
            (Some(at), _) => {
                let is_own =
                    |ip: IpAddr| ip.is_loopback() || ip.is_unspecified() || own.contains(&ip);
                if !at.as_ip().is_none_or(|at| is_own(at.ip())) {
                    return Err(io::ErrorKind::AddrNotAvailable.into());
                }
                at.clone()
            }
            (None, Some(Address::Ip(to))) => Address::Ip(SocketAddr::new(reaches(to.ip(), own), 0)),
            (None, Some(_)) => return Ok(UnixAddress::Unnamed.into()),
            (None, None) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        self.shared.network().book.bind(self.host, transport, &at)
    }

    /// Returns the source of a packet to this address. A socket that is bound to the unspecified address sends
    /// from one of the host's from which `to` can be reached, since an answer has to find it.
    pub(super) fn source(&self, at: &Address, to: &Address) -> Address {
        match (at.as_ip(), to.as_ip()) {
            (Some(at), Some(to)) if at.ip().is_unspecified() => {
                let own = self.shared.lock().hosts.addresses(self.host);
                Address::Ip(SocketAddr::new(reaches(to.ip(), own), at.port()))
            }
            _ => at.clone(),
        }
    }

    /// Returns the host that an address belongs to.
    pub(super) fn route(&self, to: &Address) -> Option<HostId> {
        match to.as_ip() {
            Some(to) if !to.ip().is_loopback() => self.shared.lock().hosts.at(to.ip()),
            _ => Some(self.host),
        }
    }
}
