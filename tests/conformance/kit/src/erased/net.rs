//! `Net` for the mounted backend: its sockets as trait objects.

use std::any::type_name;
use std::fmt;
use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::net::{Shutdown, SocketAddr};
use std::sync::OnceLock;
use std::task::{Context, Poll};

use anyrt_core::net::Address;
use anyrt_core::runtime::{Net, Socket, SocketOption, SocketSpec};
use anyrt_core::stream::{Attributes, Request};

use super::Erased;
use super::facets::{BoxFuture, Marker, mount};

type Lookup<T> = BoxFuture<io::Result<T>>;

/// The associated functions of [`Net`].
trait NetFacet: Send + Sync {
    fn socket(&self, purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<AnySocket>;
    fn lookup(&self, host: String, port: u16) -> Lookup<Vec<SocketAddr>>;
    fn reverse_lookup(&self, address: SocketAddr) -> Lookup<(String, String)>;
}

/// The methods of [`Socket`], with the type of accepted sockets erased.
trait SocketObject: Attributes + fmt::Debug + Send + Sync {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(AnySocket, Address)>>;
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;
    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>>;
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    fn local_address(&self) -> io::Result<Address>;
    fn peer_address(&self) -> io::Result<Address>;
    fn set_option(&self, option: SocketOption) -> io::Result<()>;
}

/// A socket of the mounted backend.
#[derive(Debug)]
pub struct AnySocket(Box<dyn SocketObject>);

static NET: OnceLock<&'static dyn NetFacet> = OnceLock::new();

/// Mounts `R` with its sockets.
///
/// # Panics
///
/// If another runtime was mounted before.
pub fn mount_net<R: Net>() {
    mount::<R>();
    NET.get_or_init(|| const { &Marker::<R>(PhantomData) });
}

fn net() -> &'static dyn NetFacet {
    *NET.get().unwrap_or_else(|| {
        panic!(
            "the suite was mounted without the facet `net`, but a case uses `{}`",
            type_name::<dyn NetFacet>()
        )
    })
}

impl<R: Net> NetFacet for Marker<R> {
    fn socket(&self, purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<AnySocket> {
        Ok(AnySocket(Box::new(R::socket(purpose, options)?)))
    }

    fn lookup(&self, host: String, port: u16) -> Lookup<Vec<SocketAddr>> {
        Box::pin(R::lookup(host, port))
    }

    fn reverse_lookup(&self, address: SocketAddr) -> Lookup<(String, String)> {
        Box::pin(R::reverse_lookup(address))
    }
}

impl Net for Erased<AnySocket> {
    type Socket = AnySocket;

    fn socket(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<AnySocket> {
        net().socket(purpose, options)
    }

    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static {
        net().lookup(host, port)
    }

    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static {
        net().reverse_lookup(address)
    }
}

impl<S: Socket> SocketObject for S {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Socket::poll_connected(self, cx)
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(AnySocket, Address)>> {
        let accepted = Socket::poll_accept(self, cx);
        accepted.map_ok(|(socket, address)| (AnySocket(Box::new(socket)), address))
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Socket::poll_receive(self, cx, buffer)
    }

    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Socket::poll_send(self, cx, bytes)
    }

    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Socket::poll_send_vectored(self, cx, slices)
    }

    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        Socket::poll_receive_from(self, cx, buffer)
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        Socket::poll_send_to(self, cx, bytes, to)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Socket::shutdown(self, how)
    }

    fn local_address(&self) -> io::Result<Address> {
        Socket::local_address(self)
    }

    fn peer_address(&self) -> io::Result<Address> {
        Socket::peer_address(self)
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        Socket::set_option(self, option)
    }
}

impl Attributes for AnySocket {
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.provide(demand);
    }
}

impl Socket for AnySocket {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_connected(cx)
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(AnySocket, Address)>> {
        self.0.poll_accept(cx)
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_receive(cx, buffer)
    }

    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_send(cx, bytes)
    }

    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_send_vectored(cx, slices)
    }

    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        self.0.poll_receive_from(cx, buffer)
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, bytes, to)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    fn local_address(&self) -> io::Result<Address> {
        self.0.local_address()
    }

    fn peer_address(&self) -> io::Result<Address> {
        self.0.peer_address()
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        self.0.set_option(option)
    }
}
