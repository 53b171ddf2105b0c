//! System calls that Linux has in one step, or that only Linux has.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType,
    acceptfrom_with, socket_with, sockopt,
};

/// The flags of every new socket: it does not block, and children do not inherit it.
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// Prevents `SIGPIPE`.
pub(super) const SENDING: SendFlags = SendFlags::NOSIGNAL;

/// Further error numbers of accepting that concern one connection only.
pub(super) const OF_A_CONNECTION: &[Errno] = &[Errno::NONET];

/// Opens a socket that does not block.
pub(super) fn open(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    Ok(socket_with(family, kind, FLAGS, None)?)
}

/// Accepts a connection as a socket that does not block.
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    Ok(acceptfrom_with(listener, FLAGS)?)
}

/// Returns whether a socket listens; other systems may return `None`, for unknown.
pub(in crate::net) fn is_listening(socket: &OwnedFd) -> io::Result<Option<bool>> {
    Ok(Some(sockopt::socket_acceptconn(socket)?))
}

/// Converts an abstract name for a system call; fails if it is too long.
pub(super) fn abstract_name(name: &[u8]) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new_abstract_name(name)?)
}

/// Returns the abstract name of an address, if it has one.
pub(super) fn abstract_bytes(address: &SocketAddrUnix) -> Option<&[u8]> {
    address.abstract_name()
}
