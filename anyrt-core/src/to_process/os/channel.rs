//! The program's end of the channel.

use std::io::{self, ErrorKind, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use rustix::buffer::spare_capacity;

use crate::process::{Process, Stdio};
use crate::runtime::{Descriptors, Source};

/// The channel to a worker that is not started yet.
pub(in crate::to_process) struct Offer(UnixStream);

impl Offer {
    /// Creates a channel, and the standard input of the worker, in which it finds the marker.
    pub(in crate::to_process) fn new(marker: &str) -> io::Result<(Offer, Stdio)> {
        let (mut ours, theirs) = UnixStream::pair()?;
        ours.write_all(marker.as_bytes())?;
        ours.set_nonblocking(true)?;
        Ok((Offer(ours), Stdio::Descriptor(theirs.into())))
    }

    /// Registers the channel with the reactor.
    pub(in crate::to_process) fn register<R: Descriptors>(self) -> io::Result<Channel<R>> {
        Ok(Channel(R::Source::register(self.0.into())?))
    }
}

/// The channel to a worker that was started.
pub(in crate::to_process) struct Channel<R: Descriptors>(R::Source);

impl<R: Descriptors> Channel<R> {
    /// Returns the socket, which is connected already.
    pub(in crate::to_process) async fn connected(self, _: &Process<R>) -> io::Result<R::Source> {
        Ok(self.0)
    }
}

/// Sends bytes, as many as there is room for.
pub(in crate::to_process) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(socket, bytes)?)
}

/// Receives bytes into the unused capacity of a `Vec`.
pub(in crate::to_process) fn receive_to(
    socket: BorrowedFd<'_>,
    bytes: &mut Vec<u8>,
) -> io::Result<usize> {
    Ok(rustix::io::read(socket, spare_capacity(bytes))?)
}

/// Returns whether an error of receiving the answer shows that the worker has not read the whole request. The system
/// reports a reset if the worker has left bytes unread, which can only be those of the request.
pub(in crate::to_process) fn is_unread(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionReset
}

/// Returns whether an idle worker is known to have ended: never, as sending to it fails then.
pub(in crate::to_process) fn has_ended<R: Descriptors>(_: &Process<R>) -> bool {
    false
}
