//! Emptying a pipe.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

/// Empties a non-blocking pipe. Returns whether there was something in it.
pub(super) fn drain(pipe: BorrowedFd<'_>) -> io::Result<bool> {
    let mut found = false;
    loop {
        let mut buffer = [0; 64];
        match rustix::io::read(pipe, &mut buffer) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(found),
            Ok(_) => found = true,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
