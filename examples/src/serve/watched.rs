//! A connection that notices how fast the client receives.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt::net::TcpStream;
use anyrt::stream::{Attributes, Request};
use futures_io::{AsyncRead, AsyncWrite};

use crate::client::Client;

/// A TCP stream below TLS, where each write that the system accepts is visible.
pub(crate) struct Watched {
    stream: TcpStream,
    client: Arc<Client>,
    /// The system had no space for all bytes of the last write.
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

    /// Handles the result of writing `length` bytes.
    fn written(
        &mut self,
        length: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        // There is space that was missing before: the client has received something.
        if let Poll::Ready(Ok(bytes)) = written {
            self.client.was_sent(bytes, self.is_full);
        }
        self.is_full = !matches!(written, Poll::Ready(Ok(bytes)) if bytes == length);
        written
    }
}

impl Attributes for Watched {
    fn provide(&self, demand: &mut Request<'_>) {
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
