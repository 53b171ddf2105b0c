//! This process's end of a pipe: one of the operating system, or one end of a stream in memory, which leads to a
//! program of the runtime.

use std::io;
use std::task::{Context, Poll};

use super::memory_end::MemoryEnd;
use super::os::{OwnedFd, SystemEnd};
use crate::runtime::Source;

/// This process's end of a pipe. Dropping it closes the pipe.
pub(super) enum PipeEnd<S> {
    System(SystemEnd<S>),
    Memory(MemoryEnd),
}

impl<S: Source> PipeEnd<S> {
    /// Returns the end that reads a pipe of the operating system.
    pub(super) fn reader(pipe: OwnedFd) -> io::Result<PipeEnd<S>> {
        Ok(PipeEnd::System(SystemEnd::reader(pipe)?))
    }

    /// Returns the end that writes to a pipe of the operating system.
    pub(super) fn writer(pipe: OwnedFd) -> io::Result<PipeEnd<S>> {
        Ok(PipeEnd::System(SystemEnd::writer(pipe)?))
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(pipe) => pipe.poll_read(cx, buffer),
            PipeEnd::Memory(pipe) => pipe.poll_read(cx, buffer),
        }
    }

    /// Reads into the unused capacity of a `Vec`.
    pub(super) fn poll_read_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(pipe) => pipe.poll_read_to(cx, bytes),
            PipeEnd::Memory(pipe) => pipe.poll_read_to(cx, bytes),
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            PipeEnd::System(pipe) => pipe.poll_write(cx, bytes),
            PipeEnd::Memory(pipe) => pipe.poll_write(cx, bytes),
        }
    }
}
