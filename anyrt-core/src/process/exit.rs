//! The exit of a child.

use std::io;
use std::process::ExitStatus;

/// The exit of a child, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChildExit {
    Status(ExitStatus),
    /// Other code has reaped it.
    Stolen,
}

impl ChildExit {
    pub(super) fn status(self) -> io::Result<ExitStatus> {
        match self {
            ChildExit::Status(status) => Ok(status),
            ChildExit::Stolen => Err(io::Error::other(
                "the status of the process is unknown, since something else in this program has waited for \
                 it: leave children alone that you have not started, and do not ignore SIGCHLD",
            )),
        }
    }
}
