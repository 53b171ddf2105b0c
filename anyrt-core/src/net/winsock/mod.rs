//! Sockets of Windows, on top of a runtime's readiness of sockets. It takes the place of `net::os` there.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod` | [`OsSocket`]: one system call for each method of [`Socket`] |
//! | `open` | opening a socket |
//! | `packets` | receiving packets |
//! | `errors` | the meaning of error numbers |
//!
//! It differs from Unix in this:
//!
//! - There are no Unix sockets: opening one is [`Unsupported`](io::ErrorKind::Unsupported).
//! - Shutting down a socket does not always wake what waits for it, so [`OsSocket`] does that itself.
//! - A packet that is longer than the buffer is an error without a sender, and a packet that had no receiver is
//!   an error of the next call that receives; see `packets`.
//! - A call that sends takes all bytes, however many; see [`MOST`].

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;
use std::os::windows::io::OwnedSocket;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
pub(super) use socket2::Type as SocketType;
use socket2::{SockAddr, SockRef};

use self::packets::Packets;
use super::{Address, UnixAddress};
use crate::runtime::{AdoptSocket, Attempt, Direction, Socket, SocketOption, Source};
use crate::stream::{Attribute, Attributes, Request};

pub(super) mod errors;
mod open;
mod packets;

/// The most bytes that one call sends. Windows accepts any number at once, and copies them into memory that is
/// scarce.
const MOST: usize = 1024 * 1024;

/// A socket of the operating system, for any runtime that reports when sockets are ready.
#[derive(Debug)]
pub struct OsSocket<S> {
    source: S,
    /// What a datagram socket needs to receive; `None` for other sockets.
    packets: Option<Packets>,
    /// The tasks that wait for input and for output. Set before each attempt, taken by `shutdown`.
    receiving: AtomicWaker,
    sending: AtomicWaker,
}

/// A duplicate of the handle of a socket, for system calls that anyrt does not provide.
///
/// It refers to the same socket: reading from it and setting its options affects the original.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Descriptor;

impl Attribute for Descriptor {
    type Value = OwnedSocket;
    const NAME: &'static str = "descriptor";
}

impl<S: Source> AdoptSocket for OsSocket<S> {
    type Source = S;

    fn source(&self) -> io::Result<&S> {
        Ok(&self.source)
    }

    fn adopt(socket: OwnedSocket) -> io::Result<OsSocket<S>> {
        let socket = socket2::Socket::from(socket);
        socket.set_nonblocking(true)?;
        // A socket that this process inherited would also be inherited by its children.
        socket.set_no_inherit(true)?;
        let kind = socket.r#type()?;
        OsSocket::register(socket, kind)
    }

    fn into_descriptor(self) -> io::Result<OwnedSocket> {
        self.source.into_descriptor()
    }
}

impl<S: Source> OsSocket<S> {
    /// Registers a socket that does not block with the reactor.
    fn register(socket: socket2::Socket, kind: SocketType) -> io::Result<OsSocket<S>> {
        let packets = match kind {
            SocketType::DGRAM => Some(Packets::new(&socket)?),
            _ => None,
        };
        Ok(OsSocket {
            source: S::register(socket.into())?,
            packets,
            receiving: AtomicWaker::new(),
            sending: AtomicWaker::new(),
        })
    }

    /// Calls `attempt` when the socket is ready. A shutdown wakes the task too.
    #[inline]
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(&socket2::Socket) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        // First, so that a shutdown after the attempt finds it. What comes before it is found by the attempt.
        match direction {
            Direction::Input => self.receiving.register(cx.waker()),
            Direction::Output => self.sending.register(cx.waker()),
        }
        self.source.poll_io(cx, direction, |socket| {
            Ok(Attempt::new(attempt(&SockRef::from(&socket))?))
        })
    }
}

impl<S: Source> Attributes for OsSocket<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide_result::<Descriptor>(|| {
            let duplicate = self.source.descriptor().try_clone_to_owned()?;
            Ok(Some(duplicate))
        });
    }
}

