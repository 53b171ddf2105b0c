//! A connected socket, shared by the two halves of a stream.
//!
//! [`SocketStream`](super::SocketStream) owns one; [`SendHalf`](super::SendHalf) and
//! [`ReceiveHalf`](super::ReceiveHalf) share one. One task at a time reads and one writes, as reading and
//! writing need `&mut` of a half. Either half may close the whole connection while the other half waits.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use crate::loom::OnceLock;
use crate::runtime::Socket;
use crate::stream::{ReceiveError, SendError};

/// Sending has ended. Set by `send_eof` and `close`, never cleared; read before each write. The call that sets
/// it shuts down the sending side, so that this happens once.
const ENDED: u8 = 1;
/// Both directions were closed by one half. Set by `close` together with `ENDED`, never cleared; read after
/// each read and each failed write, so that an interrupted operation of the other half reports *closed*.
const CLOSED: u8 = 2;

/// A connected socket, and how far it was closed on this side.
#[derive(Debug)]
pub(in crate::net) struct Connection<S> {
    socket: S,
    /// `ENDED` and `CLOSED`. A flag is set (release) before the shutdown that it announces, and read
    /// (acquire) in `has`, so an operation that a shutdown has woken finds the flag. An operation that reads
    /// the flag too early gets the system's result for a connection that was shut down.
    state: AtomicU8,
    /// The error that broke off receiving. The system reports such an error once and an end of stream from then
    /// on, so later reads return it again: otherwise they would take cut-off data for complete. In a box, since
    /// few connections have one.
    broken: OnceLock<Box<Broken>>,
}

impl<S: Socket> Connection<S> {
    /// Creates the shared state of a socket that is connected.
    pub(in crate::net) fn new(socket: S) -> Connection<S> {
        Connection {
            socket,
            state: AtomicU8::new(0),
            broken: OnceLock::new(),
        }
    }

    /// Returns the socket.
    pub(super) fn socket(&self) -> &S {
        &self.socket
    }

    /// Returns the socket, still connected.
    pub(super) fn into_socket(self) -> S {
        self.socket
    }

    /// Reads into a buffer. Reports *closed* if the connection was closed by this side, and returns the error
    /// that broke off receiving each time.
    #[inline]
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.socket.poll_receive(cx, buffer);
        // After the call: `close` sets the flag before its shutdown wakes the reader.
        if self.has(CLOSED) {
            return Poll::Ready(Err(ReceiveError::Closed.into()));
        }
        match &outcome {
            Poll::Ready(Ok(0)) => self.received_nothing(buffer),
            Poll::Ready(Err(error)) if breaks_off(error.kind()) => {
                // The first one is kept, if there are several.
                self.broken.get_or_init(|| Box::new(Broken::of(error)));
                outcome
            }
            _ => outcome,
        }
    }

    /// Returns the result of a read of 0 bytes: an earlier error again, or an end of stream.
    #[cold]
    fn received_nothing(&self, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.broken.get() {
            Some(broken) if !buffer.is_empty() => Err(broken.error()),
            _ => Ok(0),
        })
    }

    /// Writes bytes; an empty slice is not passed to the system.
    #[inline]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_sending()?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.still_sending(self.socket.poll_send(cx, bytes))
    }

    /// Writes the slices in one call; if all are empty, they are not passed to the system.
    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_sending()?;
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.still_sending(self.socket.poll_send_vectored(cx, slices))
    }

    /// Shuts down the sending side, once: the peer reads an end of stream. Later calls have no effect.
    pub(super) fn send_eof(&self) -> io::Result<()> {
        if self.state.fetch_or(ENDED, Ordering::AcqRel) & ENDED != 0 {
            return Ok(());
        }
        gone_is_fine(self.socket.shutdown(Shutdown::Write))
    }

    /// Shuts down both directions, once, which wakes the tasks that wait for the socket.
    pub(super) fn close(&self) {
        if self.state.fetch_or(ENDED | CLOSED, Ordering::AcqRel) & CLOSED == 0 {
            // The only possible error is that the peer has gone already.
            drop(self.socket.shutdown(Shutdown::Both));
        }
    }

    /// Checks that sending has not ended; returns *closed* otherwise.
    pub(super) fn check_sending(&self) -> io::Result<()> {
        if self.has(ENDED) {
            return Err(SendError::Closed(()).into());
        }
        Ok(())
    }

    /// Replaces the error of a write by *closed* if the other half has closed the connection meanwhile.
    fn still_sending(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Err(_)) if self.has(CLOSED) => {
                Poll::Ready(Err(SendError::Closed(()).into()))
            }
            outcome => outcome,
        }
    }

    /// Returns whether a flag is set. Pairs with the `fetch_or` in `send_eof` and `close`.
    fn has(&self, flag: u8) -> bool {
        self.state.load(Ordering::Acquire) & flag != 0
    }
}

