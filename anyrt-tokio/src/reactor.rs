//! Descriptors on the reactor of tokio.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, OsSockets, Source, Spawn};
use tokio::io::unix::AsyncFd;

use crate::Tokio;

/// A descriptor that is registered with tokio's reactor.
#[derive(Debug)]
pub struct Registered(AsyncFd<OwnedFd>);

impl Source for Registered {
    #[expect(
        deprecated,
        reason = "its successor is `unsafe`, for types whose descriptor changes; an `OwnedFd` keeps its"
    )]
    fn register(descriptor: OwnedFd) -> io::Result<Registered> {
        // Without a runtime, `AsyncFd::new` would panic.
        Tokio::current()?;
        Ok(Registered(AsyncFd::new(descriptor)?))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        Ok(self.0.into_inner())
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        // Ends: an attempt that would block clears the readiness, so that the next poll returns `Pending`
        // unless there was another event. Only interrupted attempts are repeated without that.
        loop {
            let mut ready = ready!(match direction {
                Direction::Input => self.0.poll_read_ready(cx),
                Direction::Output => self.0.poll_write_ready(cx),
            })?;
            match attempt(self.descriptor()) {
                Ok(Attempt { value, drained, .. }) => {
                    if drained {
                        ready.clear_ready();
                    }
                    return Poll::Ready(Ok(value));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
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
