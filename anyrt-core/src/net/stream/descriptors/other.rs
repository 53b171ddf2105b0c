//! Flags of other Unix systems, which need a second step where Linux has a flag.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvFlags, SendFlags};

/// Empty: the Rust runtime ignores `SIGPIPE` from the start of each program.
pub(super) const SENDING: SendFlags = SendFlags::empty();

/// Empty: `keep` sets close-on-exec.
pub(super) const RECEIVING: RecvFlags = RecvFlags::empty();

/// Sets close-on-exec, so that programs that are started later do not inherit the descriptor.
pub(super) fn keep(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfd(descriptor.as_fd(), FdFlags::CLOEXEC)?;
    Ok(descriptor)
}
