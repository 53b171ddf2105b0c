//! Flags of Linux, which do in one step what other systems do in two.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags};

/// Prevents `SIGPIPE`.
pub(super) const SENDING: SendFlags = SendFlags::NOSIGNAL;

/// Sets close-on-exec on received descriptors.
pub(super) const RECEIVING: RecvFlags = RecvFlags::CMSG_CLOEXEC;

/// Returns a descriptor that later programs do not inherit: `RECEIVING` has set that already.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(super) fn keep(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    Ok(descriptor)
}
