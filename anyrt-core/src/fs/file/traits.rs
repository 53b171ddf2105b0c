//! Polls, and the traits of `futures::io` that consist of them.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::File;
use crate::runtime::Runtime;

impl<R: Runtime> File<R> {
    pub(crate) fn poll_fill_some(
        &mut self,
        cx: &mut Context<'_>,
        asked: usize,
    ) -> Poll<io::Result<&[u8]>> {
        if let Err(error) = ready!(self.engine.poll_fill(cx, asked)) {
            return Poll::Ready(Err(self.wrap("read", error)));
        }
        Poll::Ready(Ok(self.engine.unread()))
    }

    pub(super) fn poll_read_some(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(self.engine.poll_read(cx, buffer));
        Poll::Ready(outcome.map_err(|error| self.wrap("read", error)))
    }

    pub(super) fn poll_write_some(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(self.engine.poll_accept(cx, bytes));
        Poll::Ready(outcome.map_err(|error| self.wrap("write", error)))
    }

    pub(super) fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(self.engine.poll_flush(cx));
        Poll::Ready(outcome.map_err(|error| self.wrap("write", error)))
    }

    pub(in crate::fs) fn consume_some(&mut self, count: usize) {
        self.engine.consume(count);
    }
}

impl<R: Runtime> AsyncRead for File<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_read_some(cx, buffer)
    }
}

impl<R: Runtime> AsyncBufRead for File<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_fill_some(cx, 0)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().consume_some(count);
    }
}

impl<R: Runtime> AsyncWrite for File<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_some(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flush_all(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = ready!(this.engine.poll_close(cx));
        Poll::Ready(outcome.map_err(|error| this.wrap("write", error)))
    }
}

impl<R: Runtime> AsyncSeek for File<R> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        let outcome = ready!(this.engine.poll_seek(cx, to, &mut this.seeking));
        Poll::Ready(outcome.map_err(|error| this.wrap("seek in", error)))
    }
}
