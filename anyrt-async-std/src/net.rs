use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use anyrt_core::net::{OsSocket, system_lookup, system_reverse_lookup};
use anyrt_core::runtime::{Attempt, Direction, Net, Purpose, SocketOption, Source, poll_attempts};
use async_io::Async;

use crate::AsyncStd;

/// A descriptor that is registered with the process's reactor.
#[derive(Debug)]
pub struct Registered(Async<OwnedFd>);

impl Source for Registered {
    fn register(descriptor: OwnedFd) -> io::Result<Registered> {
        Ok(Registered(Async::new_nonblocking(descriptor)?))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.0.into_inner()
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        poll_attempts(self.descriptor(), attempt, || match direction {
            Direction::Input => self.0.poll_readable(cx),
            Direction::Output => self.0.poll_writable(cx),
        })
    }
}

impl Net for AsyncStd {
    type Socket = OsSocket<Registered>;

    fn socket(purpose: Purpose<'_>, options: &[SocketOption]) -> io::Result<OsSocket<Registered>> {
        OsSocket::open(purpose, options)
    }

    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static {
        system_lookup::<AsyncStd>(host, port)
    }

    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static {
        system_reverse_lookup::<AsyncStd>(address)
    }
}
