//! Helpers for the cases about connecting: addresses to connect to, and the number of open connections.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyrt_core::cancel::move_on_after;
use anyrt_core::net::{Address, Ip, SocketStream, TcpStream};
use anyrt_core::runtime::{Net, Socket, SocketSpec};
use futures_util::future::poll_fn;

use super::net_tools::connect;
use crate::capability::{Capability, has};

/// Opens a listener on a free port of this address.
pub(super) fn listen_on<R: Net>(ip: IpAddr, backlog: u32) -> (R::Socket, SocketAddr) {
    let any = Address::from((ip, 0));
    let purpose = SocketSpec::Listen { at: &any, backlog };
    let listener = R::socket(purpose, &[]).unwrap();
    let at = listener.local_address().unwrap().as_ip().unwrap();
    (listener, at)
}

pub(super) fn listen<R: Net>() -> (R::Socket, SocketAddr) {
    listen_on::<R>(Ipv4Addr::LOCALHOST.into(), 16)
}

/// Returns a loopback address that no other case uses, where the system has enough of them, so that the
/// connections to it can be counted.
pub(super) fn own_loopback() -> IpAddr {
    static NUMBER: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    if cfg!(target_os = "linux") {
        Ipv4Addr::new(127, 99, high, low).into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    }
}

/// Accepts the next connection.
pub(super) async fn accept<R: Net, K: anyrt_core::net::Domain>(
    listener: &R::Socket,
) -> SocketStream<R, K> {
    let (socket, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
    SocketStream::from_socket(socket).unwrap()
}

/// Returns the loopback address of IPv6, or prints that the case is skipped if the host has none.
pub(super) fn loopback_v6<R: Net>(case: &str) -> Option<IpAddr> {
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    let any = Address::from((v6, 0));
    let purpose = SocketSpec::Listen {
        at: &any,
        backlog: 1,
    };
    if R::socket(purpose, &[]).is_err() {
        eprintln!("{case}: skipped, as there is no IPv6 here");
        return None;
    }
    Some(v6)
}

/// An address that refuses connections while this value exists: it is the client's end of a connection.
pub(super) struct Refusing<R: Net> {
    pub(super) address: SocketAddr,
    _connection: (R::Socket, TcpStream<R>),
}

pub(super) async fn refusing<R: Net>() -> Refusing<R> {
    let (listener, at) = listen::<R>();
    let client = connect::<R, Ip>(at).await.unwrap();
    Refusing {
        address: client.local_addr().unwrap(),
        _connection: (listener, client),
    }
}

/// An address that does not answer while this value exists: the queue of its listener is full.
pub(super) struct Silent<R: Net> {
    pub(super) address: SocketAddr,
    _listener: R::Socket,
    _queue: Vec<TcpStream<R>>,
}

/// Returns a silent address, on systems that keep new connections waiting when a queue is full, as Linux
/// does.
pub(super) async fn silent<R: Net>() -> Silent<R> {
    let (listener, address) = listen_on::<R>(own_loopback(), 0);
    let mut queue = Vec::new();
    let limit = Duration::from_millis(100);
    while let Some(Ok(stream)) = move_on_after::<R, _>(limit, connect::<R, Ip>(address)).await {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue is never full");
    }
    Silent {
        address,
        _listener: listener,
        _queue: queue,
    }
}

/// Returns the number of sockets of this machine that are connecting to the address, without queued ones,
/// or `None` where the system does not list them.
pub(super) fn connecting_to(address: SocketAddr) -> Option<usize> {
    const SYN_SENT: &str = "02";
    count(address, &[SYN_SENT])
}

/// Returns the number of sockets that are connected or connecting to the address.
pub(super) fn open_to(address: SocketAddr) -> Option<usize> {
    const ESTABLISHED: &str = "01";
    const SYN_SENT: &str = "02";
    count(address, &[ESTABLISHED, SYN_SENT])
}

fn count(address: SocketAddr, states: &[&str]) -> Option<usize> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    if !has(Capability::SocketTable) {
        return None;
    }
    let list = std::fs::read_to_string("/proc/self/net/tcp").ok()?;
    let ip = u32::from_ne_bytes(address.ip().octets());
    let remote = format!("{ip:08X}:{:04X}", address.port());
    // A socket may be listed twice, at the borders of the parts in which the system returns the list: each
    // socket is identified by its own end.
    let own_end = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let own = fields.next()?;
        let is_one = fields.next()? == remote && states.contains(&fields.next()?);
        is_one.then(|| own.to_owned())
    };
    let sockets: HashSet<String> = list.lines().filter_map(own_end).collect();
    Some(sockets.len())
}
