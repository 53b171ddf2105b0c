//! What Linux can do in one step, or alone can do.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType,
    acceptfrom_with, socket_with, sockopt,
};

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

pub(super) const SENDING: SendFlags = SendFlags::NOSIGNAL;

/// What else concerns one connection when it is accepted.
pub(super) const OF_A_CONNECTION: &[Errno] = &[Errno::NONET];

pub(super) fn open(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    Ok(socket_with(family, kind, FLAGS, None)?)
}

pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    Ok(acceptfrom_with(listener, FLAGS)?)
}

/// Returns whether a socket listens; `None` if the system does not report it.
pub(in crate::net) fn is_listening(socket: BorrowedFd<'_>) -> io::Result<Option<bool>> {
    Ok(Some(sockopt::socket_acceptconn(socket)?))
}

pub(super) fn abstract_name(name: &[u8]) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new_abstract_name(name)?)
}

pub(super) fn abstract_bytes(address: &SocketAddrUnix) -> Option<&[u8]> {
    address.abstract_name()
}
