//! Reading one record at a time, and reading ahead.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::surplus::Surplus;
use super::{Phase, Records};

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