/// An error that can be returned several times.
#[derive(Debug)]
enum Broken {
    /// An error of the operating system, by its number.
    Os(i32),
    /// Any other error: its kind, and its message if it has one besides.
    Other(io::ErrorKind, Option<String>),
}

impl Broken {
    fn of(error: &io::Error) -> Broken {
        match error.raw_os_error() {
            Some(number) => Broken::Os(number),
            None => Broken::Other(error.kind(), error.get_ref().map(ToString::to_string)),
        }
    }

    fn error(&self) -> io::Error {
        match self {
            Broken::Os(number) => io::Error::from_raw_os_error(*number),
            Broken::Other(kind, None) => io::Error::from(*kind),
            Broken::Other(kind, Some(message)) => io::Error::new(*kind, message.clone()),
        }
    }
}

/// Returns whether nothing more is received after an error of this kind.
fn breaks_off(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::TimedOut
    )
}

/// Ignores the error that the peer has gone: there is nothing left to shut down.
fn gone_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::Waker;

    use super::*;
    use crate::net::Address;
    use crate::runtime::SocketOption;
    use crate::stream::{Attributes, Request};

    /// A socket that fails once, and is at its end then.
    #[derive(Debug)]
    struct FailsOnce(Mutex<Option<io::Error>>);

    impl Attributes for FailsOnce {
        fn provide(&self, _demand: &mut Request<'_>) {}
    }

    impl Socket for FailsOnce {
        fn poll_receive(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(self.0.lock().unwrap().take().map_or(Ok(0), Err))
        }

        fn poll_connected(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            unimplemented!()
        }

        fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<(Self, Address)>> {
            unimplemented!()
        }

        fn poll_send(&self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            unimplemented!()
        }

        fn poll_send_vectored(
            &self,
            _: &mut Context<'_>,
            _: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            unimplemented!()
        }

        fn poll_receive_from(
            &self,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<(usize, Address)>> {
            unimplemented!()
        }

        fn poll_send_to(
            &self,
            _: &mut Context<'_>,
            _: &[u8],
            _: &Address,
        ) -> Poll<io::Result<usize>> {
            unimplemented!()
        }

        fn shutdown(&self, _: Shutdown) -> io::Result<()> {
            unimplemented!()
        }

        fn local_address(&self) -> io::Result<Address> {
            unimplemented!()
        }

        fn peer_address(&self) -> io::Result<Address> {
            unimplemented!()
        }

        fn set_option(&self, _: SocketOption) -> io::Result<()> {
            unimplemented!()
        }
    }

    /// Returns the kind and the message of each of three reads, after one that fails with `error`.
    fn reads_after(error: io::Error) -> Vec<Result<usize, (io::ErrorKind, String)>> {
        let connection = Connection::new(FailsOnce(Mutex::new(Some(error))));
        let mut cx = Context::from_waker(Waker::noop());
        let mut read = |_| match connection.poll_read(&mut cx, &mut [0; 4]) {
            Poll::Ready(read) => read.map_err(|error| (error.kind(), error.to_string())),
            Poll::Pending => panic!("the socket is never pending"),
        };
        (0..3).map(&mut read).collect()
    }

    #[test]
    fn an_error_that_breaks_off_receiving_is_repeated() {
        let errors = [
            || io::Error::from_raw_os_error(rustix::io::Errno::CONNRESET.raw_os_error()),
            || io::Error::from(io::ErrorKind::ConnectionReset),
            || io::Error::new(io::ErrorKind::ConnectionAborted, "the host has crashed"),
        ];
        for error in errors {
            let expected = (error().kind(), error().to_string());
            assert_eq!(reads_after(error()), vec![Err(expected); 3]);
        }
    }

    #[test]
    fn other_errors_are_not_repeated() {
        let reads = reads_after(io::ErrorKind::Interrupted.into());
        assert!(reads[0].is_err());
        assert_eq!(reads[1..], [Ok(0), Ok(0)]);
    }
}
