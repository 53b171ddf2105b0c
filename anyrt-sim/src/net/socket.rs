//! The sockets of the network: one type for all purposes.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use anyrt_core::net::Address;
use anyrt_core::runtime::{Socket, SocketOption};
use anyrt_core::stream::Attributes;

use super::book::{Transport, target};
use super::connection::{ACCEPTED, CONNECTED, Connection};
use super::listener::Listener;
use super::packets::Inbox;
use crate::host::Incarnation;

/// A socket of the simulated network.
pub struct SimSocket {
    host: Arc<Incarnation>,
    role: Role,
}

/// The purpose of a socket.
enum Role {
    Listener {
        listener: Arc<Listener>,
        at: Address,
    },
    Stream {
        connection: Arc<Connection>,
        side: usize,
    },
    Datagram {
        inbox: Arc<Inbox>,
        at: Address,
        to: Option<Address>,
    },
}

impl SimSocket {
    pub(super) fn listen(
        host: Arc<Incarnation>,
        at: &Address,
        backlog: u32,
    ) -> io::Result<SimSocket> {
        let listener = Listener::new(backlog);
        let at = host.local_address(Transport::Stream, Some(at), None)?;
        host.shared
            .network()
            .book
            .add_listener(host.host, &at, &listener);
        let role = Role::Listener { listener, at };
        Ok(SimSocket { host, role })
    }

    pub(super) fn connect(
        host: Arc<Incarnation>,
        to: &Address,
        from: Option<&Address>,
    ) -> io::Result<SimSocket> {
        let to = target(to);
        let from = host.local_address(Transport::Stream, from, Some(&to))?;
        let connection = match host.route(&to) {
            Some(to_host) => Connection::connect(&host, from, to, to_host),
            None => Connection::unreachable(&host, from, to),
        };
        let side = CONNECTED;
        let role = Role::Stream { connection, side };
        Ok(SimSocket { host, role })
    }

    pub(super) fn datagram(
        host: Arc<Incarnation>,
        at: Option<&Address>,
        to: Option<&Address>,
    ) -> io::Result<SimSocket> {
        let inbox = Arc::new(Inbox::default());
        let to = to.map(target);
        let at = host.local_address(Transport::Datagram, at, to.as_ref())?;
        host.shared.network().book.add_inbox(host.host, &at, &inbox);
        let role = Role::Datagram { inbox, at, to };
        Ok(SimSocket { host, role })
    }

    pub(super) fn set(&self, option: SocketOption) -> io::Result<()> {
        match option {
            SocketOption::ReusePort(true) => Err(io::ErrorKind::Unsupported.into()),
            // The others have no effect that a program of the simulation could observe.
            _ => Ok(()),
        }
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        let host = &self.host;
        if !host.is_alive() {
            // The crash has removed it, and perhaps the address belongs to a new socket by now.
            return;
        }
        match &self.role {
            Role::Listener { listener, at } => {
                let removed = host.shared.network().book.remove_listener(host.host, at);
                drop(removed);
                listener.close();
            }
            Role::Stream { connection, side } => connection.close(*side),
            Role::Datagram { at, .. } => {
                let removed = host.shared.network().book.remove_inbox(host.host, at);
                drop(removed);
            }
        }
    }
}

impl fmt::Debug for SimSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Role::Listener { at, .. } => write!(f, "SimSocket(listening at {at})"),
            Role::Stream { connection, side } => {
                let [own, peer] = [*side, 1 - side].map(|side| &connection.addresses[side]);
                write!(f, "SimSocket({own} to {peer})")
            }
            Role::Datagram { at, .. } => write!(f, "SimSocket(packets at {at})"),
        }
    }
}

impl Attributes for SimSocket {}

/// The error of a call that a socket of this purpose does not have.
fn wrong_purpose<T>() -> io::Result<T> {
    Err(io::ErrorKind::InvalidInput.into())
}

impl Socket for SimSocket {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.role {
            Role::Stream { connection, .. } => connection.poll_connected(cx),
            _ => Poll::Ready(wrong_purpose()),
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(SimSocket, Address)>> {
        let Role::Listener { listener, .. } = &self.role else {
            return Poll::Ready(wrong_purpose());
        };
        let (connection, from) = ready!(listener.poll_accept(cx));
        let socket = SimSocket {
            host: self.host.clone(),
            role: Role::Stream {
                connection,
                side: ACCEPTED,
            },
        };
        Poll::Ready(Ok((socket, from)))
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.role {
            Role::Stream { connection, side } => connection.poll_receive(*side, cx, buffer),
            Role::Datagram { inbox, to, .. } => inbox
                .poll_receive(cx, to.as_ref(), buffer)
                .map_ok(|(count, _)| count),
            Role::Listener { .. } => Poll::Ready(wrong_purpose()),
        }
    }

    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &self.role {
            Role::Stream { connection, side } => connection.poll_send(*side, cx, slices),
            Role::Datagram {
                inbox,
                at,
                to: Some(to),
            } => {
                let packet: Vec<u8> = slices
                    .iter()
                    .flat_map(|slice| slice.iter().copied())
                    .collect();
                Poll::Ready(inbox.send(&self.host, at, to, &packet, true))
            }
            _ => Poll::Ready(wrong_purpose()),
        }
    }

    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        match &self.role {
            Role::Datagram { inbox, to, .. } => inbox.poll_receive(cx, to.as_ref(), buffer),
            _ => Poll::Ready(wrong_purpose()),
        }
    }

    fn poll_send_to(
        &self,
        _cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        match &self.role {
            Role::Datagram { inbox, at, .. } => {
                Poll::Ready(inbox.send(&self.host, at, to, bytes, false))
            }
            _ => Poll::Ready(wrong_purpose()),
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match &self.role {
            Role::Stream { connection, side } => connection.shutdown(*side, how),
            Role::Datagram { inbox, .. } => {
                inbox.shut_down();
                Ok(())
            }
            Role::Listener { .. } => wrong_purpose(),
        }
    }

    fn local_address(&self) -> io::Result<Address> {
        Ok(match &self.role {
            Role::Listener { at, .. } | Role::Datagram { at, .. } => at.clone(),
            Role::Stream { connection, side } => connection.addresses[*side].clone(),
        })
    }

    fn peer_address(&self) -> io::Result<Address> {
        match &self.role {
            Role::Stream { connection, side } => Ok(connection.addresses[1 - side].clone()),
            Role::Datagram { to: Some(to), .. } => Ok(to.clone()),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        self.set(option)
    }
}
