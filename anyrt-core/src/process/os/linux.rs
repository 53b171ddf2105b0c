//! Linux reports the end of a process through a descriptor.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Opens the descriptor of a child, which can be read when the child has ended.
pub(in crate::process) fn open_pidfd(child: Pid) -> io::Result<OwnedFd> {
    Ok(pidfd_open(child, PidfdFlags::empty())?)
}

/// Starts a program. Others may be started at the same time, since descriptors are made close-on-exec in
/// one step.
pub(super) fn alone<T>(start: impl FnOnce() -> T) -> T {
    start()
}

/// Sends a signal to the process of a descriptor, whatever has become of its number.
pub(in crate::process) fn signal_through(
    pidfd: BorrowedFd<'_>,
    signal: Signal,
) -> rustix::io::Result<()> {
    pidfd_send_signal(pidfd, signal)
}
