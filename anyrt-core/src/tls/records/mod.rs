//! [`Records`]: the layer between a TLS session and its transport.
//!
//! ```text
//!   Handshake ──poll_establish──▶ Established
//!       │  writes are kept           ▲  writes go to the transport, behind kept ones
//!       │                            │
//!       └─ the peer is gone ──▶ Broken
//!                                writes are dropped; the error is returned by
//!                                a read at the end, or by poll_establish
//! ```

mod position;
mod read;
mod surplus;
#[cfg(all(test, not(loom)))]
mod tests;

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use self::position::Position;
use self::surplus::Surplus;
use crate::stream::is_broken;

/// The layer between a session and its transport.
///
/// *A read returns at most one record.* The session reads as many bytes as there are, and would keep
/// plain-text bytes that the peer sent after its last record. So a read ends where a record ends; the rest
/// stays here, for the next read or for [`into_parts`](Records::into_parts). After the last record the
/// session does not read again. Large amounts are read with few calls; the memory for that is released when
/// no more bytes are available.
///
/// *During the handshake all writes are accepted.* A session with bytes to write does not read. The same
/// holds for its peer, so over a transport with a small buffer both could wait forever. Reading pushes the
/// written bytes on. If the peer no longer receives, the session gets the error only after it has read to the
/// end, because a peer that has refused the handshake sends the reason.
///
/// *Bytes that the peer does not wait for stay here until something else is written.* These are the session
/// tickets of a server. A client that sends something and leaves would not read them, and TCP reacts to
/// unread bytes with a reset, which also discards bytes that the client has sent.
#[derive(Debug)]
pub(super) struct Records<S> {
    transport: S,
    /// The bytes that were read and not returned yet.
    surplus: Surplus,
    /// Whether the last read filled the whole buffer. Then there may be more, and the session would read only
    /// a few kilobytes at a time.
    has_more: bool,
    /// The place of the next byte to return in its record.
    position: Position,
    /// The bytes that were accepted during the handshake and are not written yet.
    outgoing: Vec<u8>,
    /// Whether all accepted bytes are written and flushed.
    flushed: bool,
    phase: Phase,
}

/// The states of the diagram above.
#[derive(Debug)]
enum Phase {
    Handshake,
    /// The handshake continues, but the peer no longer receives.
    Broken(io::Error),
    Established,
}

impl<S> Records<S> {
    pub(super) fn new(transport: S) -> Records<S> {
        Records {
            transport,
            surplus: Surplus::default(),
            has_more: false,
            position: Position::default(),
            outgoing: Vec::new(),
            flushed: true,
            phase: Phase::Handshake,
        }
    }

    pub(super) fn transport(&self) -> &S {
        &self.transport
    }

    /// Splits into the transport and the bytes that were read after the last record.
    pub(super) fn into_parts(self) -> (S, Vec<u8>) {
        // No record begins after the last one, so these bytes are not part of TLS.
        let surplus = self.surplus.rest().to_vec();
        (self.transport, surplus)
    }

    /// Accepts bytes to be written, or drops them if the peer no longer receives.
    fn take(&mut self, bytes: &[u8]) -> usize {
        // In `Broken` the bytes count as written, so that the session goes on to read the reason.
        if let Phase::Handshake = self.phase {
            self.outgoing.extend_from_slice(bytes);
            self.flushed = false;
        }
        bytes.len()
    }
}

impl<S: AsyncWrite + Unpin> Records<S> {
    /// Ends the handshake. If the peer waits for the last part of it, first waits until that is written;
    /// otherwise it is written together with the next bytes.
    pub(super) fn poll_establish(
        &mut self,
        cx: &mut Context<'_>,
        peer_waits: bool,
    ) -> Poll<io::Result<()>> {
        if peer_waits {
            // Only a client, or a server of TLS 1.2, waits here: its peer needs these bytes.
            ready!(self.poll_push(cx))?;
        }
        Poll::Ready(match mem::replace(&mut self.phase, Phase::Established) {
            Phase::Broken(error) if peer_waits => Err(error),
            // A peer that does not wait may have sent everything it had to send, and left.
            _ => Ok(()),
        })
    }

    /// Writes and flushes the bytes accepted during the handshake, as long as there is a peer.
    pub(super) fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flushed {
            return Poll::Ready(Ok(()));
        }
        if let Err(error) = ready!(self.poll_write_outgoing(cx)) {
            match self.phase {
                // Kept until the session has read to the end, since the peer may have sent the reason.
                Phase::Handshake if is_broken(&error) => self.phase = Phase::Broken(error),
                // Only tickets are lost, and they are not needed. The transport reports the error to the next
                // write.
                Phase::Established if is_broken(&error) => {}
                _ => return Poll::Ready(Err(error)),
            }
        }
        // All written, or useless. The memory of the handshake is released.
        self.outgoing = Vec::new();
        self.flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_write_outgoing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Ends: each round writes at least one byte, or returns.
        while !self.outgoing.is_empty() {
            let transport = Pin::new(&mut self.transport);
            let written = ready!(transport.poll_write(cx, &self.outgoing))?;
            refuse_zero(written, false)?;
            self.outgoing.drain(..written);
        }
        Pin::new(&mut self.transport).poll_flush(cx)
    }
}

/// Turns a write of nothing into an error, because the session would repeat it forever.
fn refuse_zero(written: usize, nothing_to_write: bool) -> io::Result<usize> {
    if written == 0 && !nothing_to_write {
        return Err(io::ErrorKind::WriteZero.into());
    }
    Ok(written)
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Records<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Phase::Established = self.phase else {
            return Poll::Ready(Ok(self.take(bytes)));
        };
        // Bytes that were kept go first: the tickets of a server.
        ready!(self.poll_push(cx))?;
        let written = ready!(Pin::new(&mut self.transport).poll_write(cx, bytes))?;
        Poll::Ready(refuse_zero(written, bytes.is_empty()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Phase::Established = self.phase else {
            return Poll::Ready(Ok(slices.iter().map(|slice| self.take(slice)).sum()));
        };
        ready!(self.poll_push(cx))?;
        let written = ready!(Pin::new(&mut self.transport).poll_write_vectored(cx, slices))?;
        let nothing = slices.iter().all(|slice| slice.is_empty());
        Poll::Ready(refuse_zero(written, nothing))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Phase::Established = self.phase else {
            // Reads write the accepted bytes, and so does the end of the handshake.
            return Poll::Ready(Ok(()));
        };
        ready!(self.poll_push(cx))?;
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_push(cx))?;
        Pin::new(&mut self.transport).poll_close(cx)
    }
}
