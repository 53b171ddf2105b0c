//! The pipes of a receiver, waited for one by one.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::io::ioctl_fionbio;

use super::drain::drain;
use crate::descriptors::os::pipe;
use crate::runtime::{Attempt, Direction, Source};
use crate::signals::Signal;

/// The pipes of a receiver, one for each signal.
#[derive(Debug)]
pub(in crate::signals) struct Pipes<S> {
    readers: Vec<S>,
    /// The index of the pipe to check first.
    first: usize,
}

impl<S: Source> Pipes<S> {
    /// Opens this number of pipes, and returns the ends to write to.
    pub(in crate::signals) fn open(count: usize) -> io::Result<(Pipes<S>, Vec<OwnedFd>)> {
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (reader, writer) = pipe()?;
            ioctl_fionbio(&reader, true)?;
            readers.push(S::register(reader)?);
            writers.push(writer);
        }
        Ok((Pipes { readers, first: 0 }, writers))
    }

    /// Waits until a pipe is not empty, and empties it. Returns its index.
    pub(in crate::signals) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let count = self.readers.len();
        for index in (self.first..self.first + count).map(|index| index % count) {
            let polled = self.readers[index].poll_io(cx, Direction::Input, |pipe| {
                if drain(pipe)? {
                    Ok(Attempt::new(()))
                } else {
                    Err(io::ErrorKind::WouldBlock.into())
                }
            });
            if let Poll::Ready(outcome) = polled {
                self.first = index + 1;
                return Poll::Ready(outcome.map(|()| index));
            }
        }
        Poll::Pending
    }
}

/// Returns whether the default action of a signal is in effect. This is assumed, since the system does not
/// report it without `unsafe` code.
pub(super) fn has_default_action(_signal: Signal) -> bool {
    true
}
