//! Sockets of Windows on the reactor of smol.

use std::io;
use std::os::windows::io::{AsSocket, BorrowedSocket, OwnedSocket};
use std::task::{Context, Poll};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, OsSockets, Source, poll_attempts};
use smol::Async;

use crate::Smol;

/// A socket that is registered with the reactor of the process.
#[derive(Debug)]
pub struct Registered(Async<OwnedSocket>);

impl Source for Registered {
    fn register(socket: OwnedSocket) -> io::Result<Registered> {
        Ok(Registered(Async::new_nonblocking(socket)?))
    }

    fn descriptor(&self) -> BorrowedSocket<'_> {
        self.0.get_ref().as_socket()
    }

    fn into_descriptor(self) -> io::Result<OwnedSocket> {
        self.0.into_inner()
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedSocket<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        poll_attempts(self.descriptor(), attempt, || match direction {
            Direction::Input => self.0.poll_readable(cx),
            Direction::Output => self.0.poll_writable(cx),
        })
    }
}

impl Descriptors for Smol {
    type Source = Registered;
}

impl OsSockets for Smol {}
