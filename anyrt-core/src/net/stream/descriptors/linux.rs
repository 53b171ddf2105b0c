//! What Linux can do in one step.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags};

pub(super) const SENDING: SendFlags = SendFlags::NOSIGNAL;

pub(super) const RECEIVING: RecvFlags = RecvFlags::CMSG_CLOEXEC;

/// Keeps a descriptor from programs that are started later.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(super) fn keep(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    Ok(descriptor)
}
