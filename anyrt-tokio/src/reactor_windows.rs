//! Sockets of Windows on the reactor of tokio.
//!
//! tokio has no type for a socket of any kind there. Its `TcpStream` waits for any socket, as Windows reports the same
//! events for all of them: connections to accept and packets are input.

use std::io;
use std::os::windows::io::{AsSocket, BorrowedSocket, OwnedSocket};
use std::task::{Context, Poll, ready};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, OsSockets, Source, Spawn};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::Tokio;

/// A socket that is registered with tokio's reactor.
#[derive(Debug)]
pub struct Registered(TcpStream);

impl Source for Registered {
    fn register(socket: OwnedSocket) -> io::Result<Registered> {
        // Without a runtime, `from_std` would panic.
        Tokio::current()?;
        Ok(Registered(TcpStream::from_std(socket.into())?))
    }

    fn descriptor(&self) -> BorrowedSocket<'_> {
        self.0.as_socket()
    }

    fn into_descriptor(self) -> io::Result<OwnedSocket> {
        Ok(self.0.into_std()?.into())
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(BorrowedSocket<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        let interest = match direction {
            Direction::Input => Interest::READABLE,
            Direction::Output => Interest::WRITABLE,
        };
        // Ends: an attempt that would block clears the readiness, so that the next poll returns `Pending`
        // unless there was another event. Only interrupted attempts are repeated without that.
        loop {
            ready!(match direction {
                Direction::Input => self.0.poll_read_ready(cx),
                Direction::Output => self.0.poll_write_ready(cx),
            })?;
            // Readiness is never cleared for `drained`: only an attempt that would block asks the system again.
            match self.0.try_io(interest, || attempt(self.descriptor())) {
                Ok(Attempt { value, .. }) => return Poll::Ready(Ok(value)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Descriptors for Tokio {
    type Source = Registered;
}

impl OsSockets for Tokio {}
