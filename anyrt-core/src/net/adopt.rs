//! Sockets that were opened elsewhere, and those that go elsewhere.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{SocketType, sockopt};

use super::{Kind, SocketStream};
use crate::runtime::{AdoptSocket, Net};

impl<R: Net<Socket: AdoptSocket>, K: Kind> SocketStream<R, K> {
    /// Takes over a connected socket that was opened elsewhere: a `std::net::TcpStream`, a
    /// descriptor that this process was started with, or what a native object gives out (tokio's
    /// `into_std`, smol's and async-io's `Async::into_inner`).
    ///
    /// It belongs to the new stream from then on. It does not block any more, which others that
    /// share it notice.
    ///
    /// # Errors
    ///
    /// The socket is closed then.
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no socket, listens, exchanges
    ///   packets, or is of another family.
    /// - [`NotConnected`](io::ErrorKind::NotConnected) if it has no peer.
    /// - What the system says else, or that there is no runtime.
    pub fn adopt(socket: impl Into<OwnedFd>) -> io::Result<SocketStream<R, K>> {
        let descriptor = socket.into();
        check(descriptor.as_fd(), SocketType::STREAM, false)?;
        SocketStream::from_socket(R::Socket::adopt(descriptor)?)
    }

    /// Takes the descriptor out, from which a `std::net::TcpStream` can be made, say; and of that
    /// a native object of any runtime.
    ///
    /// It still does not block: see `set_nonblocking` where that is needed.
    ///
    /// # Errors
    ///
    /// What the system says; the connection is closed then.
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.into_socket().into_descriptor()
    }
}

/// Refuses what is no such socket.
pub(super) fn check(socket: BorrowedFd<'_>, kind: SocketType, listens: bool) -> io::Result<()> {
    let wrong = |message| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    match sockopt::socket_type(socket) {
        Err(Errno::NOTSOCK) => return wrong("this descriptor is no socket"),
        Ok(found) if found != kind => return wrong("this socket is of another type"),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    match (listens, sockopt::socket_acceptconn(socket)?) {
        (false, true) => wrong("this socket listens: adopt it as a listener"),
        (true, false) => wrong("this socket does not listen: call `listen` on it first"),
        _ => Ok(()),
    }
}
