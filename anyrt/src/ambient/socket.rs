//! Sockets of the ambient runtime: those of the operating system, on its reactor, or those of a simulation.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedFd;
use std::task::{Context, Poll};

use anyrt_core::net::{Address, OsSocket, system_lookup, system_reverse_lookup};
use anyrt_core::runtime::{AdoptSocket, Net, Socket, SocketOption, SocketSpec};
use anyrt_core::stream::{Attributes, Request};

use super::find::is_simulated;
use super::reactor::unsupported;
use super::{Ambient, AmbientSource, Sim};

/// A socket of the ambient runtime.
#[derive(Debug)]
pub struct AmbientSocket(Kind);

/// The kinds of sockets. Without the feature `sim`, the second has no values, and so takes no room.
#[derive(Debug)]
enum Kind {
    Os(OsSocket<AmbientSource>),
    Sim(<Sim as Net>::Socket),
}

/// Does the same for each kind of socket.
macro_rules! match_kind {
    ($socket:expr, $inner:ident => $body:expr) => {
        match &$socket.0 {
            Kind::Os($inner) => $body,
            Kind::Sim($inner) => $body,
        }
    };
}

impl Net for Ambient {
    type Socket = AmbientSocket;

    fn socket(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<AmbientSocket> {
        Ok(AmbientSocket(if is_simulated() {
            Kind::Sim(Sim::socket(purpose, options)?)
        } else {
            Kind::Os(OsSocket::open(purpose, options)?)
        }))
    }

    async fn lookup(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        if is_simulated() {
            Sim::lookup(host, port).await
        } else {
            system_lookup::<Ambient>(host, port).await
        }
    }

    async fn reverse_lookup(address: SocketAddr) -> io::Result<(String, String)> {
        if is_simulated() {
            Sim::reverse_lookup(address).await
        } else {
            system_reverse_lookup::<Ambient>(address).await
        }
    }
}

impl AdoptSocket for AmbientSocket {
    type Source = AmbientSource;

    #[inline]
    fn source(&self) -> io::Result<&AmbientSource> {
        match &self.0 {
            Kind::Os(socket) => socket.source(),
            Kind::Sim(_) => Err(unsupported()),
        }
    }

    fn adopt(descriptor: OwnedFd) -> io::Result<AmbientSocket> {
        // First, since adopting changes the descriptor, which may be shared.
        if is_simulated() {
            return Err(unsupported());
        }
        Ok(AmbientSocket(Kind::Os(OsSocket::adopt(descriptor)?)))
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self.0 {
            Kind::Os(socket) => socket.into_descriptor(),
            Kind::Sim(_) => Err(unsupported()),
        }
    }
}

impl Attributes for AmbientSocket {
    fn provide(&self, demand: &mut Request<'_>) {
        match_kind!(self, socket => socket.provide(demand));
    }
}

impl Socket for AmbientSocket {
    #[inline]
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match_kind!(self, socket => socket.poll_connected(cx))
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(AmbientSocket, Address)>> {
        match &self.0 {
            Kind::Os(socket) => socket
                .poll_accept(cx)
                .map_ok(|(socket, from)| (AmbientSocket(Kind::Os(socket)), from)),
            Kind::Sim(socket) => socket
                .poll_accept(cx)
                .map_ok(|(socket, from)| (AmbientSocket(Kind::Sim(socket)), from)),
        }
    }

    #[inline]
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match_kind!(self, socket => socket.poll_receive(cx, buffer))
    }

    #[inline]
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match_kind!(self, socket => socket.poll_send(cx, bytes))
    }

    #[inline]
    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match_kind!(self, socket => socket.poll_send_vectored(cx, slices))
    }

    #[inline]
    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        match_kind!(self, socket => socket.poll_receive_from(cx, buffer))
    }

    #[inline]
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        match_kind!(self, socket => socket.poll_send_to(cx, bytes, to))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match_kind!(self, socket => socket.shutdown(how))
    }

    fn local_address(&self) -> io::Result<Address> {
        match_kind!(self, socket => socket.local_address())
    }

    fn peer_address(&self) -> io::Result<Address> {
        match_kind!(self, socket => socket.peer_address())
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        match_kind!(self, socket => socket.set_option(option))
    }
}
