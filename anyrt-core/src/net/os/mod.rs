//! Sockets of the operating system, on top of a runtime's readiness of descriptors.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod` | [`OsSocket`]: one system call for each method of [`Socket`] |
//! | `open` | opening a socket |
//! | `address` | conversion of addresses |
//! | `errors` | the meaning of error numbers |
//! | `stale_file` | replacing the file of a closed Unix socket |
//! | `linux`, `other` | what differs between systems |
//!
//! A backend provides only the readiness of descriptors, with which [`OsSocket`] implements sockets for
//! [`OsSockets`](crate::runtime::OsSockets); everything above is generic over [`Net`](crate::runtime::Net). Code that
//! needs descriptors and no sockets is behind the feature `descriptors` alone. `accept`, `receive_from` and similar
//! functions take something from the system in one call or not at all, so that dropping them loses nothing.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::io::{Errno, FdFlags, retry_on_intr};
pub(super) use rustix::net::SocketType;
use rustix::net::{self, RecvFlags, SendAncillaryBuffer, sockopt};

use self::platform::SENDING;
pub(super) use self::platform::is_listening;
pub(super) use self::stale_file::replacing_a_stale_file;
use super::{Address, Family};
use crate::runtime::{AdoptSocket, Attempt, Direction, Socket, SocketOption, Source};
use crate::stream::{Attribute, Attributes, Request};

mod address;
pub(super) mod errors;
mod open;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;
mod stale_file;
#[cfg(test)]
mod tests;

/// A socket of the operating system, for any runtime that reports when descriptors are ready.
#[derive(Debug)]
pub struct OsSocket<S>(S);

/// A duplicate of the descriptor of a socket or file, for system calls that anyrt does not provide.
///
/// It refers to the same socket or file: reading from it and setting its options affects the original.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Descriptor;

impl Attribute for Descriptor {
    type Value = OwnedFd;
    const NAME: &'static str = "descriptor";
}

impl<S: Source> AdoptSocket for OsSocket<S> {
    type Source = S;

    fn source(&self) -> io::Result<&S> {
        Ok(&self.0)
    }

    fn adopt(descriptor: OwnedFd) -> io::Result<OsSocket<S>> {
        sockopt::socket_type(&descriptor)?;
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        // A descriptor that this process inherited would also be inherited by its children.
        rustix::io::fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
        Ok(OsSocket(S::register(descriptor)?))
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.0.into_descriptor()
    }
}

impl<S: Source> Attributes for OsSocket<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide_result::<Descriptor>(|| {
            let duplicate = self.0.descriptor().try_clone_to_owned()?;
            Ok(Some(duplicate))
        });
    }
}

impl<S: Source> Socket for OsSocket<S> {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_io(cx, Direction::Output, |socket| {
            sockopt::socket_error(socket)??;
            match net::getpeername(socket) {
                Ok(_) => Ok(Attempt::new(())),
                Err(Errno::NOTCONN) => Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self, Address)>> {
        self.0.poll_io(cx, Direction::Input, |socket| {
            let (peer, from) = platform::accept(socket)?;
            let from = address::from_os(from)?;
            Ok(Attempt::new((OsSocket(S::register(peer)?), from)))
        })
    }

    #[inline]
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Input, |socket| {
            let (received, _) = net::recv(socket, &mut *buffer, RecvFlags::empty())?;
            // Not `drained`, even if the buffer was not filled: a read also ends at a packet, at descriptors or
            // at urgent data, so more may be there.
            Ok(Attempt::new(received))
        })
    }

    #[inline]
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Output, |socket| {
            let sent = net::send(socket, bytes, SENDING)?;
            Ok(Attempt::new(sent).drained(0 < sent && sent < bytes.len()))
        })
    }

    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Output, |socket| {
            let mut nothing = SendAncillaryBuffer::default();
            let sent = net::sendmsg(socket, slices, &mut nothing, SENDING)?;
            Ok(Attempt::new(sent))
        })
    }

    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        self.0.poll_io(cx, Direction::Input, |socket| {
            let (received, _, from) = net::recvfrom(socket, &mut *buffer, RecvFlags::empty())?;
            Ok(Attempt::new((received, address::from_os(from)?)))
        })
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        let os = address::to_os(to)?;
        if to.family() == Family::Unix {
            // The kernel reports room at the receiver only to connected sockets, so there is nothing to wait
            // for: the caller retries on a timer.
            let socket = self.0.descriptor();
            let sent = retry_on_intr(|| net::sendto(socket, bytes, SENDING, &os))?;
            return Poll::Ready(Ok(sent));
        }
        self.0.poll_io(cx, Direction::Output, |socket| {
            Ok(Attempt::new(net::sendto(socket, bytes, SENDING, &os)?))
        })
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => net::Shutdown::Read,
            Shutdown::Write => net::Shutdown::Write,
            Shutdown::Both => net::Shutdown::Both,
        };
        Ok(net::shutdown(self.0.descriptor(), how)?)
    }

    fn local_address(&self) -> io::Result<Address> {
        address::from_os(Some(net::getsockname(self.0.descriptor())?))
    }

    fn peer_address(&self) -> io::Result<Address> {
        address::from_os(net::getpeername(self.0.descriptor())?)
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        set_option(self.0.descriptor(), option)
    }
}

/// Sets an option of a socket; `Mode` is refused, as it only applies while a socket is opened.
fn set_option(socket: BorrowedFd<'_>, option: SocketOption) -> io::Result<()> {
    Ok(match option {
        SocketOption::NoDelay(on) => sockopt::set_tcp_nodelay(socket, on),
        SocketOption::ReuseAddress(on) => sockopt::set_socket_reuseaddr(socket, on),
        SocketOption::ReusePort(on) => sockopt::set_socket_reuseport(socket, on),
        SocketOption::OnlyV6(on) => sockopt::set_ipv6_v6only(socket, on),
        SocketOption::Broadcast(on) => sockopt::set_socket_broadcast(socket, on),
        SocketOption::KeepAlive(on) => sockopt::set_socket_keepalive(socket, on),
        SocketOption::ReceiveBuffer(size) => sockopt::set_socket_recv_buffer_size(socket, size),
        SocketOption::SendBuffer(size) => sockopt::set_socket_send_buffer_size(socket, size),
        SocketOption::Mode(_) => Err(Errno::INVAL),
    }?)
}

/// Returns the type of a socket; `None` if the descriptor is no socket.
pub(super) fn socket_type(socket: &OwnedFd) -> io::Result<Option<SocketType>> {
    match sockopt::socket_type(socket) {
        Err(Errno::NOTSOCK) => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}
