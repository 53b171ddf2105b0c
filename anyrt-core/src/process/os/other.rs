//! Systems on which a thread waits for the end of a process.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use crate::loom::{lock_static, process};

/// Returns an error: such a descriptor does not exist here.
pub(in crate::process) fn open_pidfd(_child: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Starts a program, one at a time: a pipe becomes close-on-exec in a second step, and a program that is
/// started before that would hold the pipe open.
pub(in crate::process) fn alone<T>(start: impl FnOnce() -> T) -> T {
    static ALONE: process::Mutex<()> = process::Mutex::new(());
    let _alone = lock_static(&ALONE);
    start()
}

/// Returns an error: such a descriptor does not exist here.
pub(in crate::process) fn signal_through(_: BorrowedFd<'_>, _: Signal) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}
