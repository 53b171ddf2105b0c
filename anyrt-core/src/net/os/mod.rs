//! Sockets of the operating system, above a runtime's readiness of descriptors.

use std::fs::{self, Permissions};
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::task::{Context, Poll};

use rustix::io::{Errno, FdFlags, retry_on_intr};
use rustix::net::{self, AddressFamily, RecvFlags, SendAncillaryBuffer, SocketType, sockopt};

use self::platform::SENDING;
pub(super) use self::platform::is_listening;
use super::{Address, Family, UnixAddress, system_lookup, system_reverse_lookup};
use crate::runtime::{
    AdoptSocket, Attempt, Descriptors, Direction, Net, Purpose, Socket, SocketOption, Source,
};
use crate::stream::{Attribute, Attributes, Demand};

mod address;
pub(super) mod errors;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;
#[cfg(test)]
mod tests;

/// A socket of the operating system, for any runtime that tells when descriptors are ready.
#[derive(Debug)]
pub struct OsSocket<S>(S);

/// A duplicate of a socket's or file's descriptor, for calls that anyrt does not have.
///
/// It is the same socket: what is read or set here, is for all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Descriptor;

impl Attribute for Descriptor {
    type Value = OwnedFd;
    const NAME: &'static str = "descriptor";
}

/// Every runtime that waits for descriptors has sockets.
impl<R: Descriptors> Net for R {
    type Socket = OsSocket<R::Source>;

    fn socket(purpose: Purpose<'_>, options: &[SocketOption]) -> io::Result<OsSocket<R::Source>> {
        OsSocket::open(purpose, options)
    }

    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static {
        system_lookup::<R>(host, port)
    }

    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static {
        system_reverse_lookup::<R>(address)
    }
}

impl<S: Source> OsSocket<S> {
    fn open(purpose: Purpose<'_>, options: &[SocketOption]) -> io::Result<OsSocket<S>> {
        let (kind, address) = match purpose {
            Purpose::Listen { at, .. } => (SocketType::STREAM, at),
            Purpose::Connect { to, .. } => (SocketType::STREAM, to),
            Purpose::Datagram { at, to } => match at.or(to) {
                Some(address) => (SocketType::DGRAM, address),
                None => return Err(io::ErrorKind::InvalidInput.into()),
            },
        };
        let socket = platform::open(family(address), kind)?;
        let mut mode = None;
        for option in options {
            match *option {
                SocketOption::Mode(bits) => mode = Some(bits),
                option => set_option(socket.as_fd(), option)?,
            }
        }
        let mut file = OwnFile(None);
        match purpose {
            Purpose::Listen { at, backlog } => {
                file = bind(&socket, at)?;
                // Before anybody can connect.
                file.set_mode(mode)?;
                net::listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
            }
            Purpose::Connect { to, from } => {
                if let Some(from) = from {
                    file = bind(&socket, from)?;
                }
                match connect(&socket, to) {
                    // A signal does not interrupt connecting: it goes on meanwhile.
                    Err(error) if is_in_progress(&error) => {}
                    outcome => outcome?,
                }
            }
            Purpose::Datagram { at, to } => {
                // One without a name is told by that it has none.
                if let Some(at) = at
                    && *at != Address::Unix(UnixAddress::Unnamed)
                {
                    file = bind(&socket, at)?;
                    file.set_mode(mode)?;
                }
                if let Some(to) = to {
                    connect(&socket, to)?;
                }
            }
        }
        // Not before: reactors would report a socket that is neither listening nor connecting as
        // one whose peer has gone.
        let socket = OsSocket(S::register(socket)?);
        file.keep();
        Ok(socket)
    }

    /// What is registered, for calls that only some sockets have.
    pub fn source(&self) -> &S {
        &self.0
    }
}

impl<S: Source> AdoptSocket for OsSocket<S> {
    fn adopt(descriptor: OwnedFd) -> io::Result<OsSocket<S>> {
        sockopt::socket_type(&descriptor)?;
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        // What this process was started with, it would pass on.
        rustix::io::fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
        Ok(OsSocket(S::register(descriptor)?))
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.0.into_descriptor()
    }
}

impl<S: Source> Attributes for OsSocket<S> {
    fn provide(&self, demand: &mut Demand<'_>) {
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
            // That there was room left does not say that there is no more: packets, descriptors and
            // urgent data have borders.
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
            // That the receiver has room is reported to those alone who are connected to it.
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

fn is_in_progress(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INPROGRESS | Errno::INTR)
    )
}

/// The file that binding a Unix socket has made. It goes if the socket is given up: then it is
/// nobody's.
struct OwnFile<'a>(Option<&'a Path>);

impl OwnFile<'_> {
    fn set_mode(&self, mode: Option<u32>) -> io::Result<()> {
        match mode.zip(self.0) {
            Some((mode, path)) => fs::set_permissions(path, Permissions::from_mode(mode)),
            None => Ok(()),
        }
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for OwnFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            drop(fs::remove_file(path));
        }
    }
}

fn bind<'a>(socket: &OwnedFd, to: &'a Address) -> io::Result<OwnFile<'a>> {
    net::bind(socket, &address::to_os(to)?)?;
    Ok(OwnFile(to.as_unix().and_then(UnixAddress::as_path)))
}

fn connect(socket: &OwnedFd, to: &Address) -> io::Result<()> {
    Ok(net::connect(socket, &address::to_os(to)?)?)
}

fn family(address: &Address) -> AddressFamily {
    match address.family() {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
        Family::Unix => AddressFamily::UNIX,
    }
}

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
