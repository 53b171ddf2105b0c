//! What other Unix systems do in two steps.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvFlags, SendFlags};

/// The standard library has the signal ignored at the start of each program.
pub(super) const SENDING: SendFlags = SendFlags::empty();

pub(super) const RECEIVING: RecvFlags = RecvFlags::empty();

/// Keeps a descriptor from programs that are started later.
pub(super) fn keep(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfd(descriptor.as_fd(), FdFlags::CLOEXEC)?;
    Ok(descriptor)
}
