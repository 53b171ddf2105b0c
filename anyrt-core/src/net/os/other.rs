//! System calls of other Unix systems, which need several steps where Linux needs one, or lack a feature.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrAny, SocketAddrUnix, SocketType, acceptfrom, getpeername,
    socket,
};

/// Empty: the Rust runtime ignores `SIGPIPE` from the start of each program.
pub(super) const SENDING: SendFlags = SendFlags::empty();

/// Further error numbers of accepting that concern one connection only: none.
pub(super) const OF_A_CONNECTION: &[Errno] = &[];

/// Opens a socket that does not block.
pub(super) fn open(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    prepared(socket(family, kind, None)?)
}

/// Accepts a connection as a socket that does not block.
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (peer, from) = acceptfrom(listener)?;
    Ok((prepared(peer)?, from))
}

/// Sets close-on-exec and non-blocking mode.
fn prepared(socket: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC)?;
    ioctl_fionbio(socket.as_fd(), true)?;
    Ok(socket)
}

/// Returns whether a socket listens; `None` if the system does not report it.
///
/// macOS declares `SO_ACCEPTCONN` but does not implement it. A socket with a peer does not listen; one without
/// a peer may or may not.
pub(in crate::net) fn is_listening(socket: &OwnedFd) -> io::Result<Option<bool>> {
    match getpeername(socket) {
        Ok(_) => Ok(Some(false)),
        Err(Errno::NOTCONN | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns an error: only Linux has abstract names.
pub(super) fn abstract_name(_name: &[u8]) -> io::Result<SocketAddrUnix> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has abstract names for sockets",
    ))
}

/// Returns `None`: only Linux has abstract names.
pub(super) fn abstract_bytes(_address: &SocketAddrUnix) -> Option<&[u8]> {
    None
}
