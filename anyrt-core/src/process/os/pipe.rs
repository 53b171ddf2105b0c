//! This process's end of a pipe: a descriptor that is registered with the reactor.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::buffer::spare_capacity;
use rustix::io::ioctl_fionbio;

use crate::runtime::{Attempt, Direction, Source};

/// A descriptor of a pipe, which is non-blocking.
pub(in crate::process) struct SystemEnd<S>(S);

impl<S: Source> SystemEnd<S> {
    pub(in crate::process) fn reader(pipe: OwnedFd) -> io::Result<SystemEnd<S>> {
        Ok(SystemEnd(S::register(pipe)?))
    }

    pub(in crate::process) fn writer(pipe: OwnedFd) -> io::Result<SystemEnd<S>> {
        SystemEnd::reader(pipe)
    }

    pub(in crate::process) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Input, |pipe| {
            // After a short read the end may come next.
            Ok(Attempt::new(rustix::io::read(pipe, &mut *buffer)?))
        })
    }

    pub(in crate::process) fn poll_read_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Input, |pipe| {
            let read = rustix::io::read(pipe, spare_capacity(bytes))?;
            Ok(Attempt::new(read))
        })
    }

    pub(in crate::process) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Direction::Output, |pipe| {
            let written = rustix::io::write(pipe, bytes)?;
            Ok(Attempt::new(written).drained(0 < written && written < bytes.len()))
        })
    }
}

/// Makes this process's end of a pipe non-blocking. The program's end is another open file, and blocks.
pub(in crate::process) fn our_end(pipe: OwnedFd) -> io::Result<OwnedFd> {
    ioctl_fionbio(&pipe, true)?;
    Ok(pipe)
}
