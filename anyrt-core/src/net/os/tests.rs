//! Tests of `OsSocket` with a source that is never ready.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

use super::OsSocket;
use crate::runtime::{AdoptSocket, Attempt, Direction, Source};

/// A source that is never ready.
#[derive(Debug)]
struct Kept(OwnedFd);

impl Source for Kept {
    fn register(descriptor: OwnedFd) -> io::Result<Kept> {
        Ok(Kept(descriptor))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        Ok(self.0)
    }

    fn poll_io<T>(
        &self,
        _: &mut Context<'_>,
        _: Direction,
        _: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        Poll::Pending
    }
}

// NET-15: children do not inherit a descriptor that this process inherited and adopted.
#[test]
fn an_adopted_socket_is_not_inherited() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    fcntl_setfd(&socket, FdFlags::empty()).unwrap();
    let adopted = OsSocket::<Kept>::adopt(socket.into()).unwrap();
    let descriptor = adopted.into_descriptor().unwrap();
    assert!(fcntl_getfd(&descriptor).unwrap().contains(FdFlags::CLOEXEC));
}
