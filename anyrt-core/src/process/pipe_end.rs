//! This process's end of a pipe: a descriptor, or one end of a stream in memory, which leads to a program of the
//! runtime.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;

use crate::runtime::{Attempt, Direction, Source};
use crate::stream::{MemoryByteReceiveStream, MemoryByteSendStream};

/// The number of bytes that a read from memory moves at once.
const CHUNK: usize = 4096;

/// This process's end of a pipe. Dropping it closes the pipe.
pub(super) enum PipeEnd<S> {
    System(S),
    Reader(MemoryByteReceiveStream),
    Writer(MemoryByteSendStream),
}

impl<S: Source> PipeEnd<S> {
    pub(super) fn register(descriptor: OwnedFd) -> io::Result<PipeEnd<S>> {
        Ok(PipeEnd::System(S::register(descriptor)?))
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(source) => source.poll_io(cx, Direction::Input, |pipe| {
                // After a short read the end may come next.
                Ok(Attempt::new(rustix::io::read(pipe, &mut *buffer)?))
            }),
            PipeEnd::Reader(stream) => stream.poll_receive(cx, &mut [IoSliceMut::new(buffer)]),
            PipeEnd::Writer(_) => Poll::Ready(Err(wrong_end())),
        }
    }

    /// Reads into the unused capacity of a `Vec`.
    pub(super) fn poll_read_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(source) => source.poll_io(cx, Direction::Input, |pipe| {
                let read = rustix::io::read(pipe, spare_capacity(bytes))?;
                Ok(Attempt::new(read))
            }),
            PipeEnd::Reader(_) | PipeEnd::Writer(_) => {
                let mut chunk = [0; CHUNK];
                let read = ready!(self.poll_read(cx, &mut chunk))?;
                bytes.extend_from_slice(&chunk[..read]);
                Poll::Ready(Ok(read))
            }
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(source) => source.poll_io(cx, Direction::Output, |pipe| {
                let written = rustix::io::write(pipe, bytes)?;
                Ok(Attempt::new(written).drained(0 < written && written < bytes.len()))
            }),
            PipeEnd::Writer(stream) => stream.poll_send(cx, &[IoSlice::new(bytes)]),
            PipeEnd::Reader(_) => Poll::Ready(Err(wrong_end())),
        }
    }
}

/// The error of reading the end that writes, or of writing the end that reads. Not reachable: a pipe of the
/// standard input is only written, and the others are only read.
fn wrong_end() -> io::Error {
    io::ErrorKind::Unsupported.into()
}
