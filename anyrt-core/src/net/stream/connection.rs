//! A connected socket, as both directions and both halves see it.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::task::{Context, Poll};

use crate::runtime::Socket;
use crate::stream::{ReceiveError, SendError};

/// No more will be sent.
const ENDED: u8 = 1;
/// Nothing will be received either: somebody who has one half closed the whole.
const CLOSED: u8 = 2;

#[derive(Debug)]
pub(in crate::net) struct Connection<S> {
    socket: S,
    /// Flags that are only ever set. The system orders what matters; a late look finds what the
    /// system says of a connection that was shut down.
    state: AtomicU8,
    /// The number of the error with which receiving broke off; 0 if it has not. The system reports it
    /// once, and an end of stream from then on: whoever was not told would take what was cut off for
    /// complete.
    broken: AtomicI32,
}

impl<S: Socket> Connection<S> {
    pub(in crate::net) fn new(socket: S) -> Connection<S> {
        Connection {
            socket,
            state: AtomicU8::new(0),
            broken: AtomicI32::new(0),
        }
    }

    pub(super) fn socket(&self) -> &S {
        &self.socket
    }

    pub(super) fn into_socket(self) -> S {
        self.socket
    }

    #[inline]
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.socket.poll_receive(cx, buffer);
        // Whoever closes the whole sets the flag before the system wakes the reader.
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

    /// What a read comes to that brought nothing.
    #[cold]
    fn received_nothing(&self, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.broken.load(Ordering::Relaxed) {
            number if number != 0 && !buffer.is_empty() => {
                Err(io::Error::from_raw_os_error(number))
            }
            _ => Ok(0),
        })
    }

    #[inline]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_sending()?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.still_sending(self.socket.poll_send(cx, bytes))
    }

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

    /// Says that no more will come.
    pub(super) fn send_eof(&self) -> io::Result<()> {
        if self.state.fetch_or(ENDED, Ordering::AcqRel) & ENDED != 0 {
            return Ok(());
        }
        gone_is_fine(self.socket.shutdown(Shutdown::Write))
    }

    /// Ends both directions, and wakes who waits.
    pub(super) fn close(&self) {
        if self.state.fetch_or(ENDED | CLOSED, Ordering::AcqRel) & CLOSED == 0 {
            // That the peer has gone already is all that can be wrong.
            drop(self.socket.shutdown(Shutdown::Both));
        }
    }

    pub(super) fn check_sending(&self) -> io::Result<()> {
        if self.has(ENDED) {
            return Err(SendError::Closed(()).into());
        }
        Ok(())
    }

    /// What a write came to, if the other half has not closed the whole meanwhile.
    fn still_sending(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Err(_)) if self.has(CLOSED) => {
                Poll::Ready(Err(SendError::Closed(()).into()))
            }
            outcome => outcome,
        }
    }

    fn has(&self, flag: u8) -> bool {
        self.state.load(Ordering::Acquire) & flag != 0
    }
}

/// Whether nothing more is received after an error of this kind.
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

/// A peer that has gone needs not be told.
fn gone_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        outcome => outcome,
    }
}
