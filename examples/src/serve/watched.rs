//! A connection that tells how fast the client takes what is sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt::net::TcpStream;
use anyrt::stream::{Attributes, Demand};
use futures_io::{AsyncRead, AsyncWrite};

use crate::client::Client;

/// Below TLS, where each part that the system takes shows.
pub(crate) struct Watched {
    stream: TcpStream,
    client: Arc<Client>,
    /// The system had no room for all that was to be sent.
    is_full: bool,
}

impl Watched {
    pub(crate) fn new(stream: TcpStream, client: Arc<Client>) -> Watched {
        Watched {
            stream,
            client,
            is_full: false,
        }
    }

    /// Of so many bytes, these were written.
    fn written(
        &mut self,
        length: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        // Room where there was none: the client has taken something.
        if let Poll::Ready(Ok(bytes)) = written {
            self.client.was_sent(bytes, self.is_full);
        }
        self.is_full = !matches!(written, Poll::Ready(Ok(bytes)) if bytes == length);
        written
    }
}

impl Attributes for Watched {
    fn provide(&self, demand: &mut Demand<'_>) {
        self.stream.provide(demand);
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
