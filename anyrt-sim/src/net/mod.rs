//! The network in memory: what is sent arrives after a while that the seed decides.
//!
//! A packet is a waker in the queue of timers: waking it delivers it. So packets, timers and tasks are in one
//! order, and there is no second queue.
//!
//! | file | contents |
//! | --- | --- |
//! | `book` | which socket is where: addresses, ports, names |
//! | `link` | how long a packet takes, and whether it is lost |
//! | `hold` | packets that wait until a test releases them |
//! | `bandwidth` | links that carry a limited number of bytes in a second |
//! | `rules` | rules of a test about packets |
//! | `connection` | streams: handshake, data in order, end and reset |
//! | `packets` | datagrams |
//! | `socket` | the facet: one type for all sockets |

mod bandwidth;
mod book;
mod connection;
mod hold;
mod link;
mod listener;
mod packets;
mod rules;
mod socket;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Wake, Waker};

use anyrt_core::runtime::{Net, SocketOption, SocketSpec};

use self::bandwidth::Bandwidths;
pub(crate) use self::bandwidth::check as check_bandwidth;
pub(crate) use self::book::Book;
use self::hold::Hold;
pub use self::hold::HoldGuard;
pub(crate) use self::link::Latency;
use self::rules::Rules;
pub use self::rules::{Content, NetHandle, Packet, Rule, RuleChoices, RuleGuard, Verdict};
pub use self::socket::SimSocket;
use crate::Sim;
use crate::current::current;
use crate::events::{Detail, EventKind, SentPacket};
use crate::host::{HostId, Incarnation};
use crate::lock::lock;
use crate::shared::{Shared, State};

/// The network of a run.
#[derive(Debug, Default)]
pub(crate) struct Network {
    book: Book,
    rules: Rules,
    holds: Vec<Hold>,
    bandwidths: Bandwidths,
}

impl Shared {
    fn network(&self) -> MutexGuard<'_, Network> {
        lock(&self.network)
    }

    /// Drops all sockets and names, when the run is over.
    pub(crate) fn clear_network(&self) {
        let network = std::mem::take(&mut *self.network());
        drop(network);
    }

    /// Removes the sockets of a host that has crashed.
    pub(crate) fn disconnect(&self, host: HostId) {
        let removed = self.network().book.remove_host(host);
        drop(removed);
    }

    /// Wakes `packet`, which delivers it, after a time that is drawn, and not before `least`. Returns the time of
    /// that since the start.
    fn deliver_within(
        &self,
        latency: Latency,
        least: u64,
        packet: Waker,
        from: HostId,
        sent: impl FnOnce() -> SentPacket,
    ) -> u64 {
        let now = self.now();
        let mut state = self.lock();
        let at = latency.draw(now, &mut state).max(least);
        let record = |state: &mut State| {
            let kind = EventKind::Send;
            state
                .events
                .record_with(now, kind, from, at, || Detail::Packet(sent()));
        };
        deliver_by(state, at, packet, record);
        at
    }

    /// Wakes `packet`, which delivers it, at that time since the start, on the executor's thread.
    fn deliver_at(&self, at: u64, packet: Waker, (from, sent): (HostId, SentPacket)) {
        let now = self.now();
        deliver_by(self.lock(), at, packet, |state| {
            let kind = EventKind::Send;
            state
                .events
                .record_with(now, kind, from, at, || Detail::Packet(sent));
        });
    }

    /// Calls `retry` at that time since the start, on the executor's thread: a host sends again what was lost.
    fn retry_at(&self, at: u64, from: HostId, retry: impl FnOnce() + Send + 'static) {
        let now = self.now();
        deliver_by(self.lock(), at, calls(retry), |state| {
            state.events.record(now, EventKind::Send, from, at);
        });
    }
}

/// Puts a packet among the timers, unless the run has ended.
fn deliver_by(
    mut state: MutexGuard<'_, State>,
    at: u64,
    waker: Waker,
    record: impl FnOnce(&mut State),
) {
    if state.ended {
        drop(state);
        drop(waker);
        return;
    }
    state.stats.packets += 1;
    record(&mut state);
    state.timers.insert(at, waker);
}

/// Returns a waker that calls a function once.
fn calls(deliver: impl FnOnce() + Send + 'static) -> Waker {
    Waker::from(Arc::new(Delivery(Mutex::new(Some(deliver)))))
}

/// A packet on its way, which is delivered when it is woken.
struct Delivery<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Wake for Delivery<F> {
    fn wake(self: Arc<Self>) {
        let deliver = lock(&self.0).take();
        if let Some(deliver) = deliver {
            deliver();
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Returns the host that this thread works for.
fn here() -> io::Result<Arc<Incarnation>> {
    current()
        .ok_or_else(|| io::Error::other("no simulation on this thread: open sockets inside a run"))
}

impl Net for Sim {
    type Socket = SimSocket;

    fn socket(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<SimSocket> {
        let host = here()?;
        let socket = match purpose {
            SocketSpec::Listen { at, backlog } => SimSocket::listen(host, at, backlog),
            SocketSpec::Connect { to, from } => SimSocket::connect(host, to, from),
            SocketSpec::Datagram { at, to } => SimSocket::datagram(host, at, to),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }?;
        for option in options {
            socket.set(*option)?;
        }
        Ok(socket)
    }

    async fn lookup(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if host == "localhost" {
            let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(addresses.map(|ip| SocketAddr::new(ip, port)).to_vec());
        }
        let found = here()?.shared.lock().hosts.lookup(&host);
        if let Some(addresses) = found {
            return Ok(addresses.map(|ip| SocketAddr::new(ip, port)).to_vec());
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the simulated network has no host `{host}`"),
        ))
    }

    async fn reverse_lookup(address: SocketAddr) -> io::Result<(String, String)> {
        let ip = address.ip();
        let host = match here()?.shared.lock().hosts.name_at(ip) {
            _ if ip.is_loopback() => "localhost".to_owned(),
            Some(name) => name.to_string(),
            None => ip.to_string(),
        };
        Ok((host, address.port().to_string()))
    }
}
