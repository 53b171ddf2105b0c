//! Sending, and the end of that direction.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use super::TlsStream;
use crate::stream::{ByteStream, SendError, is_broken};

impl<S> TlsStream<S> {
    fn refuse_if_ended(&self) -> io::Result<()> {
        if self.end_sent {
            return Err(SendError::Closed(()).into());
        }
        Ok(())
    }
}

impl<S: ByteStream> AsyncWrite for TlsStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Rule 3 of the contract of byte streams: writing after the end fails as closed.
        this.refuse_if_ended()?;
        Pin::new(&mut *this.session).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.refuse_if_ended()?;
        Pin::new(&mut *this.session).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.get_mut().session).poll_flush(cx)
    }

    /// Ends the sending direction, and leaves the transport open. The session's own method would close it, so
    /// it could not be returned by `unwrap`.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let session = &mut *this.session;
        // 1. Once: flush the data, then pass the end to the session.
        if !this.end_sent {
            ready!(Pin::new(&mut *session).poll_flush(cx))?;
            session.get_mut().1.send_close_notify();
            this.end_sent = true;
        }
        // 2. Flush the end.
        match ready!(Pin::new(session).poll_flush(cx)) {
            // Both sides may end at once. A peer that has ended its side does not need this end.
            Err(error) if is_broken(&error) && this.peer_has_ended(cx) => Poll::Ready(Ok(())),
            outcome => Poll::Ready(outcome),
        }
    }
}
