//! Linux, which reports the end of a process through a descriptor.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Opens the descriptor of a child, which becomes readable when the child has ended.
pub(in crate::process) fn open_pidfd(child: Pid) -> io::Result<OwnedFd> {
    Ok(pidfd_open(child, PidfdFlags::empty())?)
}

/// Starts a program. Several may be started at the same time, since descriptors are created close-on-exec.
pub(in crate::process) fn alone<T>(start: impl FnOnce() -> T) -> T {
    start()
}

/// Sends a signal to the process of a descriptor, even if its number has been reused.
pub(in crate::process) fn signal_through(
    pidfd: BorrowedFd<'_>,
    signal: Signal,
) -> rustix::io::Result<()> {
    pidfd_send_signal(pidfd, signal)
}