impl<S: Source> Socket for OsSocket<S> {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Direction::Output, |socket| {
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            match socket.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                outcome => outcome.map(drop),
            }
        })
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self, Address)>> {
        self.poll(cx, Direction::Input, |socket| {
            let (peer, from) = socket.accept()?;
            peer.set_nonblocking(true)?;
            let peer = OsSocket::register(peer, SocketType::STREAM)?;
            Ok((peer, from_os(&from)))
        })
    }

    #[inline]
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, Direction::Input, |mut socket| match &self.packets {
            Some(packets) => packets.receive(buffer),
            None => socket.read(buffer),
        })
    }

    #[inline]
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let most = match &self.packets {
            Some(_) => bytes.len(),
            None => bytes.len().min(MOST),
        };
        self.poll(cx, Direction::Output, |socket| socket.send(&bytes[..most]))
    }

    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, Direction::Output, |socket| socket.send_vectored(slices))
    }

    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        self.poll(cx, Direction::Input, |_| {
            let Some(packets) = &self.packets else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let (length, from) = packets.receive_from(buffer)?;
            Ok((length, from.into()))
        })
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>> {
        let to = to_os(to)?;
        self.poll(cx, Direction::Output, |socket| socket.send_to(bytes, &to))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let outcome = SockRef::from(&self.source.descriptor()).shutdown(how);
        if how != Shutdown::Write {
            self.receiving.wake();
        }
        if how != Shutdown::Read {
            self.sending.wake();
        }
        outcome
    }

    fn local_address(&self) -> io::Result<Address> {
        let address = SockRef::from(&self.source.descriptor()).local_addr()?;
        Ok(from_os(&address))
    }

    fn peer_address(&self) -> io::Result<Address> {
        let address = SockRef::from(&self.source.descriptor()).peer_addr()?;
        Ok(from_os(&address))
    }

    fn set_option(&self, option: SocketOption) -> io::Result<()> {
        set_option(&SockRef::from(&self.source.descriptor()), option)
    }
}

/// Sets an option of a socket; `Mode` is refused, as there are no Unix sockets.
fn set_option(socket: &socket2::Socket, option: SocketOption) -> io::Result<()> {
    match option {
        SocketOption::NoDelay(on) => socket.set_tcp_nodelay(on),
        SocketOption::ReuseAddress(on) => socket.set_reuse_address(on),
        SocketOption::ReusePort(false) => Ok(()),
        SocketOption::ReusePort(true) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "Windows cannot distribute the connections of a port over several listeners",
        )),
        SocketOption::OnlyV6(on) => socket.set_only_v6(on),
        SocketOption::Broadcast(on) => socket.set_broadcast(on),
        SocketOption::KeepAlive(on) => socket.set_keepalive(on),
        SocketOption::ReceiveBuffer(size) => socket.set_recv_buffer_size(size),
        SocketOption::SendBuffer(size) => socket.set_send_buffer_size(size),
        SocketOption::Mode(_) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Converts an address for a system call.
fn to_os(address: &Address) -> io::Result<SockAddr> {
    match address {
        Address::Ip(address) => Ok((*address).into()),
        Address::Unix(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "anyrt has no Unix sockets on Windows: use TCP on the loopback address",
        )),
    }
}

/// Converts an address from a system call.
fn from_os(address: &SockAddr) -> Address {
    match address.as_socket() {
        Some(address) => address.into(),
        None => UnixAddress::Unnamed.into(),
    }
}

/// Returns the type of a socket; `None` if it is no socket.
pub(super) fn socket_type(socket: &OwnedSocket) -> io::Result<Option<SocketType>> {
    match SockRef::from(socket).r#type() {
        Err(error) if errors::is_no_socket(&error) => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Returns whether a socket listens; `None` if that is not known. A socket with a peer does not listen.
pub(super) fn is_listening(socket: &OwnedSocket) -> io::Result<Option<bool>> {
    match SockRef::from(socket).peer_addr() {
        Ok(_) => Ok(Some(false)),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
        Err(error) => Err(error),
    }
}
