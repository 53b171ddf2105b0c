//! Reading from the session.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;
use futures_rustls::rustls;

use super::TlsStream;
use super::receive_state::Received;
use crate::stream::ByteStream;
use crate::tls::TlsError;

/// The maximum of data that closing reads in advance, to find out whether a peer that is gone has ended TLS.
const MAX_READ_AHEAD: usize = 1 << 20;

impl<S: ByteStream> TlsStream<S> {
    /// Reads from the session, and records how receiving has ended.
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.received {
            // The session would treat its own result for an empty buffer as the end.
            Received::Open if buffer.is_empty() => return Poll::Ready(Ok(0)),
            Received::Open => {}
            Received::Ended => return Poll::Ready(Ok(0)),
            Received::CutOff => return Poll::Ready(self.cut_off()),
            Received::Failed(error) => return Poll::Ready(Err(repeat(error))),
        }
        match ready!(Pin::new(&mut *self.session).poll_read(cx, buffer)) {
            // The session returns 0 only for `close_notify`.
            Ok(0) => {
                self.received = Received::Ended;
                Poll::Ready(Ok(0))
            }
            // The session's error for a transport that ends without `close_notify`.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.received = Received::CutOff;
                Poll::Ready(self.cut_off())
            }
            Err(error) => {
                self.received = Received::Failed(repeat(&error));
                Poll::Ready(Err(error))
            }
            Ok(count) => Poll::Ready(Ok(count)),
        }
    }

    /// Returns whether a peer that no longer receives has ended its direction.
    ///
    /// It may have done so just before it left. Then the end of TLS is among the bytes that are not received
    /// yet; data before it is kept for later reads. This does not wait: everything that a peer has sent
    /// before it left can be read by now.
    ///
    /// The loop ends: each round reads data, which is limited, or settles `received`, or breaks.
    pub(super) fn peer_has_ended(&mut self, cx: &mut Context<'_>) -> bool {
        let mut chunk = [0; 4096];
        while matches!(self.received, Received::Open) && self.read_ahead.len() < MAX_READ_AHEAD {
            match self.poll_receive(cx, &mut chunk) {
                Poll::Ready(Ok(count)) => self.read_ahead.extend(&chunk[..count]),
                Poll::Ready(Err(_)) | Poll::Pending => break,
            }
        }
        match self.received {
            Received::Ended => true,
            Received::CutOff => self.relaxed,
            Received::Open | Received::Failed(_) => false,
        }
    }
}

impl<S: ByteStream> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Data that closing has read comes first.
        if !this.read_ahead.is_empty() {
            return Poll::Ready(this.read_ahead.read(buffer));
        }
        this.poll_receive(cx, buffer)
    }
}

impl<S> TlsStream<S> {
    /// Returns the result of a read after the transport has ended too early.
    fn cut_off(&self) -> io::Result<usize> {
        if self.relaxed {
            return Ok(0);
        }
        Err(TlsError::CutOff.into())
    }
}

/// Returns a copy of an error, as far as it can be cloned; otherwise one with the same kind and text.
fn repeat(error: &io::Error) -> io::Error {
    if let Some(code) = error.raw_os_error() {
        return io::Error::from_raw_os_error(code);
    }
    let kind = error.kind();
    let Some(inner) = error.get_ref() else {
        return kind.into();
    };
    if let Some(inner) = inner.downcast_ref::<rustls::Error>() {
        return io::Error::new(kind, inner.clone());
    }
    match inner.downcast_ref::<TlsError>() {
        Some(inner) => io::Error::new(kind, inner.clone()),
        None => io::Error::new(kind, inner.to_string()),
    }
}
