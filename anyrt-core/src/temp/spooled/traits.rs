//! The traits of `futures::io`.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::place::Place;
use super::{SpoolState, SpooledTempFile};
use crate::runtime::Runtime;

impl<R: Runtime> AsyncRead for SpooledTempFile<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(Ok(memory.read(buffer))),
            Place::File(file) => file.poll_read(cx, buffer),
        }
    }
}

impl<R: Runtime> AsyncBufRead for SpooledTempFile<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(Ok(memory.rest())),
            Place::File(file) => file.get_mut().poll_fill_some(cx, 0),
        }
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        match &mut self.get_mut().state {
            SpoolState::Memory(memory) => memory.position += count.min(memory.rest().len()) as u64,
            SpoolState::File(file) => Pin::new(&mut **file).consume(count),
            SpoolState::Moving(_) => {}
        }
    }
}

impl<R: Runtime> AsyncWrite for SpooledTempFile<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let max = this.max as u64;
        if let Place::Memory(memory) = ready!(this.poll_place(cx))? {
            let end = memory.position.saturating_add(bytes.len() as u64);
            match usize::try_from(end) {
                _ if bytes.is_empty() => return Poll::Ready(Ok(0)),
                Ok(end) if end as u64 <= max => {
                    return Poll::Ready(memory.write(bytes, end).map(|()| bytes.len()));
                }
                _ => ready!(this.poll_roll(cx))?,
            }
        }
        match ready!(this.poll_place(cx))? {
            Place::Memory(_) => unreachable!("everything was moved"),
            Place::File(file) => file.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(_) => Poll::Ready(Ok(())),
            Place::File(file) => file.poll_flush(cx),
        }
    }

    /// Closes the file; bytes in memory stay there.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(_) => Poll::Ready(Ok(())),
            Place::File(file) => file.poll_close(cx),
        }
    }
}

impl<R: Runtime> AsyncSeek for SpooledTempFile<R> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        match ready!(self.get_mut().poll_place(cx))? {
            Place::Memory(memory) => Poll::Ready(memory.seek(to)),
            Place::File(file) => file.poll_seek(cx, to),
        }
    }
}
