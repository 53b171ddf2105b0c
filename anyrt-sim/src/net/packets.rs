//! Datagrams.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use anyrt_core::net::{Address, UnixAddress};
use anyrt_core::runtime::{WakerSlot, poll_locked};

use super::book::target;
use super::link::{Fate, Transit};
use super::rules::Content;
use super::{calls, wake};
use crate::events::PacketFate;
use crate::host::{HostId, Incarnation};
use crate::lock::lock;
use crate::shared::Shared;

/// The most packets that wait at a socket; more are dropped.
const MOST: usize = 256;

/// The largest packet: what fits into one of IPv4.
const LARGEST: usize = 65_507;

/// The error numbers of Linux for a packet that is too large, to port 0, or to an address of another family.
const MESSAGE_TOO_LONG: i32 = 90;
const INVALID: i32 = 22;
const NOT_OF_THE_FAMILY: i32 = 97;

/// The packets that have arrived at a socket.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    packets: VecDeque<(Arc<[u8]>, Address)>,
    /// Whether a packet that was sent from here to the peer of the socket has found no receiver; returned once.
    refused: bool,
    shut_down: bool,
    waker: WakerSlot,
}

/// A packet that is sent.
#[derive(Clone)]
struct Datagram {
    /// The hosts that send and receive it.
    hosts: [HostId; 2],
    from: Address,
    to: Address,
    bytes: Arc<[u8]>,
    /// Whether the receiver is the peer of the socket. Without a peer, the system does not report that there is no
    /// receiver.
    to_peer: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// Receives a packet, from this address alone if there is one.
    pub(super) fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        only: Option<&Address>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        poll_locked(&self.0, cx.waker(), |state| {
            if mem::take(&mut state.refused) {
                return Ok(Err(io::ErrorKind::ConnectionRefused.into()));
            }
            while let Some((packet, from)) = state.packets.pop_front() {
                if only.is_none_or(|only| *only == from) {
                    let count = packet.len().min(buffer.len());
                    buffer[..count].copy_from_slice(&packet[..count]);
                    return Ok(Ok((count, from)));
                }
            }
            if state.shut_down {
                return Ok(Ok((0, UnixAddress::Unnamed.into())));
            }
            Err(&mut state.waker)
        })
    }

    pub(super) fn shut_down(&self) {
        let mut state = self.lock();
        state.shut_down = true;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// Sends a packet from this socket. `to_peer` states whether the receiver is the peer of the socket.
    pub(super) fn send(
        self: &Arc<Self>,
        host: &Arc<Incarnation>,
        from: &Address,
        to: &Address,
        bytes: &[u8],
        to_peer: bool,
    ) -> io::Result<usize> {
        {
            let mut state = self.lock();
            if state.shut_down {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if mem::take(&mut state.refused) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
        }
        if bytes.len() > LARGEST {
            return Err(io::Error::from_raw_os_error(MESSAGE_TOO_LONG));
        }
        let to = target(to);
        if to.as_unix().is_some() {
            return self.send_here(host, from, &to, bytes);
        }
        check_target(from, &to)?;
        let from = host.source(from, &to);
        let Some(to_host) = host.route(&to).filter(|_| host.is_alive()) else {
            return Ok(bytes.len());
        };
        let packet = Datagram {
            hosts: [host.host, to_host],
            from,
            to,
            bytes: bytes.into(),
            to_peer,
        };
        self.transmit(&host.shared, packet);
        Ok(bytes.len())
    }

    /// Puts a packet on its way.
    fn transmit(self: &Arc<Self>, shared: &Arc<Shared>, packet: Datagram) {
        let [from_host, to_host] = packet.hosts;
        if let Some(hold) = shared.hold_between(from_host, to_host) {
            let (sender, shared) = (self.clone(), shared.clone());
            hold.add(move || sender.transmit(&shared, packet));
            return;
        }
        let transit = Transit {
            from: from_host,
            to: to_host,
            source: &packet.from,
            destination: &packet.to,
            content: Content::Datagram(&packet.bytes),
            number: 0,
            attempts: 0,
        };
        let (arrivals, fate) = match shared.fate(&transit) {
            Fate::Lost => ([None, None], PacketFate::Lost),
            Fate::Arrives(at, fate) => ([Some(at), None], fate),
            Fate::ArrivesTwice(one, other) => ([Some(one), Some(other)], PacketFate::Duplicated),
        };
        let sent = transit.sent(fate);
        for at in arrivals.into_iter().flatten() {
            let (sender, network) = (self.clone(), shared.clone());
            let Datagram {
                from,
                to,
                bytes,
                to_peer,
                ..
            } = packet.clone();
            let deliver = calls(move || {
                let found = network.network().book.inbox(to_host, &to);
                let answers = network.lock().hosts.is_reachable(to_host);
                match found {
                    Some(inbox) => {
                        inbox.arrived(bytes, from);
                    }
                    None if answers && to_peer => sender.refuse(),
                    None => {}
                }
            });
            shared.deliver_at(at, deliver, sent);
        }
    }

    /// Sends a packet to a Unix socket: it arrives at once, and none is lost.
    fn send_here(
        &self,
        host: &Incarnation,
        from: &Address,
        to: &Address,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let found = host.shared.network().book.inbox(host.host, to);
        let Some(inbox) = found else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if inbox.arrived(bytes.into(), from.clone()) {
            Ok(bytes.len())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    /// Adds a packet. Returns false if there is no room, and the packet is lost.
    fn arrived(&self, packet: Arc<[u8]>, from: Address) -> bool {
        let mut state = self.lock();
        let has_room = state.packets.len() < MOST;
        if has_room {
            state.packets.push_back((packet, from));
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        has_room
    }

    /// Notes that a packet has found no receiver.
    fn refuse(&self) {
        let mut state = self.lock();
        state.refused = true;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }
}

/// Returns the error of the system for a receiver that no packet from this address can have.
fn check_target(from: &Address, to: &Address) -> io::Result<()> {
    let (Some(from), Some(to)) = (from.as_ip(), to.as_ip()) else {
        return Ok(());
    };
    // A socket of IPv6 may reach addresses of IPv4.
    if from.is_ipv4() && to.is_ipv6() {
        return Err(io::Error::from_raw_os_error(NOT_OF_THE_FAMILY));
    }
    if to.port() == 0 {
        return Err(io::Error::from_raw_os_error(INVALID));
    }
    Ok(())
}
