//! This process's end of a pipe in memory.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll, ready};

use crate::stream::{MemoryByteReceiveStream, MemoryByteSendStream};

/// The number of bytes that a read from memory moves at once.
const CHUNK: usize = 4096;

/// One end of a pipe in memory. Dropping it closes the pipe.
pub(super) enum MemoryEnd {
    Reader(MemoryByteReceiveStream),
    Writer(MemoryByteSendStream),
}

impl MemoryEnd {
    pub(super) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            MemoryEnd::Reader(stream) => stream.poll_receive(cx, &mut [IoSliceMut::new(buffer)]),
            MemoryEnd::Writer(_) => Poll::Ready(Err(wrong_end())),
        }
    }

    /// Reads into a `Vec`.
    pub(super) fn poll_read_to(
        &self,
        cx: &Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let mut chunk = [0; CHUNK];
        let read = ready!(self.poll_read(cx, &mut chunk))?;
        bytes.extend_from_slice(&chunk[..read]);
        Poll::Ready(Ok(read))
    }

    pub(super) fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            MemoryEnd::Writer(stream) => stream.poll_send(cx, &[IoSlice::new(bytes)]),
            MemoryEnd::Reader(_) => Poll::Ready(Err(wrong_end())),
        }
    }
}

/// The error of reading the end that writes, or of writing the end that reads. Not reachable: a pipe of the
/// standard input is only written, and the others are only read.
fn wrong_end() -> io::Error {
    io::ErrorKind::Unsupported.into()
}
