//! What other Unix systems do in several steps, or not at all.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrAny, SocketAddrUnix, SocketType, acceptfrom, getpeername,
    socket,
};

/// The standard library has the signal ignored at the start of each program.
pub(super) const SENDING: SendFlags = SendFlags::empty();

/// What else concerns one connection when it is accepted.
pub(super) const OF_A_CONNECTION: &[Errno] = &[];

pub(super) fn open(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    prepared(socket(family, kind, None)?)
}

pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (peer, from) = acceptfrom(listener)?;
    Ok((prepared(peer)?, from))
}

fn prepared(socket: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC)?;
    ioctl_fionbio(socket.as_fd(), true)?;
    Ok(socket)
}

/// Returns whether a socket listens; `None` if the system does not report it.
///
/// macOS declares `SO_ACCEPTCONN` and does not implement it. A socket that has a peer does not listen;
/// one without a peer may or may not.
pub(in crate::net) fn is_listening(socket: BorrowedFd<'_>) -> io::Result<Option<bool>> {
    match getpeername(socket) {
        Ok(_) => Ok(Some(false)),
        Err(Errno::NOTCONN | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn abstract_name(_name: &[u8]) -> io::Result<SocketAddrUnix> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has abstract names for sockets",
    ))
}

pub(super) fn abstract_bytes(_address: &SocketAddrUnix) -> Option<&[u8]> {
    None
}
