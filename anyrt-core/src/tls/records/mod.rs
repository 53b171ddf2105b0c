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

use std::io::{self, IoSlice};
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use self::position::Position;
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

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Records<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Phase::Handshake = this.phase {
            // The peer may need these bytes before it answers. If they cannot be written yet, reading
            // continues nevertheless: the peer may have to write before it reads.
            let _ = this.poll_push(cx)?;
        }
        // 1. Nothing is left over: read into the caller's buffer, or ahead if there seems to be much.
        if this.surplus.is_empty() {
            if !this.has_more {
                return this.poll_read_directly(cx, buffer);
            }
            // Large amounts: two records with one call, instead of a few kilobytes.
            if ready!(this.poll_read_ahead(cx))? == 0 {
                return Poll::Ready(this.end());
            }
        }
        // 2. Return left-over bytes, up to the end of the record.
        let rest = this.surplus.rest();
        let most = rest.len().min(buffer.len());
        let length = this.position.advance(&rest[..most]);
        buffer[..length].copy_from_slice(&rest[..length]);
        this.surplus.unread.start += length;
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Records<S> {
    /// Reads directly into the caller's buffer: the bytes may be a single message, which needs no memory
    /// here.
    fn poll_read_directly(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // Releases the memory of an earlier read ahead.
        self.surplus = Surplus::default();
        let read = ready!(Pin::new(&mut self.transport).poll_read(cx, buffer))?;
        if read == 0 {
            return Poll::Ready(self.end());
        }
        // A full buffer suggests that there is more.
        self.has_more = read == buffer.len();
        let read = buffer.get(..read).unwrap_or_default();
        // The bytes after the end of the record are kept for the next read.
        let (record, surplus) = read.split_at(self.position.advance(read));
        self.surplus = Surplus {
            unread: 0..surplus.len(),
            bytes: surplus.to_vec(),
        };
        Poll::Ready(Ok(record.len()))
    }

    /// Reads as many bytes as are available, up to `AHEAD`.
    fn poll_read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = mem::take(&mut self.surplus).bytes;
        bytes.resize(AHEAD, 0);
        // Cleared first: if the transport is pending, the buffer is released, and the next read is direct.
        self.has_more = false;
        let read = ready!(Pin::new(&mut self.transport).poll_read(cx, &mut bytes))?;
        self.has_more = read == AHEAD;
        self.surplus = Surplus {
            unread: 0..read.min(AHEAD),
            bytes,
        };
        Poll::Ready(Ok(read))
    }

    /// Returns the result of a read at the end of the transport: the error of `Broken` once, otherwise 0.
    fn end(&mut self) -> io::Result<usize> {
        match mem::replace(&mut self.phase, Phase::Established) {
            Phase::Broken(error) => Err(error),
            // Not broken: the phase stays as it was.
            phase => {
                self.phase = phase;
                Ok(0)
            }
        }
    }
}

/// The maximum that is read ahead: two records of the maximum size, or many small ones.
const AHEAD: usize = 32 * 1024;

/// The bytes that were read and not returned yet.
#[derive(Debug, Default)]
struct Surplus {
    bytes: Vec<u8>,
    unread: Range<usize>,
}

impl Surplus {
    fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.unread.clone()]
    }
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use futures_io::{AsyncRead, AsyncWrite};

    use super::Records;

    /// A transport with bytes to read, and whether it stays open behind them.
    #[derive(Debug, PartialEq)]
    struct Bytes(&'static [u8], bool);

    impl AsyncRead for Bytes {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            if self.0.is_empty() && self.1 {
                return Poll::Pending;
            }
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    impl AsyncWrite for Bytes {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// Reads with buffers of this size, until a read returns nothing.
    fn reads(records: &mut Records<Bytes>, size: usize) -> Vec<Vec<u8>> {
        let mut reads = Vec::new();
        loop {
            let mut buffer = vec![0; size];
            let mut cx = Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(length)) = Pin::new(&mut *records).poll_read(&mut cx, &mut buffer)
            else {
                panic!("slices are always ready");
            };
            if length == 0 {
                return reads;
            }
            buffer.truncate(length);
            reads.push(buffer);
        }
    }

    const THREE: &[u8] = b"\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x00\x15\x03\x03\x00\x01c\x17\x03";

    #[test]
    fn a_read_ends_where_a_record_does() {
        let mut records = Records::new(Bytes(THREE, false));
        let expected: [&[u8]; 4] = [&THREE[..7], &THREE[7..12], &THREE[12..18], &THREE[18..]];
        assert_eq!(reads(&mut records, 100), expected);
    }

    #[test]
    fn the_size_of_the_reads_makes_no_difference() {
        for size in 1..30 {
            let mut records = Records::new(Bytes(THREE, false));
            let mut end = 0;
            for read in reads(&mut records, size) {
                end += read.len();
                assert!(
                    ![7, 12, 18]
                        .iter()
                        .any(|border| end - read.len() < *border && *border < end)
                );
            }
            assert_eq!(end, THREE.len());
        }
    }

    #[test]
    fn what_was_read_past_a_record_is_kept() {
        let mut records = Records::new(Bytes(b"\x15\x03\x03\x00\x01cplain text", false));
        let mut buffer = [0; 12];
        let mut cx = Context::from_waker(Waker::noop());
        let read = Pin::new(&mut records).poll_read(&mut cx, &mut buffer);
        assert!(matches!(read, Poll::Ready(Ok(6))));
        assert_eq!(
            records.into_parts(),
            (Bytes(b"text", false), b"plain ".to_vec())
        );
    }

    #[test]
    fn much_is_read_with_few_calls() {
        let record = [&b"\x17\x03\x03\x40\x00"[..], &[7; 0x4000]].concat();
        let bytes: &'static [u8] = record.repeat(6).leak();
        let mut records = Records::new(Bytes(bytes, false));
        // The session reads in this way. The transport always fills the buffer.
        let given = reads(&mut records, 4096).concat();
        assert!(given == bytes);
        // It is unknown when more bytes will come, so no memory is kept for them.
        assert_eq!(records.surplus.bytes.capacity(), 0);
    }

    #[test]
    fn waiting_for_more_takes_no_memory() {
        let record = [&b"\x17\x03\x03\x0f\xfb"[..], &[7; 4091]].concat();
        let mut records = Records::new(Bytes(record.leak(), true));
        let mut cx = Context::from_waker(Waker::noop());
        for expected in [Poll::Ready(4096), Poll::Pending] {
            let read = Pin::new(&mut records).poll_read(&mut cx, &mut [0; 4096]);
            assert_eq!(read.map(Result::unwrap), expected);
        }
        assert_eq!(records.surplus.bytes.capacity(), 0);
    }
}
