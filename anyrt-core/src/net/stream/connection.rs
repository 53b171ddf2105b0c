//! A connected socket, shared by the two halves of a stream.
//!
//! [`SocketStream`](super::SocketStream) owns one; [`SendHalf`](super::SendHalf) and
//! [`ReceiveHalf`](super::ReceiveHalf) share one. One task at a time reads and one writes, as reading and
//! writing need `&mut` of a half. Either half may close the whole connection while the other half waits.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::task::{Context, Poll};

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
    /// The number of the error that broke off receiving; 0 if there was none, or it has no number. The system
    /// reports such an error once and an end of stream from then on, so later reads return it again: otherwise
    /// they would take cut-off data for complete. Relaxed suffices: only the reading task accesses it.
    broken: AtomicI32,
}

impl<S: Socket> Connection<S> {
    /// Creates the shared state of a socket that is connected.
    pub(in crate::net) fn new(socket: S) -> Connection<S> {
        Connection {
            socket,
            state: AtomicU8::new(0),
            broken: AtomicI32::new(0),
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
                let number = error.raw_os_error().unwrap_or(0);
                self.broken.store(number, Ordering::Relaxed);
                outcome
            }
            _ => outcome,
        }
    }

    /// Returns the result of a read of 0 bytes: an earlier error again, or an end of stream.
    #[cold]
    fn received_nothing(&self, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.broken.load(Ordering::Relaxed) {
            number if number != 0 && !buffer.is_empty() => {
                Err(io::Error::from_raw_os_error(number))
            }
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
